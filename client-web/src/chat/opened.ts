import { watch } from 'vue'
import { now } from '@/store/live'
import { setStanding, standing } from '@/store/pocket'

// A room that is opened is not marked unread any more; a mark that is made elsewhere while it is open stays.
export const useOpened = (room: string) => {
  const opened = now()
  watch(
    () => standing.get(room)?.unread,
    (at) => at && at < opened && void setStanding(room, { unread: false }).catch(() => {}),
    { immediate: true },
  )
}
