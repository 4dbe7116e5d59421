import { shallowReactive, shallowRef } from 'vue'
import { firstLine, text } from '@/kinds/summary'
import type { Kept } from '@/store/db'
import type { Delivery, Item, Mine, Name, Quote, Seq, State, Words } from '@/wire/types'

// How many items a reset brings.
export const newestPage = 50
// How many items are held at most, in a row; when there are more, so many stay. An old phone scrolls through years of talk.
export const most = 500
const stay = 400
const apartMost = 300 // single ones beside the row: pins, what was asked for
const quotesMost = 1000

type Early = { ch: Seq; state: State; words?: Words; sum?: string }

// An item in a later state; what was taken back has no words any more.
export const become = (item: Item, s: Early): Item => ({
  ...item,
  ch: s.ch,
  state: s.state,
  words: s.state.retracted ? null : (s.words ?? item.words),
  sum: s.sum ?? item.sum,
})

// What this client holds of a room. Pages, answers and deliveries may overlap in any order: an item counts only when its ch is
// greater than the one that is held, a name when its rev is not smaller. It folds nothing; it shows what it is sent.
//
// It asks for what it missed after ch, its cursor: nothing up to there is missing. On each connection the answer to that has to come
// first; what is heard live is taken at once, and counts when the answer reaches as far as where it began to be heard
// (docs/protocol.md, What a client keeps).
export class Timeline {
  readonly items = shallowRef<Item[]>([])
  readonly mine = shallowReactive(new Map<Seq, Mine>())
  readonly people = shallowReactive(new Map<string, Name>())
  readonly quotes = shallowReactive(new Map<Seq, Quote>()) // what replies show of messages that may not be held
  readonly pins = shallowRef<Seq[]>([])
  readonly first = shallowRef(false) // nothing older exists than what is held
  readonly last = shallowRef(true) // nothing newer exists than what is held
  readonly resets = shallowRef(0) // how often so much had come that all of it was loaded anew
  readonly loaded = shallowRef(false)
  ch: Seq = 0 // the cursor
  reading = false // somebody reads further up: what is new may wait
  private newest: Seq = 0 // of the items that were heard of
  private known = false // it is the last one there is
  private pinned: Seq = 0 // when the pins were as they are held
  // Live, on this connection, without a gap: behind from and up to seq, and whole up to full. What all are told of a moment and what is
  // only for this person come one behind the other, so a delivery is whole when the next one has come.
  private heard?: { from: Seq; seq: Seq; full: Seq }
  private answered = false // on this connection
  private asked = false // and while nothing is held, what is heard live waits for the answer
  private waiting: Delivery[] = []

  constructor(public room: string) {}

  // A new connection: what it brings is told from what another one brought.
  connected() {
    this.heard = undefined
    this.answered = this.asked = false
    this.waiting = []
  }

  // What is to be asked for, and that it is asked for now.
  resume() {
    this.asked = true
    this.answered = false
    return { room: this.room, after: this.ch }
  }

  // Did this connection bring something that what is held does not reach?
  get missing() {
    return this.answered && !!this.heard && this.heard.from > this.ch
  }

  // What the socket says. Of a room that nobody has looked at yet a live delivery is no beginning of a talk; a card of it that is shown
  // elsewhere goes on.
  hear(d: Delivery) {
    if (d.from === undefined || this.loaded.value) return this.apply(d)
    this.hold({ ...d, new: undefined })
    if (!this.asked) return
    this.waiting.push(d)
    if (this.waiting.length > most) this.waiting.shift()
  }

  // What this device has kept.
  recall(kept: Kept) {
    this.take({ room: this.room, seq: kept.ch, new: kept.items }, true)
    for (const p of kept.people) this.people.set(p.id, p)
    for (const m of kept.mine) this.mine.set(m.seq, m)
    this.quote(kept)
    this.pins.value = kept.pins
    this.pinned = kept.ch
    this.first.value = kept.first
    this.ch = kept.ch
    this.known = true
    this.begin()
  }

  // What is older than the oldest shown and not joined to it (a pinned notice of last week) is held, but not in the talk.
  private loose = new Map<Seq, Item>()
  // A state or own part may come before its item.
  private early = new Map<Seq, Early>()

  get(seq: Seq): Item | undefined {
    return this.items.value.find((i) => i.seq === seq) ?? this.loose.get(seq)
  }

