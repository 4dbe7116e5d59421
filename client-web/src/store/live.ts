import { computed, reactive, ref, shallowReactive } from 'vue'
import { type Attachment, bring } from '@/media/upload'
import { get, type Refusal } from '@/wire/http'
import { Socket } from '@/wire/socket'
import type { Delivery, FromServer, Item, Me, RoomRow, Words } from '@/wire/types'
import { db, type Pending } from './db'
import { Timeline } from './timeline'

// Everything that is live: who I am, my rooms, what is on its way out. One socket feeds it.

export const me = ref<Me>()
export const rows = shallowReactive(new Map<string, RoomRow>())
export const online = ref(false)
export const everOnline = ref(false)
export const listed = ref(false) // the server has said which rooms are mine
export const outbox = shallowReactive(new Map<string, Pending>())
export const progress = shallowReactive(new Map<string, number>()) // of attachments on their way, by command: 0 to 1
export const left = shallowReactive(new Map<string, { until?: number; reason?: Words }>())
export const typing = reactive(new Map<string, { name: string; until: number }>())
export const news = new EventTarget() // me, queue, join, leave, out

const timelines = new Map<string, Timeline>()
const opened = new Set<string>() // rooms that were looked at since the page opened
let skew = 0 // the server's clock less ours
let greatest = 0

// Now, by the server's clock.
export const now = () => Date.now() + skew

export const timeline = (room: string): Timeline => {
  let t = timelines.get(room)
  if (!t) {
    t = new Timeline(room)
    timelines.set(room, t)
  }
  return t
}

const say = (type: string, detail?: unknown) => news.dispatchEvent(new CustomEvent(type, { detail }))

const socket = new Socket(
  hear,
  (open) => {
    online.value = open
    if (open) everOnline.value = true
  },
  () => forget('ended'),
)

