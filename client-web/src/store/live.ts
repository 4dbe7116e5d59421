import { computed, reactive, shallowReactive } from 'vue'
import { type Attachment, bring } from '@/media/upload'
import { now, setClock } from '@/wire/clock'
import { early, freshen, get, Refusal, signedOut, signedInUntil } from '@/wire/http'
import { fits, Socket } from '@/wire/socket'
import type { Damage, Delivery, Fault, FromServer, Item, Leave, Me, ReadTo, RoomRow } from '@/wire/types'
import { db, type Pending } from './db'
import { emptyPocket, hearPocket, loadPocket, recallPocket } from './pocket'
import { damage, endLife, everOnline, left, life, listed, me, news, type Over, online, rows } from './state'
import { become, newestPage, Timeline } from './timeline'

// Everything that is live: who I am, my rooms, what is on its way out. One socket feeds it.

export * from './state'
export const outbox = shallowReactive(new Map<string, Pending>())
export const progress = shallowReactive(new Map<string, number>()) // of attachments on their way, by command: 0 to 1
export const typing = reactive(new Map<string, { name: string; until: number }>())

const timelines = new Map<string, Timeline>()
const opened = new Set<string>() // rooms that were looked at since the page opened
let greatest = 0
export { now }

export const timeline = (room: string): Timeline => {
  let t = timelines.get(room)
  if (!t) {
    t = new Timeline(room)
    timelines.set(room, t)
  }
  return t
}

const say = (type: string, detail?: unknown) => news.dispatchEvent(new CustomEvent(type, { detail }))

const socket = new Socket(hear, (open, code) => {
  online.value = open
  if (open) everOnline.value = true
  if (code === 1008 || code === 1009) brokenOff()
})
signedOut.addEventListener('out', async (e) => {
  if (me.value || (await db.get('me'))) await forget('ended', (e as CustomEvent<Fault>).detail)
})

function hear(m: FromServer) {
  if (m.hello) greet(m.hello)
  if (m.room && (m.new || m.set || m.people || m.mine || m.pins || m.gone || m.reset || m.seq !== undefined))
    deliver(m as Delivery)
  for (const [id, seq] of m.ok ?? []) settle(id, seq)
  for (const [id, code, more] of m.no ?? []) refused(id, code, more)
  if (m.join) {
    left.delete(m.join.id)
    const still = life()
    void loadRooms().then(() => still() && say('join', m.join))
    timeline(m.join.id).connected()
    catchUp(m.join.id)
  }
  if (m.failed && m.failed.code !== 'not-member') {
    const { room } = m.failed
    setTimeout(() => catchUp(room), 2000)
  }
  if (m.leave) leave(m.leave.room, m.leave)
  if (m.muted) {
    const row = rows.get(m.muted.room)
    if (row) rows.set(row.id, { ...row, muted: m.muted.until || undefined })
  }
  for (const [room, seq, lane] of m.read ?? []) mark(room, seq, lane)
  if (m.alert) say('alert', m.alert)
  if (m.own) hearPocket(m.own)
  if (m.own) say('own', m.own)
  if (m.me) {
    void loadMe()
    if (m.me.roles) void loadRooms()
    say('me', m.me)
  }
  if (m.queue) {
    const row = rows.get(m.queue.room)
    if (row) rows.set(row.id, { ...row, pending: m.queue.pending })
    say('queue', m.queue)
  }
  if (m.hint && m.hint.person !== me.value?.person) {
    if (m.hint.typing)
      typing.set(m.hint.room, { name: timeline(m.hint.room).name(m.hint.person), until: Date.now() + 6000 })
    else typing.delete(m.hint.room)
  }
}

// An office that was put back from a copy has other entries under the numbers that this page holds: it begins anew.
let lived: string | undefined // as this page has heard it
const anew = async (life: string) => {
  const here = lived !== undefined && lived !== life
  lived = life
  const kept = ((await db.get<string>('life')) ?? '') !== life && (await db.begin(life))
  if (here || kept) location.reload()
}

