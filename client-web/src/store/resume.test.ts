import 'fake-indexeddb/auto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Delivery, FromServer, Item, Mine, Seq, State } from '@/wire/types'

// The store against a model of the server (docs/protocol.md): connections break between any two messages, on either way, views lag behind
// deliveries, answers and pages come late, and some resumes fail. In the end the page has to show what the server has.

const long = process.env.LINLI_LONG === '1'
const runs = long ? 10_000 : 200
const mostChanged = 40 // of an answer; the server's own number is larger

class Dice {
  constructor(private at: number) {}
  next() {
    this.at = (this.at + 0x6d2b79f5) | 0
    let t = Math.imul(this.at ^ (this.at >>> 15), 1 | this.at)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  below = (n: number) => Math.floor(this.next() * n)
  chance = (p: number) => this.next() < p
}

// One room's log, as far as it can be seen, at every seq.
class Model {
  head: Seq = 0
  told: Seq = 0
  private posts: Seq[] = []
  private states = new Map<Seq, { ch: Seq; state: State }[]>()
  private owns = new Map<Seq, { ch: Seq; own: number }[]>()
  private pinned: { at: Seq; pins: Seq[] }[] = [{ at: 0, pins: [] }]

  constructor(public room: string) {}

  // Something happens: what everybody is told, and what p1 alone.
  act(dice: Dice): FromServer[] {
    const seq = ++this.head
    const any = () => this.posts[dice.below(this.posts.length)]!
    const out: Delivery = { room: this.room, seq, from: this.told }
    const what = this.posts.length ? dice.below(10) : 0
    if (what < 4) {
      this.posts.push(seq)
      this.states.set(seq, [{ ch: seq, state: {} }])
      out.new = [this.item(seq, seq)]
    } else if (what < 7) {
      const s = any()
      this.change(s, { n: seq, ...(dice.chance(0.2) && { retracted: true }) })
      out.set = [{ seq: s, ch: seq, state: this.stateAt(s, seq).state }]
    } else if (what < 8) {
      const s = any()
      const pins = this.pinsAt(seq)
      const next = pins.includes(s) ? pins.filter((p) => p !== s) : [s, ...pins].slice(0, 3)
      this.pinned.push({ at: seq, pins: next })
      this.change(s, { n: seq })
      out.set = [{ seq: s, ch: seq, state: this.stateAt(s, seq).state }]
      out.pins = next
    } else {
      // A confirmation: nobody is told but whom it concerns, who may be somebody else.
      const s = any()
      this.change(s, this.stateAt(s, seq).state)
      if (what === 9) return []
      this.owns.set(s, [...(this.owns.get(s) ?? []), { ch: seq, own: seq }])
      return [{ room: this.room, seq, from: this.told, mine: [{ seq: s, ch: seq, own: { own: seq } }] }]
    }
    this.told = seq
    // What is only for p1 comes right behind what all are told.
    const s = out.set?.[0]?.seq ?? out.new?.[0]?.seq
    if (!s || !dice.chance(0.3)) return [out]
    this.owns.set(s, [...(this.owns.get(s) ?? []), { ch: seq, own: seq }])
    return [out, { room: this.room, seq, from: seq, mine: [{ seq: s, ch: seq, own: { own: seq } }] }]
  }

  private change(s: Seq, state: State) {
    const gone = this.stateAt(s, this.head).state.retracted // for good
    this.states.get(s)!.push({ ch: this.head, state: gone ? { ...state, retracted: true } : state })
  }
  private stateAt = (s: Seq, at: Seq) =>
    this.states
      .get(s)!
      .filter((x) => x.ch <= at)
      .at(-1)!
  pinsAt = (at: Seq) => this.pinned.filter((p) => p.at <= at).at(-1)!.pins
  item = (s: Seq, at: Seq): Item => {
    const { ch, state } = this.stateAt(s, at)
    const words = state.retracted ? undefined : { text: `${s}` }
    return { seq: s, ch, kind: 'text', by: 'p2', at: s, o: { chat: this.posts.indexOf(s) + 1 }, words, state }
  }
  items = (at: Seq) => this.posts.filter((s) => s <= at)
  mine = (seqs: Seq[], at: Seq): Mine[] =>
    seqs.flatMap((seq) => {
      const own = this.owns
        .get(seq)
        ?.filter((o) => o.ch <= at)
        .at(-1)
      return own ? [{ seq, ch: this.stateAt(seq, at).ch, own: { own: own.own } }] : []
    })

