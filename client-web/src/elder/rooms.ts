import { computed, ref } from 'vue'
import { rows } from '@/store/live'
import type { RoomRow } from '@/wire/types'

// Which of the rooms the large look is about: the one chosen on this device, else the one that was last spoken in.
const key = 'linli.elderRoom'
const chosen = ref(localStorage.getItem(key) ?? '')

export const mine = computed<RoomRow[]>(() =>
  [...rows.values()].filter((r) => r.member).sort((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0)),
)
export const current = computed(() => mine.value.find((r) => r.id === chosen.value) ?? mine.value[0])

export const choose = (room: string) => {
  chosen.value = room
  localStorage.setItem(key, room)
}