function greet(h: NonNullable<FromServer['hello']>) {
  void anew(h.life ?? '')
  setClock(h.now)
  greatest = Math.max(greatest, h.n)
  told.clear()
  for (const t of timelines.values()) t.connected()
  const open = [...timelines.values()].filter(
    (t) => (t.ch > 0 || opened.has(t.room)) && h.rooms?.some((r) => r.id === t.room),
  )
  catchUp(...open.map((t) => t.room))
  // What was listed a moment ago needs no second asking.
  const same = Date.now() - listedAt < 10_000 && !!h.rooms?.every((r) => rows.get(r.id)?.seq === r.seq)
  const still = life()
  void (same ? Promise.resolve() : loadRooms())
    .then(() => (still() && listedBefore(h.rooms ?? []) ? loadRooms() : undefined))
    .then(
      () => still() && say('hello'),
      () => {},
    )
  void loadPocket()
  flush()
  tellRead()
}

// Is what is listed from before this connection? A list that was asked for before the program was here may be.
const listedBefore = (heard: { id: string; seq: number }[]) => {
  const mine = new Set(heard.map((r) => r.id))
  return (
    heard.some(({ id, seq }) => !rows.get(id)?.damaged && (rows.get(id)?.seq ?? -1) < seq) ||
    [...rows.values()].some((r) => r.member && !r.damaged && !mine.has(r.id))
  )
}

// At which seq this connection told something of a room that its row shows: that counts over a list which was made before. What an earlier
// connection told may have changed since, and nobody tells it again.
interface Told {
  pins?: number
  current?: number
  rules?: number
}
const told = new Map<string, Told>()
const tells = (d: Delivery, what: keyof Told) => {
  const before = told.get(d.room)
  if (!d[what] || d.seq < (before?.[what] ?? 0)) return false
  told.set(d.room, { ...before, [what]: d.seq })
  return true
}

function deliver(d: Delivery) {
  const t = timeline(d.room)
  const back = (d.set ?? []).filter((s) => s.state.retracted && !t.get(s.seq)?.state?.retracted)
  t.hear(d)
  if (t.missing) catchUp(d.room)
  for (const item of d.new ?? []) if (item.id && outbox.has(item.id)) settle(item.id, item.seq)
  typing.delete(d.room)
  const row = rows.get(d.room)
  if (row) {
    const last = d.new?.at(-1)
    const lanes = { ...row.lanes }
    const read = { ...row.read.lanes }
    for (const item of d.new ?? [])
      for (const [lane, n] of Object.entries(item.o ?? {})) {
        if (n > countOf(lanes, lane) && spared(item)) read[lane] = countOf(read, lane) + 1
        lanes[lane] = Math.max(countOf(lanes, lane), n)
      }
    // What is taken back is unread no longer. Of what is not held here nobody knows which lane it is in; the next list says.
    for (const s of back) {
      const item = t.get(s.seq) ?? (row.last?.seq === s.seq ? row.last : undefined)
      if (s.seq > row.read.seq && item?.by !== me.value?.person)
        for (const lane of Object.keys(item?.o ?? {}))
          if (countOf(lanes, lane) > countOf(read, lane)) read[lane] = countOf(read, lane) + 1
    }
    const next = {
      ...row,
      seq: Math.max(row.seq, d.seq),
      lanes,
      read: { ...row.read, lanes: read },
      ...(tells(d, 'pins') && { pins: d.pins! }),
      ...(tells(d, 'current') && { current: d.current }),
      ...(tells(d, 'rules') && { without: d.rules!.without, reserved: d.rules!.reserved }),
    }
    // What the list shows of the last one is what became of it: taken back, edited, over.
    const became = d.set?.find((s) => s.seq === row.last?.seq && s.ch > row.last.ch)
    if (became) next.last = become(row.last!, became)
    next.called ||= d.new?.find((i) => i.seq > row.read.seq && callsMe(i))?.seq
    if (last && (!row.last || last.seq >= row.last.seq)) next.last = last
    rows.set(d.room, next)
  }
  keepSoon(d.room)
  say('delivery', d)
}

