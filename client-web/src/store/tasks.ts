import { computed, shallowRef } from 'vue'
import { get } from '@/wire/http'
import type { Delivery, Item, Name } from '@/wire/types'
import { timeline } from './live'
import { life, me, news } from './state'

// The requests of all my rooms: what may be taken on, what I am at, what I did. The server sorts them; here they go on living as the
// rooms' deliveries tell.

export interface Task {
  room: string
  roomName: string
  seq: number
  at: number
  name: string
  item: Item
  people: Name[]
}
interface Lists {
  open: Task[]
  mine: Task[]
  done: Task[]
}

export const tasks = shallowRef<Lists>()
export const openTasks = computed(() => tasks.value?.open.length ?? 0)
// How many others wait for somebody: the list hears a little later that one was taken.
export const openBut = (room: string, seq: number) =>
  tasks.value?.open.filter((x) => x.room !== room || x.seq !== seq).length ?? 0

let asking = false
let again = false
export const loadTasks = async () => {
  again = asking
  if (asking || !me.value) return
  asking = true
  const still = life()
  try {
    const lists = await get<Lists>('/me/tasks')
    if (!still()) return
    for (const x of [...lists.open, ...lists.mine, ...lists.done])
      timeline(x.room).hold({ room: x.room, seq: x.item.ch, new: [x.item], people: x.people })
    tasks.value = lists
  } finally {
    if (still()) asking = false
  }
  if (again) await loadTasks()
}

// A request that comes, or changes hands, is another list; many phones hear of it in the same moment.
let timer = 0
const soon = () => {
  timer ||= window.setTimeout(
    () => {
      timer = 0
      void loadTasks().catch(() => {})
    },
    300 + Math.random() * 1500,
  )
}
const listed = (room: string, seq: number) =>
  Object.values(tasks.value ?? {}).some((l) => (l as Task[]).some((x) => x.room === room && x.seq === seq))
news.addEventListener('delivery', (e) => {
  if (!tasks.value) return
  const d = (e as CustomEvent<Delivery>).detail
  if (d.new?.some((i) => i.kind === 'request') || d.set?.some((s) => s.state.template || listed(d.room, s.seq))) soon()
})
news.addEventListener('hello', () => tasks.value && soon())
news.addEventListener('out', () => {
  clearTimeout(timer)
  timer = 0
  asking = again = false
  tasks.value = undefined
})