  apply(d: Delivery, page = false) {
    if (d.reset) this.drop(d)
    this.names(d)
    this.quote(d)
    this.take(d, page)
    this.own(d)
    if (d.pins && d.seq >= this.pinned) {
      this.pins.value = d.pins
      this.pinned = d.seq
    }
    if (d.reset) this.first.value = d.first === true
    else if (page && d.first) this.first.value = true
    if (!page) this.count(d)
    if (d.reset) this.reaches()
    if (!page && !this.reading) this.cut('oldest')
    this.begin()
  }

  // The newest page, to be read before this connection has answered. It moves no cursor.
  glance(page: Delivery) {
    if (!this.loaded.value) this.apply(page, true)
  }

  // Something is held now; what waited for that is taken.
  private begin() {
    this.loaded.value = true
    for (const d of this.waiting.splice(0)) this.apply(d)
  }

  // Moves the cursor as far as nothing is missing.
  private count(d: Delivery) {
    if (d.from !== undefined) {
      const on = this.heard && d.from <= this.heard.seq ? this.heard : { from: d.from, seq: 0 }
      this.heard = { from: on.from, seq: Math.max(on.seq, d.seq), full: d.from }
    } else if (d.reset || (d.after ?? 0) <= this.ch) {
      this.ch = Math.max(this.ch, d.seq)
      this.answered = this.known = true
    }
    if (this.answered && this.heard && this.heard.from <= this.ch) this.ch = Math.max(this.ch, this.heard.full)
  }

  // All begins anew with what was so at a seq; what is newer than that stays. Where what was asked for lies behind the log's end, the
  // server was put back to an earlier state: nothing that is held is known to have happened.
  private drop(d: Delivery) {
    const back = (d.after ?? 0) > d.seq
    const seq = back ? Number.POSITIVE_INFINITY : d.seq
    if (back) {
      this.ch = this.pinned = this.newest = 0
      this.heard = undefined
      this.early.clear()
      this.quotes.clear()
    }
    for (const item of this.loose.values()) this.later(item, seq)
    for (const item of this.items.value) this.later(item, seq)
    this.items.value = this.items.value.filter((i) => i.seq > seq)
    for (const s of this.loose.keys()) if (s <= seq) this.loose.delete(s)
    for (const m of this.mine.values()) if (m.ch <= seq) this.mine.delete(m.seq)
    this.last.value = true
    if (this.known) this.resets.value++
  }

  // Remembers what is known of an item that is let go of, when what takes its place may be older.
  private later(item: Item, than: Seq) {
    if (item.seq > than || item.ch <= than) return
    this.early.set(item.seq, { ch: item.ch, state: item.state ?? {}, words: item.words, sum: item.sum })
  }

  private names(d: Delivery) {
    for (const p of d.people ?? []) if ((this.people.get(p.id)?.rev ?? 0) <= p.rev) this.people.set(p.id, p)
  }

  // What is quoted, and what became of it: what was taken back is quoted without its words.
  private quote(d: { quotes?: Quote[]; set?: Delivery['set'] }) {
    for (const q of d.quotes ?? []) {
      if ((this.quotes.get(q.seq)?.ch ?? -1) > q.ch) continue
      this.quotes.set(q.seq, q)
      this.requote(q.seq, this.early.get(q.seq))
    }
    for (const s of d.set ?? []) this.requote(s.seq, s)
    for (const seq of this.quotes.keys()) {
      if (this.quotes.size <= quotesMost) break
      this.quotes.delete(seq)
    }
  }

  private requote(seq: Seq, s?: Early) {
    const q = this.quotes.get(seq)
    if (!q || !s || q.ch >= s.ch) return
    const sum = s.sum ?? (s.words ? firstLine(text(s, 'text') || text(s, 'title')) : q.sum)
    const retracted = s.state.retracted
    this.quotes.set(seq, { ...q, ch: s.ch, retracted, sum: retracted ? undefined : sum })
  }

  private own(d: Delivery) {
    for (const m of d.mine ?? []) if ((this.mine.get(m.seq)?.ch ?? 0) <= m.ch) this.mine.set(m.seq, m)
  }

  // A page of elsewhere takes the place of what is held in a row.
  show(d: Delivery) {
    const pins = new Set(this.pins.value)
    for (const item of this.items.value)
      if (pins.has(item.seq)) this.loose.set(item.seq, item)
      else this.later(item, d.seq)
    this.items.value = []
    this.first.value = false
    this.apply(d, true)
    this.reaches()
  }

