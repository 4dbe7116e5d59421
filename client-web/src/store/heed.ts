import { computed } from 'vue'
import type { Choices, RoomRow, TodoRow } from '@/wire/types'
import type { Key } from '@/words'
import { rows, unread } from './live'
import { choices, standing } from './pocket'

// What of all that is unread needs me, and what is only talk.

export const lanes = ['notice', 'request', 'chat'] as const
export type Lane = (typeof lanes)[number]

// As they stand above a room.
export const laneBar: { key: Lane | ''; word: Key }[] = [
  { key: '', word: 'all' },
  { key: 'notice', word: 'notice' },
  { key: 'request', word: 'request' },
  { key: 'chat', word: 'chat' },
]

// Nothing of a room makes a sound, or all of it again.
export const withSilence = (c: Choices, room: string, on: boolean): Choices =>
  lanes.reduce((c, l) => withMuted(c, room, l, on), c)

export const mutes = (c: Choices, room: string, lane: string) => !!c.muted[room]?.includes(lane)
export const muted = (room: string) => lanes.filter((l) => mutes(choices.value, room, l))

// A room with one lane more, or one less, that makes no sound.
export const withMuted = (c: Choices, room: string, lane: Lane, on: boolean): Choices => {
  const list = lanes.filter((l) => (l === lane ? on : mutes(c, room, l)))
  const all = { ...c.muted, [room]: [...list] }
  if (!list.length) delete all[room]
  return { ...c, muted: all }
}

// A room needs me when somebody calls me there, a notice is unread, or something new waits for me that nobody can mute. Talk of a muted
// lane does not.
export const needs = (row: RoomRow, c: Choices, waiting: TodoRow[] = []) =>
  !!row.called ||
  (!mutes(c, row.id, 'notice') && unread(row, 'notice') > 0) ||
  waiting.some((x) => x.room === row.id && x.seq > row.read.seq && ['notice', 'emergency'].includes(x.item.kind))

// What is unread and makes a sound: a muted lane is never in a number that stands anywhere but at its room.
export const heeded = (row: RoomRow, c: Choices) =>
  lanes.reduce((n, l) => n + (mutes(c, row.id, l) ? 0 : unread(row, l)), 0)

// Marked to come back to, and nothing else of it is unread.
export const marked = (row: RoomRow) => !!standing.get(row.id)?.unread && unread(row) === 0

export const talk = computed(() =>
  [...rows.values()].reduce((n, r) => n + (r.member ? heeded(r, choices.value) || (marked(r) ? 1 : 0) : 0), 0),
)
