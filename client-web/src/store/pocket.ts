import { shallowReactive, shallowRef } from 'vue'
import { now } from '@/wire/clock'
import { get, offline, put, Refusal, remove } from '@/wire/http'
import type { Choices, Draft, PocketBody, PocketNews, Standing } from '@/wire/types'
import { begun, db } from './db'
import { life, me, online } from './state'

// What I keep for myself: how I want to be reached, what I began to write, what I want to find again. It is the same on all of my devices;
// here is what this one knows of it, with what it changed and has not told yet.

export const choices = shallowRef<Choices>({ muted: {}, quiet: { from: 22, to: 7 }, topics: {} })
export const topics = shallowRef<Record<string, boolean>>({}) // what may be chosen, and how it is for who does not
export const drafts = shallowReactive(new Map<string, Draft>()) // by room
export const stars = shallowReactive(new Set<string>()) // room/seq
export const standing = shallowReactive(new Map<string, Standing>()) // rooms on top of my list or marked unread

const pause = 1000 // ms without a key before a draft is told
const starOf = (room: string, seq: number) => `${room}/${seq}`

let loaded = false
const untold = new Map<string, number>() // rooms whose draft only this device knows, and the time of the one it was made of
const heard = new Map<string, Draft>() // what other devices wrote meanwhile
const timers = new Map<string, number>()
export const writers = new Map<string, () => boolean>() // rooms with a box on this page, and whether somebody writes in it now
const telling = new Set<string>()

const keep = () =>
  db.set('pocket', { choices: choices.value, topics: topics.value, stars: [...stars], rooms: [...standing.values()] })

export interface Begun {
  list: Draft[]
  untold: [string, number][]
}
// Under whose they are: a session that ends takes none of them along.
const mine = () => begun + (me.value?.person ?? '')
const keepDrafts = () => db.set(mine(), { list: [...drafts.values()], untold: [...untold] } satisfies Begun)

// What was kept on this device, before anybody answers.
export const recallPocket = async () => {
  const still = life()
  const kept = await db.get<{ choices: Choices; topics: Record<string, boolean>; stars: string[]; rooms?: Standing[] }>(
    'pocket',
  )
  const left = (await db.get<Begun>(mine())) ?? (await db.get<Begun>('drafts')) // where they lay before
  if (!still()) return
  if (kept && !loaded) {
    choices.value = kept.choices
    topics.value = kept.topics
    for (const s of kept.stars) stars.add(s)
    for (const s of kept.rooms ?? []) standing.set(s.room, s)
  }
  for (const d of left?.list ?? []) if (!drafts.has(d.room)) drafts.set(d.room, d)
  for (const [room, base] of left?.untold ?? []) if (!untold.has(room)) untold.set(room, base)
}

// Asks for all of it, and tells what this device wrote while it was away.
export const loadPocket = async () => {
  const still = life()
  const p = await get<PocketBody>('/me/pocket').catch(() => undefined)
  if (!p?.choices || !still()) return
  loaded = true
  topics.value = p.topics
  if (!choosing) choices.value = p.choices
  stars.clear()
  for (const s of p.stars) stars.add(starOf(s.room, s.seq))
  standing.clear()
  for (const s of p.rooms) stand(s)
  const there = new Map(p.drafts.map((d) => [d.room, d]))
  for (const room of [...drafts.keys()]) if (!there.has(room) && !untold.has(room)) drafts.delete(room)
  for (const d of there.values()) {
    // Written elsewhere since this device began, and later than what it has: that counts, but for who is writing here.
    const base = untold.get(d.room)
    if (base !== undefined && d.at > base && d.at > (drafts.get(d.room)?.at ?? 0) && !writers.get(d.room)?.())
      untold.delete(d.room)
    take(d)
  }
  for (const room of untold.keys()) void tell(room)
  void keepDrafts()
  void keep()
}

export const hearPocket = (news: PocketNews) => {
  if (news.choices && !choosing) choices.value = news.choices
  if (news.draft) take(news.draft)
  if (news.room) stand(news.room)
  if (news.star) stars.add(starOf(news.star.room, news.star.seq))
  if (news.unstar) stars.delete(starOf(news.unstar.room, news.unstar.seq))
  void keep()
}