  // The page behind what is held.
  join(d: Delivery) {
    this.apply(d, true)
    this.reaches()
    if (!d.new?.length && d.seq >= this.newest) this.last.value = true
  }

  private reaches() {
    this.last.value = this.known && (this.items.value.at(-1)?.seq ?? 0) >= this.newest
  }

  // Lets go of what is far from where somebody reads, when it is much. It comes back by pages.
  cut(end: 'oldest' | 'newest') {
    const held = this.items.value
    if (held.length <= most) return
    const pins = new Set(this.pins.value)
    const gone = end === 'oldest' ? held.slice(0, -stay) : held.slice(stay)
    this.items.value = end === 'oldest' ? held.slice(-stay) : held.slice(0, stay)
    if (end === 'oldest') this.first.value = false
    else this.last.value = false
    for (const item of gone) {
      if (pins.has(item.seq)) this.loose.set(item.seq, item)
      else this.mine.delete(item.seq)
    }
  }

  // Single ones, too, are let go of, the first first.
  private few() {
    const pins = new Set(this.pins.value)
    for (const seq of this.loose.keys()) {
      if (this.loose.size <= apartMost) break
      if (!pins.has(seq)) this.loose.delete(seq)
    }
    for (const seq of this.early.keys()) {
      if (this.early.size <= most) break
      this.early.delete(seq)
    }
  }

  // What is held beside the row.
  apart(): Item[] {
    return [...this.loose.values()]
  }

  // Is this new one to wait until somebody comes back to the end? An emergency waits for nobody.
  private waits(item: Item, held: Map<Seq, Item>): boolean {
    if (this.reading && held.size >= most) this.last.value = false
    if (this.last.value || held.has(item.seq)) return false
    const newer = item.seq > (this.items.value.at(-1)?.seq ?? 0)
    if (newer && item.kind === 'emergency') this.loose.set(item.seq, this.latest(item))
    return newer
  }

  // An item as it is known to be: what came of it, what is held, or a state that came before it.
  private latest(item: Item, held = this.loose.get(item.seq)): Item {
    const now = held && held.ch >= item.ch ? held : item
    const early = this.early.get(item.seq)
    this.early.delete(item.seq)
    return early && early.ch > now.ch ? become(now, early) : now
  }

  private take(d: Delivery, page: boolean) {
    const held = new Map(this.items.value.map((i) => [i.seq, i]))
    const put = (item: Item) => {
      held.set(item.seq, this.latest(item, held.get(item.seq) ?? this.loose.get(item.seq)))
      this.loose.delete(item.seq) // what stood apart takes its place
    }
    for (const item of d.new ?? []) {
      this.newest = Math.max(this.newest, item.seq)
      if (page || !this.waits(item, held)) put(item)
    }
    for (const s of d.set ?? []) {
      const there = held.get(s.seq)
      if (!there) this.change(s)
      else if (there.ch < s.ch) held.set(s.seq, become(there, s))
    }
    const sorted = [...held.values()].sort((a, b) => a.seq - b.seq)
    // A reset brings the newest page and the pinned items of before; those stand apart from the talk.
    const brought = d.reset ? (d.new ?? []).length : 0
    const apart = d.reset && !d.first ? sorted.splice(0, Math.max(0, brought - newestPage)) : []
    for (const item of apart) this.loose.set(item.seq, item)
    this.items.value = sorted
    this.few()
  }

  // An item on its own, for the notice bar or a quote.
  hold(d: Delivery) {
    this.names(d)
    this.quote(d)
    for (const item of d.new ?? []) {
      const there = this.get(item.seq)
      if (!there || (there.ch < item.ch && this.loose.has(item.seq))) this.loose.set(item.seq, this.latest(item))
    }
    for (const s of d.set ?? []) this.change(s)
    this.own(d)
    this.few()
    this.items.value = [...this.items.value]
  }

  // A later state of an item that stands apart, or of one that is not held yet.
  private change(s: { seq: Seq; ch: Seq; state: State; words?: Words }) {
    const there = this.loose.get(s.seq)
    if (there) {
      if (there.ch < s.ch) this.loose.set(s.seq, become(there, s))
    } else if ((this.early.get(s.seq)?.ch ?? 0) < s.ch) this.early.set(s.seq, s)
  }

  name(person: string): string {
    return this.people.get(person)?.name ?? ''
  }
}