// One's own, and what was taken back, is never unread.
const spared = (item: Item) => item.by === me.value?.person || !!item.state?.retracted

// Does a message call me, alone or with everybody?
export const callsMe = (item: Item) =>
  item.by !== me.value?.person &&
  !item.state?.retracted &&
  (!!item.state?.all || ((item.state?.to ?? []) as string[]).includes(me.value?.person ?? ''))

// The newest of a room stay on this device, as many as are held.
const waiting = new Map<string, number>()
function keepSoon(room: string) {
  if (waiting.has(room)) return
  waiting.set(
    room,
    window.setTimeout(() => {
      waiting.delete(room)
      const t = timelines.get(room)
      if (!t?.last.value || left.has(room) || !me.value) return
      const items = t.items.value
      const seqs = new Set(items.map((i) => i.seq))
      void db.keepRoom({
        room,
        ch: t.ch,
        items,
        mine: [...t.mine.values()].filter((m) => seqs.has(m.seq)),
        people: [...t.people.values()],
        quotes: items.flatMap((i) => (i.re && !seqs.has(i.re) && t.quotes.get(i.re)) || []),
        pins: t.pins.value,
        first: t.first.value,
      })
    }, 800),
  )
}

function leave(room: string, why: Leave) {
  left.set(room, why)
  timelines.delete(room)
  rows.delete(room)
  told.delete(room)
  void db.dropRoom(room)
  for (const p of outbox.values()) if (p.room === room) void drop(p.id)
  for (const [id, waiter] of waiters) if (waiter.room === room) unanswered(id, 'not-member')
  say('leave', room)
}

// The end of a room, as much of it as the answer to a resume from nothing brings: what comes second then moves no row (scripts/early.js
// asks for the same).
const end = (room: string) => `/rooms/${room}/items?limit=${newestPage}`

// Opens a room: what is on this device at once, then what changed since. Throws when nothing of it is here and the server does not answer;
// the next connection brings it all the same.
export const openRoom = async (room: string) => {
  const t = timeline(room)
  const still = life()
  opened.add(room)
  if (!t.loaded.value) {
    const kept = await db.room(room)
    if (kept && !t.loaded.value) t.recall(kept)
    const asked = early<Delivery>(end(room)) // taken also where nobody waits for it: soon it is old
    const page = kept ? undefined : await asked
    if (page) t.glance(page)
    else if (!t.loaded.value && !socket.open) t.glance(await get<Delivery>(end(room)))
  }
  if (still()) catchUp(room)
  return t
}

// Asks what changed in rooms; when there is no connection yet, its first word will ask.
const catchUp = (...list: string[]) => {
  if (!socket.open) return
  for (let i = 0; i < list.length; i += mostAsked)
    socket.send({ resume: list.slice(i, i + mostAsked).map((room) => timeline(room).resume()) })
}
const mostAsked = 200 // of one message

export const older = async (t: Timeline) => {
  const before = t.items.value[0]?.seq
  if (!before || t.first.value) return
  const page = await get<Delivery>(`/rooms/${t.room}/items?before=${before}&limit=50`)
  // What is held may be from elsewhere by now: a page that does not join it would leave a gap.
  if (t.items.value[0]?.seq === before) t.apply(page, true)
}

export const newer = async (t: Timeline) => {
  const after = t.items.value.at(-1)?.seq
  if (!after || t.last.value) return
  const page = await get<Delivery>(`/rooms/${t.room}/items?after=${after}&limit=50`)
  if (t.items.value.at(-1)?.seq === after) t.join(page)
}

// Back to the end, when what is held is from further up.
export const newest = async (t: Timeline) => {
  if (!t.last.value) t.show(await get<Delivery>(end(t.room)))
}