function hear(m: FromServer) {
  if (m.hello) greet(m.hello)
  if (m.room && (m.new || m.set || m.people || m.mine || m.pins || m.gone || m.reset || m.seq !== undefined))
    deliver(m as Delivery)
  for (const [id, seq] of m.ok ?? []) settle(id, seq)
  for (const [id, code, more] of m.no ?? []) refused(id, code, more)
  if (m.join) {
    left.delete(m.join.id)
    void loadRooms().then(() => say('join', m.join))
    socket.send({ resume: [{ room: m.join.id, after: timeline(m.join.id).ch }] })
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
  for (const [room, seq] of m.read ?? []) mark(room, seq)
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

function greet(h: NonNullable<FromServer['hello']>) {
  skew = h.now - Date.now()
  greatest = Math.max(greatest, h.n)
  const open = [...timelines.values()].filter(
    (t) => (t.ch > 0 || opened.has(t.room)) && h.rooms?.some((r) => r.id === t.room),
  )
  if (open.length) socket.send({ resume: open.map((t) => ({ room: t.room, after: t.ch })) })
  void loadRooms()
  flush()
}

function deliver(d: Delivery) {
  const t = timeline(d.room)
  t.apply(d)
  for (const item of d.new ?? []) if (item.id && outbox.has(item.id)) settle(item.id, item.seq)
  typing.delete(d.room)
  const row = rows.get(d.room)
  if (row) {
    const last = d.new?.at(-1)
    const lanes = { ...row.lanes }
    for (const item of d.new ?? [])
      for (const [lane, n] of Object.entries(item.o ?? {})) lanes[lane] = Math.max(lanes[lane] ?? 0, n)
    const next = { ...row, seq: Math.max(row.seq, d.seq), lanes, pins: d.pins ?? row.pins }
    next.called ||= d.new?.find((i) => i.seq > row.read.seq && callsMe(i))?.seq
    if (last && (!row.last || last.seq >= row.last.seq)) next.last = last
    rows.set(d.room, next)
  }
  keepSoon(d.room)
}

// Does a message call me, alone or with everybody?
export const callsMe = (item: Item) =>
  item.by !== me.value?.person &&
  !item.state?.retracted &&
  (!!item.state?.all || ((item.state?.to ?? []) as string[]).includes(me.value?.person ?? ''))

// The newest 500 of a room stay on this device.
const waiting = new Map<string, number>()
function keepSoon(room: string) {
  if (waiting.has(room)) return
  waiting.set(
    room,
    window.setTimeout(() => {
      waiting.delete(room)
      const t = timelines.get(room)
      if (!t || left.has(room) || !me.value) return
      const items = t.items.value.slice(-500)
      const seqs = new Set(items.map((i) => i.seq))
      void db.keepRoom({
        room,
        ch: t.ch,
        items,
        mine: [...t.mine.values()].filter((m) => seqs.has(m.seq)),
        people: [...t.people.values()],
        pins: t.pins.value,
        first: t.first.value && items.length === t.items.value.length,
      })
    }, 800),
  )
}

function leave(room: string, why: { until?: number; reason?: Words }) {
  left.set(room, why)
  timelines.delete(room)
  rows.delete(room)
  void db.dropRoom(room)
  for (const p of outbox.values()) if (p.room === room) void drop(p.id)
  say('leave', room)
}

// Opens a room: what is on this device at once, then what changed since.
export const openRoom = async (room: string) => {
  const t = timeline(room)
  opened.add(room)
  if (!t.loaded.value) {
    const kept = await db.room(room)
    if (kept && !t.loaded.value) {
      t.apply({ room, seq: kept.ch, new: kept.items, people: kept.people, mine: kept.mine, pins: kept.pins })
      t.first.value = kept.first
    }
  }
  catchUp(room)
  return t
}

// Asks what changed in a room; when there is no connection yet, its first word will ask.
const catchUp = (room: string) => {
  if (socket.open) socket.send({ resume: [{ room, after: timeline(room).ch }] })
}

export const older = async (t: Timeline) => {
  const before = t.items.value[0]?.seq
  if (!before || t.first.value) return
  t.apply(await get<Delivery>(`/rooms/${t.room}/items?before=${before}&limit=50`), true)
}

// The path from what is held back to a message further up, page by page.
export const reach = async (t: Timeline, seq: number) => {
  for (let pages = 0; pages < 40 && !t.first.value && (t.items.value[0]?.seq ?? 0) > seq; pages++) await older(t)
  return t.items.value.some((i) => i.seq === seq)
}

export const one = async (t: Timeline, seq: number) => {
  if (!t.get(seq)) t.hold(await get<Delivery>(`/rooms/${t.room}/items/${seq}`))
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
) => {
  const n = await db.next(greatest)
  greatest = Math.max(greatest, n)
  const c: Pending = { id: `${me.value!.device}.${n}`, n, room, act, at: now(), ...more }
  if (c.behind && settled.has(c.behind)) Object.assign(c, { re: settled.get(c.behind), behind: undefined })
  outbox.set(c.id, c)
  await db.keepCommand(c)
  transmit([c])
  return c.id
}

const transmit = (list: Pending[]) => {
  const whole = (c: Pending) => !c.files || c.files.every((f) => f.whole)
  const ready = list.filter((c) => !c.behind && whole(c))
  for (const c of list) if (!whole(c)) void carry(c)
  for (let i = 0; i < ready.length; i += 16) {
    const part = ready.slice(i, i + 16)
    socket.send({
      do: part.map((c) => ({ id: c.id, room: c.room, act: c.act, re: c.re, with: facts(c), words: c.words })),
    })
  }
}

const facts = (c: Pending) => (c.files ? { ...c.with, files: c.files.map((f) => ({ upload: f.upload })) } : c.with)

// Brings a command's attachments in, one after the other, and then sends it. What came before them in the talk does not wait.
const carrying = new Set<string>()
const carry = async (c: Pending) => {
  if (carrying.has(c.id)) return
  carrying.add(c.id)
  try {
    const all = c.files!.reduce((n, f) => n + f.blob.size, 0)
    let before = 0
    for (const f of c.files!) {
      const kept = () => outbox.has(c.id) && db.keepCommand(c)
      if (!f.whole) await bring(c.room, f, (n) => progress.set(c.id, (before + n) / all), kept)
      before += f.blob.size
    }
    if (outbox.has(c.id)) transmit([outbox.get(c.id)!])
  } catch (e) {
    const { code, with: more } = (e as Refusal).fault ?? { code: 'internal' }
    // Without a network it waits: the first word of the next connection sends all that is left, and so does a moment from now.
    if (!['offline', 'busy', 'not-ready', 'sign-in', 'internal'].includes(code)) refused(c.id, code, more)
    else
      setTimeout(
        () => online.value && outbox.has(c.id) && !outbox.get(c.id)!.refused && transmit([outbox.get(c.id)!]),
        4000,
      )
  } finally {
    carrying.delete(c.id)
  }
}

const flush = () => transmit([...outbox.values()].filter((c) => !c.refused).sort((a, b) => a.n - b.n))

const waiters = new Map<
  string,
  { ok: (seq: number) => void; no: (code: string, more?: Record<string, unknown>) => void }
>()

// The latest that were settled, for what comes behind them only now.
const settled = new Map<string, number>()
const mostSettled = 50

function settle(id: string, seq: number) {
  settled.set(id, seq)
  for (const old of settled.keys()) if (settled.size > mostSettled) settled.delete(old)
  // Kept before what they wait for is forgotten: a page that ends between the two sends them all the same.
  for (const c of outbox.values()) if (c.behind === id) transmit([follow(c, { re: seq, behind: undefined })])
  void drop(id)
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
  await drop(id)
}

export const drop = async (id: string) => {
  outbox.delete(id)
  progress.delete(id)
  await db.dropCommand(id)
}

function refused(id: string, code: string, more?: Record<string, unknown>) {
  const c = outbox.get(id)
  if (!c) return
  if (code === 'stale') {
    void again(c)
    return
  }
  if (code === 'busy' || code === 'not-ready' || code === 'too-many') {
    setTimeout(() => outbox.has(id) && transmit([c]), 1500)
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
}

// Does something and says what came of it; while there is no network it stays on its way.
export const act = async (room: string, name: string, more: Parameters<typeof send>[2] = {}) => {
  const id = await send(room, name, more)
  return new Promise<number>((ok, fail) => {
    if (!outbox.has(id)) return ok(0)
    waiters.set(id, { ok, no: (code, detail) => fail({ code, with: detail }) })
  })
}

export const again = async (c: Pending) => {
  await drop(c.id)
  const { re, words, refused } = c
  // What the server no longer knows is brought again.
  const files = refused?.code === 'not-found' ? c.files?.map(({ as, blob }) => ({ as, blob })) : c.files
  const id = await send(c.room, c.act, { re, with: c.with, words, files, behind: c.behind })
  for (const f of outbox.values()) if (f.behind === c.id) follow(f, { re: undefined, behind: id })
}

export const pendingOf = (room: string) => [...outbox.values()].filter((c) => c.room === room).sort((a, b) => a.n - b.n)

// Is this card's action on its way?
export const underway = (room: string, seq: number) =>
  computed(() => [...outbox.values()].some((c) => c.room === room && c.re === seq && !c.act.endsWith('.post')))

export const sayTyping = (room: string, on: boolean) => socket.send({ hint: { room, typing: on } })

// Read marks grow only, and are told a moment later.
let readTimer = 0
const readWaiting = new Map<string, number>()
export const read = (room: string, seq: number) => {
  const row = rows.get(room)
  if (!row || row.read.seq >= seq || document.visibilityState !== 'visible') return
  mark(room, seq)
  readWaiting.set(room, seq)
  readTimer ||= window.setTimeout(() => {
    readTimer = 0
    socket.send({ read: [...readWaiting] })
    readWaiting.clear()
  }, 400)
}

function mark(room: string, seq: number) {
  const row = rows.get(room)
  if (!row || row.read.seq >= seq) return
  const lanes = { ...row.read.lanes }
  for (const item of timeline(room).items.value) {
    if (item.seq <= seq)
      for (const [lane, n] of Object.entries(item.o ?? {})) lanes[lane] = Math.max(lanes[lane] ?? 0, n)
  }
  if (seq >= row.seq) Object.assign(lanes, row.lanes)
  const called = row.called && row.called <= seq ? undefined : row.called
  rows.set(room, { ...row, called, read: { seq, lanes } })
}

export const unread = (row: RoomRow, lane?: string) => {
  const count = (l: string) => Math.max(0, (row.lanes?.[l] ?? 0) - (row.read.lanes?.[l] ?? 0))
  return lane ? count(lane) : count('chat') + count('notice') + count('request')
}

export const loadMe = async () => {
  const mine = await get<Me>('/me')
  me.value = mine
  void db.set('me', mine) // as it came: what Vue has wrapped cannot be stored
}

export const loadRooms = async () => {
  const list = (await get<{ rooms: RoomRow[] }>('/rooms')).rooms
  const fresh = new Set(list.map((r) => r.id))
  for (const id of rows.keys()) if (!fresh.has(id)) rows.delete(id)
  for (const r of list) {
    const old = rows.get(r.id)
    rows.set(r.id, old && old.read.seq > r.read.seq ? { ...r, read: old.read } : r)
  }
  listed.value = true
  void db.set('rows', list)
}

// Begins a session on this page: what is kept here first, so that the page shows something without a network.
export const begin = async () => {
  const kept = await db.get<Me>('me')
  try {
    await loadMe()
  } catch (e) {
    const code = (e as { fault?: { code: string } }).fault?.code
    if (code === 'sign-in' || !kept) throw e
    me.value = kept
  }
  if (kept && kept.device !== me.value!.device) await db.wipe()
  for (const r of (await db.rows()) ?? []) if (!rows.has(r.id)) rows.set(r.id, r)
  for (const c of await db.outbox()) if (c.id.startsWith(`${me.value!.device}.`)) outbox.set(c.id, c)
  // What stood behind something that is gone goes alone.
  for (const c of outbox.values()) if (c.behind && !outbox.has(c.behind)) follow(c, { re: c.re, behind: undefined })
  socket.start()
  if (!rows.size) await loadRooms().catch(() => {})
}

// Nothing of the person stays on this device.
export const forget = async (why: string) => {
  socket.stop()
  me.value = undefined
  rows.clear()
  outbox.clear()
  timelines.clear()
  opened.clear()
  left.clear()
  listed.value = false
  greatest = 0
  await db.wipe()
  say('out', why)
}