// Nothing of it stays when somebody signs out.
export const emptyPocket = () => {
  for (const timer of timers.values()) clearTimeout(timer)
  for (const held of [untold, heard, timers, drafts, stars, standing]) held.clear()
  choices.value = { muted: {}, quiet: { from: 22, to: 7 }, topics: {} }
  loaded = false
  choosing = 0
}

// Changes what was chosen: here at once, and back again when the server says no.
let choosing = 0
let line: Promise<unknown> = Promise.resolve()
export const setChoices = async (change: (c: Choices) => Choices) => {
  const still = life()
  if (!loaded) await loadPocket()
  if (!loaded || !still()) throw new Refusal(offline)
  const before = choices.value
  const after = change(structuredClone(before))
  choices.value = after
  choosing++
  const told = line.then(() => put<Choices>('/me/choices', after))
  line = told.catch(() => {})
  try {
    const now = await told
    if (choices.value === after) choices.value = now
  } catch (e) {
    if (choices.value === after) choices.value = before
    throw e
  } finally {
    if (still()) {
      choosing--
      void keep()
    }
  }
}

export const star = async (room: string, seq: number, on: boolean) => {
  const s = starOf(room, seq)
  const still = life()
  const mark = (on: boolean) => (on ? stars.add(s) : stars.delete(s))
  mark(on)
  try {
    await (on ? put(`/me/stars/${s}`) : remove(`/me/stars/${s}`))
  } catch (e) {
    if (still()) mark(!on)
    throw e
  } finally {
    if (still()) void keep()
  }
}

// Puts a room on top of my list or marks it unread, or no longer: here at once, and back again when the server says no.
const stand = (s: Standing) => (s.pinned || s.unread ? standing.set(s.room, s) : standing.delete(s.room))
export const setStanding = async (room: string, change: { pinned?: boolean; unread?: boolean }) => {
  const still = life()
  const before = standing.get(room) ?? { room }
  const { pinned = !!before.pinned, unread = !!before.unread } = change
  const since = (was: number | undefined, on: boolean) => (on ? (was ?? now()) : undefined)
  stand({ room, pinned: since(before.pinned, pinned), unread: since(before.unread, unread) })
  try {
    const told = await put<Standing>(`/me/rooms/${room}`, { pinned, unread })
    if (still()) stand(told)
  } catch (e) {
    if (still()) stand(before)
    throw e
  } finally {
    if (still()) void keep()
  }
}

// Keeps what was begun in a room: on this device at once, on the others after a pause. Nothing is begun any more with an empty text.
export const keepDraft = (room: string, text: string) => {
  if ((drafts.get(room)?.text ?? '') === text) return
  if (!untold.has(room)) untold.set(room, drafts.get(room)?.at ?? 0)
  lay({ room, text, at: now() })
  void keepDrafts()
  clearTimeout(timers.get(room))
  later(room, text ? pause : 0)
}

const later = (room: string, ms: number) =>
  timers.set(
    room,
    window.setTimeout(() => {
      timers.delete(room)
      void tell(room)
    }, ms),
  )

const lay = (d: Draft) => (d.text ? drafts.set(d.room, d) : drafts.delete(d.room))

// A draft from elsewhere. While this device has one that it has not told, that one is the later.
const take = (d: Draft) => {
  if (untold.has(d.room)) heard.set(d.room, d)
  else lay(d)
  void keepDrafts()
}

const tell = async (room: string) => {
  if (telling.has(room) || !untold.has(room) || !online.value) return
  const text = drafts.get(room)?.text ?? ''
  const changed = () => (drafts.get(room)?.text ?? '') !== text
  const still = life()
  telling.add(room)
  try {
    const told = await put<Draft>(`/me/drafts/${room}`, { text })
    const other = heard.get(room)
    if (still() && !changed()) {
      untold.delete(room)
      heard.delete(room)
      lay(other && other.at > told.at ? other : told)
    }
  } catch (e) {
    // Without a network it waits for the next connection; what may not be kept there stays here.
    const { code } = (e as Refusal).fault ?? { code: 'internal' }
    if (still() && ['not-member', 'not-found', 'invalid', 'too-large'].includes(code)) untold.delete(room)
    else if (still() && !['offline', 'sign-in'].includes(code)) later(room, 10 * pause)
  } finally {
    telling.delete(room)
    if (still()) void keepDrafts()
  }
  if (changed() && !timers.has(room)) void tell(room)
}