  answer(after: Seq, at: Seq): Delivery {
    const out: Delivery = { room: this.room, seq: at, after, pins: this.pinsAt(at) }
    const changed = this.items(at).filter((s) => this.stateAt(s, at).ch > after)
    let shown = changed
    if (after === 0 || changed.length > mostChanged) {
      const all = this.items(at)
      shown = [...all.filter((s) => out.pins!.includes(s)), ...all.slice(-50)].filter((s, i, l) => l.indexOf(s) === i)
      Object.assign(out, { reset: true, first: all.length <= 50 || undefined })
      shown.sort((a, b) => a - b)
      out.new = shown.map((s) => this.item(s, at))
    } else {
      out.new = changed.filter((s) => s > after).map((s) => this.item(s, at))
      out.set = changed
        .filter((s) => s <= after)
        .map((s) => ({ seq: s, ch: this.stateAt(s, at).ch, state: this.item(s, at).state! }))
    }
    out.mine = this.mine(shown, at)
    return out
  }

  page(query: URLSearchParams, at: Seq): Delivery {
    const limit = Number(query.get('limit') ?? 50)
    const all = this.items(at)
    let shown = all.slice(-limit)
    let first = all.length <= limit
    if (query.has('after')) {
      shown = all.filter((s) => s > Number(query.get('after'))).slice(0, limit)
      first = false
    } else if (query.has('before')) {
      const older = all.filter((s) => s < Number(query.get('before')))
      shown = older.slice(-limit)
      first = older.length <= limit
    } else if (query.has('around')) {
      const older = all.filter((s) => s <= Number(query.get('around')))
      shown = [...older.slice(-(limit / 2 + 1)), ...all.slice(older.length, older.length + limit / 2)]
      first = older.length <= limit / 2 + 1
    }
    const new_ = shown.map((s) => this.item(s, at))
    return {
      room: this.room,
      seq: at,
      first: first || undefined,
      new: new_,
      mine: this.mine(shown, at),
      pins: this.pinsAt(at),
    }
  }
}

// Both ends of a connection, and what is on its way. Nothing arrives by itself.
let server: Harness
class Line {
  static OPEN = 1
  readyState = 1
  onopen?: () => void
  onmessage?: (e: { data: string }) => void
  onclose?: (e: { code: number }) => void
  down: FromServer[] = []
  up: { resume?: { room: string; after: Seq }[] }[] = []
  asked: { after: Seq; least: Seq; answer?: FromServer }[] = []
  constructor() {
    server.connect(this)
  }
  send(text: string) {
    this.up.push(JSON.parse(text))
  }
  close() {
    this.readyState = 3
  }
}

class Harness {
  model: Model
  line?: Line
  fetched: { url: URL; done: (r: Response) => void; page?: Delivery }[] = []
  trace: string[] = []
  constructor(
    private n: number,
    private dice: Dice,
  ) {
    this.model = new Model(`r${n}`)
    for (let i = dice.chance(0.5) ? dice.below(150) : dice.below(8); i > 0; i--) this.model.act(dice)
  }
  connect(line: Line) {
    this.line = line
    const rooms = [{ id: this.model.room, seq: this.model.head }]
    line.down.push({ hello: { person: 'p1', device: 'd1', now: this.n, n: 0, rooms } })
  }
  fetch = (path: string) => {
    const url = new URL(path, 'http://x')
    if (url.pathname.endsWith('/items')) return new Promise<Response>((done) => this.fetched.push({ url, done }))
    const row = { id: this.model.room, name: '', seq: 0, read: { seq: 0 }, pins: [], member: true, role: 'member' }
    const me = { person: 'p1', device: 'd1', name: '', phone: '', office: {}, grants: [], applications: [], rooms: 1 }
    return Promise.resolve(Response.json(url.pathname.endsWith('/me') ? me : { rooms: [row] }))
  }
  hears(m: FromServer | undefined) {
    if (m) this.trace.push(JSON.stringify(m).slice(0, 160))
    if (m) this.line?.onmessage?.({ data: JSON.stringify(m) })
  }
  break() {
    const line = this.line
    this.line = undefined
    if (line) this.trace.push('break')
    line?.close()
    line?.onclose?.({ code: 1006 })
  }
  // One of the things that may happen next; quiet: nothing new is said and nothing breaks any more.
  step(quiet: boolean) {
    const { dice, model, line } = this
    const roll = dice.below(quiet ? 70 : 100)
    if (roll < 25) this.hears(line?.down.shift())
    else if (roll < 40) {
      const m = line?.up.shift()
      for (const r of m?.resume ?? [])
        if (r.room === model.room) line!.asked.push({ after: r.after, least: model.head })
    } else if (roll < 50) {
      // The view is read: it has at least what this connection may have heard when it asked.
      const a = line?.asked.find((x) => !x.answer)
      if (a && dice.chance(0.1)) a.answer = { failed: { room: model.room, code: 'busy' } }
      else if (a) a.answer = model.answer(a.after, a.least + dice.below(model.head - a.least + 1))
    } else if (roll < 60) {
      if (line?.asked[0]?.answer) line.down.push(line.asked.shift()!.answer!)
    } else if (roll < 70) {
      const f = this.fetched[0]
      if (f && !f.page) f.page = model.page(f.url.searchParams, model.head)
      else if (f) this.fetched.shift()!.done(Response.json(f.page))
    } else if (roll < 90) {
      const told = model.act(dice)
      line?.down.push(...told)
    } else if (roll < 96) this.break()
  }
  get idle() {
    const l = this.line
    return !this.fetched.length && !!l && !l.down.length && !l.up.length && !l.asked.length
  }
}

const shown = (i: Item) => ({ seq: i.seq, words: i.words ?? undefined, state: i.state ?? {} })
const soon = async () => {
  for (let i = 0; i < 8; i++) await Promise.resolve()
}

describe('after breaks at any message', () => {
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    vi.stubGlobal('WebSocket', Line)
    vi.stubGlobal('fetch', (path: string) => server.fetch(path))
  })
  afterAll(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it(`the page shows what the server has, ${runs} times`, { timeout: 3_600_000 }, async () => {
    const started = Number(process.env.LINLI_SEED ?? 1)
    server = new Harness(started - 1, new Dice(0))
    const live = await import('./live')
    document.cookie = 'linli_until=9999999999999'
    await live.begin()
    for (let n = started; n < started + runs; n++) {
      const dice = new Dice(n)
      server.break()
      server = new Harness(n, dice)
      const { model } = server
      const line = live.timeline(model.room)
      const opens = dice.below(20)
      let opening: Promise<unknown> | undefined
      for (let i = 0; i < 120; i++) {
        if (i === opens) opening = live.openRoom(model.room)
        server.step(false)
        if (dice.chance(0.1)) vi.advanceTimersByTime(40_000)
        if (dice.chance(0.03)) void live.older(line).catch(() => {})
        if (dice.chance(0.01)) void live.newest(line).catch(() => {})
        if (dice.chance(0.01) && line.items.value.length)
          void live.reach(line, dice.below(model.head) + 1).catch(() => {})
        await soon()
      }
      // Then it is quiet, and everything arrives that still may.
      for (let still = 0, i = 0; still < 3; i++) {
        if (i > 20_000) throw new Error(`run ${n} comes to no end`)
        server.step(true)
        await soon()
        if (!server.idle || i % 50 === 0) vi.advanceTimersByTime(i % 50 ? 10 : 40_000)
        still = server.idle && i % 50 === 49 ? still + 1 : server.idle ? still : 0
      }
      await opening
      // Who reads further up finds the end page by page.
      for (let i = 0; !line.last.value && i < 50; i++) {
        const page = live.newer(line)
        while (server.fetched.length) {
          server.step(true)
          await soon()
        }
        await page
      }
      const why = () => `run ${n} (LINLI_SEED=${n}):\n${server.trace.join('\n')}`
      const held = line.items.value
      const all = model.items(model.head)
      const from = line.first.value ? 0 : (held[0]?.seq ?? 0)
      const want = all.filter((s) => s >= from)
      expect(held.map(shown), why()).toEqual(want.map((s) => shown(model.item(s, model.head))))
      expect(line.pins.value, why()).toEqual(model.pinsAt(model.head))
      const own = (m: Mine[]) => m.map((x) => [x.seq, x.own])
      const mine = want.flatMap((s) => line.mine.get(s) ?? [])
      expect(own(mine), why()).toEqual(own(model.mine(want, model.head)))
      for (const s of line.apart()) expect(shown(s), why()).toEqual(shown(model.item(s.seq, model.head)))
      expect(line.ch, why()).toBeLessThanOrEqual(model.head)
      server.hears({ leave: { room: model.room } })
    }
  })
})