// Brings a message into what is held, wherever it stands: page by page when it is near, else by the page around it.
export const reach = async (t: Timeline, seq: number) => {
  const beyond = () => (t.items.value[0]?.seq ?? 0) > seq && !t.first.value
  for (let pages = 0; pages < 2 && beyond(); pages++) await older(t)
  if (!t.items.value.length || beyond() || (!t.last.value && (t.items.value.at(-1)?.seq ?? 0) < seq))
    t.show(await get<Delivery>(`/rooms/${t.room}/items?around=${seq}&limit=100`))
  return t.items.value.some((i) => i.seq === seq)
}

// The first message of a time or behind it; the last one when nothing came since. 0 when there is none at all.
export const reachDay = async (t: Timeline, at: number) => {
  const page = await get<Delivery>(`/rooms/${t.room}/items?at=${at}&limit=100`)
  const found = page.new?.find((i) => i.at >= at) ?? page.new?.at(-1)
  if (!found) return 0
  if (!t.items.value.some((i) => i.seq === found.seq)) t.show(page)
  return found.seq
}

// A single message, asked for when it is not held; once, however many want it.
const asking = new Map<string, Promise<Delivery>>()
export const one = async (t: Timeline, seq: number) => {
  const path = `/rooms/${t.room}/items/${seq}`
  if (!t.get(seq)) {
    if (!asking.has(path))
      asking.set(
        path,
        get<Delivery>(path).finally(() => asking.delete(path)),
      )
    t.hold(await asking.get(path)!)
  }
  return t.get(seq)
}

// The name of somebody in a room; asked for when nothing has brought it yet.
export const called = async (room: string, person: string) => {
  const t = timeline(room)
  if (!t.name(person)) {
    const all = await get<{ people: Delivery['people'] }>(`/rooms/${room}/people`).catch(() => undefined)
    if (all?.people) t.hold({ room, seq: t.ch, people: all.people })
  }
  return t.name(person)
}

// What no screen can show (control characters, halves of characters) comes along when something is pasted; the server takes none of it.
const legible = (v: unknown): unknown => {
  if (typeof v === 'string') return v.replace(/(?![\n\t])[\p{Cc}\p{Cs}\ufffe\uffff\ufdd0-\ufdef]/gu, '')
  if (Array.isArray(v)) return v.map(legible)
  if (v && typeof v === 'object') return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, legible(x)]))
  return v
}

// Outgoing: kept on this device until the server has it, and sent again until it says so.

export const send = async (
  room: string,
  act: string,
  more: {
    re?: number
    with?: Record<string, unknown>
    words?: Record<string, unknown>
    files?: Attachment[]
    behind?: string
  } = {},
  named: (id: string) => void = () => {}, // hears what it is called before anything can come of it
) => {
  const still = life()
  const n = await db.next(greatest)
  if (!me.value || !still()) throw gone()
  greatest = Math.max(greatest, n)
  const words = more.words && (legible(more.words) as Pending['words'])
  const c: Pending = { id: `${me.value.device}.${n}`, n, of: me.value.person, room, act, at: now(), ...more, words }
  if (c.behind && settled.has(c.behind)) Object.assign(c, { re: settled.get(c.behind), behind: undefined })
  outbox.set(c.id, c)
  named(c.id)
  await db.keepCommand(c)
  if (outbox.has(c.id)) transmit([outbox.get(c.id)!])
  return c.id
}

const transmit = (list: Pending[]) => {
  const whole = (c: Pending) => !c.files || c.files.every((f) => f.whole)
  const ready = list.filter((c) => !c.behind && whole(c))
  for (const c of list) if (!whole(c)) void carry(c)
  // What fits into no message never will: it is held back alone.
  for (const c of ready) if (!fits(onWire(c))) refused(c.id, 'too-large')
  const go = ready.filter((c) => outbox.has(c.id) && !outbox.get(c.id)!.refused)
  if (careful) oneByOne()
  else if (go.length) socket.send({ do: go.map(onWire) })
}

