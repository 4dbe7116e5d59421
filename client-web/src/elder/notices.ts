import { computed, ref } from 'vue'
import { allConfirmed } from '@/kinds/homes'
import { unlock } from '@/media/aloud'
import { one, timeline } from '@/store/live'
import { get } from '@/wire/http'
import type { Delivery, Item } from '@/wire/types'

const most = 10 // are read in one go

const inForce = (i: Item | undefined): i is Item =>
  !!i && i.kind === 'notice' && !i.state?.withdrawn && !i.state?.expired && !i.state?.retracted

// The notices in force of a room, newest first; those that ask for a confirmation are never left out.
export const useNotices = (room: string) => {
  const line = timeline(room)
  const paged = ref<number[]>([])
  const state = ref<'loading' | 'loaded' | 'failed'>('loading')
  const why = ref<unknown>()
  const asks = (i: Item) => !!i.state?.confirm && !allConfirmed(room, line.mine.get(i.seq)?.own)
  const list = computed(() => {
    const talk = line.items.value.filter((i) => i.kind === 'notice').map((i) => i.seq)
    const all = [...new Set([...paged.value, ...line.pins.value, ...talk])]
      .sort((a, b) => b - a)
      .map((s) => line.get(s))
    return all.filter(inForce).filter((i, n) => n < most || asks(i))
  })
  const load = async () => {
    state.value = 'loading'
    try {
      const page = await get<Delivery>(`/rooms/${room}/items?lane=notice&limit=20`)
      line.hold(page)
      paged.value = (page.new ?? []).map((i) => i.seq)
      for (const seq of line.pins.value.slice(0, 5)) await one(line, seq)
      state.value = 'loaded'
    } catch (e) {
      why.value = e
      state.value = 'failed'
    }
  }
  return { list, asks, load, state, why }
}

// 听通知 is the tap that the reading begins with; the page behind it does the reading, once.
let asked = false
export const askToRead = () => {
  unlock()
  asked = true
}
export const wasAsked = () => {
  const was = asked
  asked = false
  return was
}
