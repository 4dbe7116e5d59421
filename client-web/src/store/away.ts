import { ref } from 'vue'
import { db } from './db'
import { news, now, online, rows, unread } from './live'

// Whether somebody comes back after a while, and is to be offered what they missed in short.

const day = 24 * 3600_000
const many = 100 // unread

export const comeback = ref<{ away: number; unread: number }>() // away: ms, 0 for not long

// The rule alone: a day away with something unread, or very much unread; not again within a day.
export const comesBack = (away: number, unread: number, offered: number) =>
  unread > 0 && (away > day || unread > many) && offered > day

const total = () => [...rows.values()].reduce((n, r) => n + (r.member ? unread(r) : 0), 0)
const visible = () => document.visibilityState === 'visible'

const look = async () => {
  if (!visible() || !online.value) return
  const here = (await db.get<number>('here')) ?? now()
  const offered = (await db.get<number>('offered')) ?? 0
  const away = now() - here
  void db.set('here', now())
  const n = total()
  if (comesBack(away, n, now() - offered)) comeback.value = { away: away > day ? away : 0, unread: n }
}

// It was looked at, or is not wanted: not again for a day.
export const cameBack = () => {
  comeback.value = undefined
  void db.set('offered', now())
}

news.addEventListener('hello', () => void look())
news.addEventListener('out', () => {
  comeback.value = undefined
})
document.addEventListener('visibilitychange', () => void look())
setInterval(() => visible() && online.value && void db.set('here', now()), 60_000)