const onWire = (c: Pending) => ({ id: c.id, room: c.room, act: c.act, re: c.re, with: facts(c), words: c.words })

const facts = (c: Pending) => (c.files ? { ...c.with, files: c.files.map((f) => ({ upload: f.upload })) } : c.with)

// When the server has broken off over what it was sent, one command goes after the other, so that the one at fault holds back itself alone.
let careful = false
let alone: string | undefined // the one that is out
const unsent = () => [...outbox.values()].filter((c) => !c.refused).sort((a, b) => a.n - b.n)
const oneByOne = () => {
  if (alone && outbox.has(alone) && !outbox.get(alone)!.refused) return
  const next = unsent().find((c) => !c.behind && (!c.files || c.files.every((f) => f.whole)))
  alone = next?.id
  careful = unsent().length > 0
  if (next) socket.send({ do: [onWire(next)] })
}
function brokenOff() {
  if (alone) refused(alone, 'invalid')
  alone = undefined
  careful = unsent().length > 0
}

// Brings a command's attachments in, one after the other, and then sends it. What came before them in the talk does not wait.
const carrying = new Set<string>()
const givenUp = new Set<string>() // while this device forgets them
const failures = new Map<string, number>() // of the server, one after the other; a few may be a restart
const mostFailures = 5
const carry = async (c: Pending) => {
  if (carrying.has(c.id)) return
  carrying.add(c.id)
  try {
    const all = c.files!.reduce((n, f) => n + f.blob.size, 0)
    let before = 0
    for (const f of c.files!) {
      const wanted = () => outbox.has(c.id) && !givenUp.has(c.id)
      const kept = () => wanted() && db.keepCommand(c)
      const moved = (n: number) => wanted() && progress.set(c.id, (before + n) / all)
      if (!wanted()) return
      if (!f.whole) await bring(c.room, f, moved, kept, wanted)
      before += f.blob.size
    }
    if (outbox.has(c.id)) transmit([outbox.get(c.id)!])
  } catch (e) {
    const { code, with: more } = (e as Refusal).fault ?? { code: 'internal' }
    // Without a network it waits: the first word of the next connection sends all that is left, and so does a moment from now.
    const failed = code === 'internal' ? (failures.get(c.id) ?? 0) + 1 : 0
    failures.set(c.id, failed)
    if (!['offline', 'busy', 'not-ready', 'too-many', 'sign-in', 'internal'].includes(code) || failed >= mostFailures)
      refused(c.id, code, more)
    else
      setTimeout(
        () => online.value && outbox.has(c.id) && !outbox.get(c.id)!.refused && transmit([outbox.get(c.id)!]),
        4000,
      )
  } finally {
    carrying.delete(c.id)
  }
}

const flush = () => {
  alone = undefined // what was out is asked for again
  transmit(unsent())
}

// Who waits for what comes of a command, by its id.
interface Waiter {
  room: string
  ok: (seq: number) => void
  no: (code: string, more?: Record<string, unknown>) => void
}
const waiters = new Map<string, Waiter>()

// Nothing will come of it any more.
const unanswered = (id: string, code: string) => {
  waiters.get(id)?.no(code)
  waiters.delete(id)
}

// The latest that were settled, for what comes behind them only now.
const settled = new Map<string, number>()
const mostSettled = 50

function settle(id: string, seq: number) {
  settled.set(id, seq)
  for (const old of settled.keys()) if (settled.size > mostSettled) settled.delete(old)
  // Kept before what they wait for is forgotten: a page that ends between the two sends them all the same.
  for (const c of outbox.values()) if (c.behind === id) transmit([follow(c, { re: seq, behind: undefined })])
  void drop(id)
  if (careful) oneByOne()
  waiters.get(id)?.ok(seq)
  waiters.delete(id)
}

const follow = (c: Pending, to: Pick<Pending, 're' | 'behind'>) => {
  const next = { ...c, ...to }
  outbox.set(c.id, next)
  void db.keepCommand(next)
  return next
}

// Gives up what was refused, and what would have answered it.
export const discard = async (id: string) => {
  for (const c of outbox.values()) if (c.behind === id) await drop(c.id)
  givenUp.add(id) // what carries its attachments keeps it no more
  await db.dropCommand(id) // first: what is gone from the page does not come back with the next one
  await drop(id)
  givenUp.delete(id)
}

export const drop = async (id: string) => {
  outbox.delete(id)
  progress.delete(id)
  failures.delete(id)
  await db.dropCommand(id)
}

function refused(id: string, code: string, more?: Record<string, unknown>) {
  const c = outbox.get(id)
  if (!c) return
  if (code === 'stale') {
    void again(c).catch(() => {}) // signed out meanwhile
    return
  }
  if (code === 'busy' || code === 'not-ready' || code === 'too-many') {
    const wait = Math.max(1500, Number(more?.retry ?? 0) * 1000)
    setTimeout(() => outbox.has(id) && transmit([outbox.get(id)!]), wait)
    return
  }
  waiters.get(id)?.no(code, more)
  waiters.delete(id)
  // What was written stays until the person has seen why; a tap that came too late has been told already.
  if (c.act.endsWith('.post')) {
    const kept = { ...c, refused: { code, with: more } }
    outbox.set(id, kept)
    void db.keepCommand(kept)
  } else void drop(id)
  if (careful && alone === id) oneByOne()
}

// Does something and says what came of it; while there is no network it stays on its way.
export const act = (room: string, name: string, more: Parameters<typeof send>[2] = {}) =>
  new Promise<number>((ok, fail) => {
    const waiter: Waiter = { room, ok, no: (code, detail) => fail({ code, with: detail }) }
    send(room, name, more, (id) => waiters.set(id, waiter)).catch((e) => fail((e as Refusal).fault ?? e))
  })

export const again = async (c: Pending) => {
  const still = life()
  await drop(c.id)
  if (!still() || left.has(c.room)) return // meanwhile: who waited has been told
  const { re, words, refused } = c
  // What the server no longer knows is brought again.
  const files = refused?.code === 'not-found' ? c.files?.map(({ as, blob }) => ({ as, blob })) : c.files
  const id = await send(c.room, c.act, { re, with: c.with, words, files, behind: c.behind }, (id) => {
    const waiter = waiters.get(c.id)
    waiters.delete(c.id)
    if (waiter) waiters.set(id, waiter)
  })
  for (const f of outbox.values()) if (f.behind === c.id) follow(f, { re: undefined, behind: id })
}

export const pendingOf = (room: string) => [...outbox.values()].filter((c) => c.room === room).sort((a, b) => a.n - b.n)

// Is this card's action on its way?
export const underway = (room: string, seq: number) =>
  computed(() => [...outbox.values()].some((c) => c.room === room && c.re === seq && !c.act.endsWith('.post')))

export const sayTyping = (room: string, on: boolean) => socket.send({ hint: { room, typing: on } })

// Read marks grow only, and are told a moment later. A lane may be read alone: who looks through the notices has not read the talk.
let readTimer = 0
const readWaiting = new Map<string, ReadTo>()
export const read = (room: string, seq: number, lane = '') => {
  const row = rows.get(room)
  const n = lane ? countOf(row?.lanes, lane) - countOf(row?.read.lanes, lane) : 1
  if (!row || row.read.seq >= seq || n <= 0 || document.visibilityState !== 'visible') return
  moveTo(lane ? [room, seq, lane] : [room, seq])
  readTimer ||= window.setTimeout(tellRead, 400)
}
const moveTo = (to: ReadTo) => {
  mark(...to)
  readWaiting.set(`${to[0]} ${to[2] ?? ''}`, to)
}

// The same for what was looked at elsewhere than in the room itself; told at once, for the page may be about to go.
export const readTo = (list: ReadTo[]) => {
  list.forEach(moveTo)
  tellRead()
}

// Without a connection they wait for the next one.
function tellRead() {
  clearTimeout(readTimer)
  readTimer = 0
  if (!readWaiting.size || !socket.open) return
  socket.send({ read: [...readWaiting.values()] })
  readWaiting.clear()
}

const countOf = (lanes: Record<string, number> | undefined, lane: string) => lanes?.[lane] ?? 0

function mark(room: string, seq: number, lane = '') {
  const row = rows.get(room)
  if (!row || row.read.seq >= seq) return
  const lanes = { ...row.read.lanes }
  let known = false
  const behind: Record<string, number> = {} // what is never unread
  const to: Record<string, number> = {}
  for (const item of timeline(room).items.value)
    for (const [l, n] of Object.entries(item.o ?? {})) {
      if (lane && l !== lane) continue
      if (item.seq <= seq) to[l] = Math.max(to[l] ?? 0, n)
      else if (spared(item)) behind[l] = countOf(behind, l) + 1
    }
  for (const [l, n] of Object.entries(to)) {
    lanes[l] = Math.max(lanes[l] ?? 0, n + countOf(behind, l))
    known = true
  }
  // Whoever has read the last one has read all lanes, also what is too far back to be held.
  if (seq >= Math.min(row.seq, row.last?.seq ?? row.seq))
    Object.assign(lanes, lane ? { [lane]: countOf(row.lanes, lane) } : row.lanes)
  else if (lane && !known) void loadRooms() // read elsewhere, of what this device does not hold
  const called = lane || (row.called && row.called > seq) ? row.called : undefined
  rows.set(room, { ...row, called, read: { seq: lane ? row.read.seq : seq, lanes } })
}

// Two marks of one room: each counts where it is further.
const further = (a: RoomRow['read'], b: RoomRow['read']) => {
  const lanes = { ...a.lanes }
  for (const [l, n] of Object.entries(b.lanes ?? {})) lanes[l] = Math.max(lanes[l] ?? 0, n)
  return { seq: Math.max(a.seq, b.seq), lanes }
}

export const unread = (row: RoomRow, lane?: string) => {
  const count = (l: string) => Math.max(0, countOf(row.lanes, l) - countOf(row.read.lanes, l))
  return lane ? count(lane) : count('chat') + count('notice') + count('request')
}

export const loadMe = async () => {
  const still = life()
  const mine = await get<Me>('/me')
  if (!still()) return
  me.value = mine
  void db.set('me', mine) // as it came: what Vue has wrapped cannot be stored
}

// A list may come later than what was said since it was made: what was heard meanwhile stays.
const notOlder = (old: RoomRow, r: RoomRow): RoomRow => {
  const read = further(old.read, r.read)
  const unheard = (seq?: number) => (seq && seq > read.seq ? seq : undefined)
  if (old.seq <= r.seq) return { ...r, read, called: unheard(r.called) }
  const lanes = { ...r.lanes }
  for (const [lane, n] of Object.entries(old.lanes ?? {})) lanes[lane] = Math.max(lanes[lane] ?? 0, n)
  const called = unheard(r.called) ?? unheard(old.called)
  const last = (old.last?.seq ?? 0) > (r.last?.seq ?? 0) ? old : r
  const of = (what: keyof Told) => ((told.get(r.id)?.[what] ?? 0) > r.seq ? old : r)
  return {
    ...r,
    read,
    lanes,
    called,
    seq: old.seq,
    pins: of('pins').pins,
    current: of('current').current,
    without: of('rules').without,
    reserved: of('rules').reserved,
    last: last.last,
    lastName: last.lastName,
  }
}

let listedAt = 0
let listsAsked = 0
let listTaken = 0

export const loadRooms = async () => {
  const still = life()
  const n = ++listsAsked
  const said = await get<{ rooms: RoomRow[]; damage?: Damage[] }>('/rooms')
  if (!me.value || !still()) return // signed out meanwhile
  if (n < listTaken) return // one that was asked for later has come already
  listTaken = n
  const list = said.rooms
  damage.value = said.damage ?? []
  const fresh = new Set(list.map((r) => r.id))
  for (const id of rows.keys()) if (!fresh.has(id)) rows.delete(id)
  for (const r of list) {
    const old = rows.get(r.id)
    rows.set(r.id, old ? notOlder(old, r) : r)
  }
  listed.value = true
  listedAt = Date.now()
  void db.set('rows', list)
}

const gone = () => new Refusal({ code: 'sign-in', reason: 'signed out meanwhile' })

// Begins a session on this page: what is kept here first, so that the page shows something without a network, or while the server cannot be asked.
export const begin = async () => {
  const still = life()
  const kept = await db.get<Me>('me')
  try {
    if (!signedInUntil() && !kept) throw new Refusal({ code: 'sign-in', reason: 'nobody has signed in here' })
    if (signedInUntil() < now()) await freshen()
    await loadMe()
  } catch (e) {
    const code = (e as { fault?: { code: string } }).fault?.code
    if (code === 'sign-in' || code === 'second-step' || !kept || !still()) throw e
    me.value = kept
  }
  if (!still()) throw gone()
  if (kept && kept.device !== me.value!.device) {
    await db.wipeButUnsent()
    void db.set('me', { ...me.value })
  }
  await recallPocket()
  for (const r of (await db.rows()) ?? []) if (!rows.has(r.id)) rows.set(r.id, r)
  await takeUp(kept?.person)
  // What stood behind something that is gone goes alone.
  for (const c of outbox.values()) if (c.behind && !outbox.has(c.behind)) follow(c, { re: c.re, behind: undefined })
  void db.drop('over')
  socket.start()
  if (!rows.size) await loadRooms().catch(() => {})
}

// What was written here and not sent: by this device it goes on. What the person wrote before the device was signed out stands in its room, for
// them to send or to give up; whether some of it had arrived only they can see. What somebody else wrote waits for them.
const takeUp = async (before?: string) => {
  const mine = me.value!
  const renamed = new Map<string, string>()
  for (const c of (await db.outbox()).sort((a, b) => a.at - b.at || a.n - b.n)) {
    const of = c.of ?? before ?? mine.person
    if (of !== mine.person) {
      if (!c.of) await db.keepCommand({ ...c, of })
      continue
    }
    if (c.id.startsWith(`${mine.device}.`)) {
      outbox.set(c.id, c)
      continue
    }
    const n = await db.next(greatest)
    const files = c.files?.map(({ as, blob }) => ({ as, blob })) // of what the other device brought nothing is certain
    const next: Pending = { ...c, of, n, id: `${mine.device}.${n}`, files, behind: c.behind && renamed.get(c.behind) }
    if (c.act.endsWith('.post')) next.refused = { code: 'left' }
    if (!(await db.renameCommand(c.id, next))) continue // another tab was first
    renamed.set(c.id, next.id)
    outbox.set(next.id, next)
  }
}

// Nothing of the person stays on this device; when it was not they who ended it, only what they wrote and is not sent.
export const forget = async (why: string, fault?: Fault) => {
  endLife()
  socket.stop()
  me.value = undefined
  rows.clear()
  outbox.clear()
  timelines.clear()
  opened.clear()
  left.clear()
  readWaiting.clear()
  for (const id of waiters.keys()) unanswered(id, 'sign-in')
  asking.clear()
  told.clear()
  listed.value = false
  damage.value = []
  typing.clear()
  greatest = 0
  careful = false
  alone = undefined
  emptyPocket()
  if (why !== 'ended') await db.wipe()
  else {
    const was = (await db.get('me')) !== undefined // another tab may have seen to it
    await db.wipeButUnsent()
    if (was) await db.set('over', { why: fault?.with?.why as string | undefined, at: Date.now() } satisfies Over)
  }
  say('out', why)
}
