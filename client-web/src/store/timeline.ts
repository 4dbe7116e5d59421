import { shallowReactive, shallowRef } from 'vue'
import type { Delivery, Item, Mine, Name, Seq, State, Words } from '@/wire/types'

// How many items a reset brings.
const newestPage = 50
// How many items are held at most, in a row; when there are more, so many stay. An old phone scrolls through years of talk.
export const most = 500
const stay = 400
const apartMost = 300 // single ones beside the row: pins, quotes

// An item in a later state; what was taken back has no words any more.
const become = (item: Item, s: { ch: Seq; state: State; words?: Words }): Item => ({
  ...item,
  ch: s.ch,
  state: s.state,
  words: s.state.retracted ? null : (s.words ?? item.words),
})

// What this client holds of a room. Pages, resumes and deliveries may overlap in any order: an item counts only when its ch is
// greater than the one that is held, a name when its rev is not smaller. It folds nothing; it shows what it is sent.
export class Timeline {
  readonly items = shallowRef<Item[]>([])
  readonly mine = shallowReactive(new Map<Seq, Mine>())
  readonly people = shallowReactive(new Map<string, Name>())
  readonly pins = shallowRef<Seq[]>([])
  readonly first = shallowRef(false) // nothing older exists than what is held
  readonly last = shallowRef(true) // nothing newer exists than what is held
  readonly resets = shallowRef(0) // how often so much had come that all of it was loaded anew
  readonly loaded = shallowRef(false)
  ch: Seq = 0 // the greatest change that is held
  reading = false // somebody reads further up: what is new may wait
  private newest: Seq = 0 // of the items that were heard of

  constructor(public room: string) {}

  // What is older than the oldest shown and not joined to it (a pinned notice of last week) is held, but not in the talk.
  private loose = new Map<Seq, Item>()
  // A state or own part may come before its item.
  private early = new Map<Seq, { ch: Seq; state: State; words?: Words }>()

  get(seq: Seq): Item | undefined {
    return this.items.value.find((i) => i.seq === seq) ?? this.loose.get(seq)
  }

  apply(d: Delivery, page = false) {
    if (d.reset) {
      this.items.value = []
      this.loose.clear()
      this.mine.clear()
      this.last.value = true
      if (this.loaded.value) this.resets.value++
    }
    for (const p of d.people ?? []) if ((this.people.get(p.id)?.rev ?? 0) <= p.rev) this.people.set(p.id, p)
    this.take(d, page)
    for (const m of d.mine ?? []) if ((this.mine.get(m.seq)?.ch ?? 0) <= m.ch) this.mine.set(m.seq, m)
    if (d.pins) this.pins.value = d.pins
    if (d.reset) this.first.value = d.first === true
    else if (page && d.first) this.first.value = true
    if (!page || this.ch === 0) this.ch = Math.max(this.ch, d.seq)
    if (!page && !this.reading) this.cut('oldest')
    this.loaded.value = true
  }

  // A page of elsewhere takes the place of what is held in a row.
  show(d: Delivery) {
    const pins = new Set(this.pins.value)
    for (const item of this.items.value) if (pins.has(item.seq)) this.loose.set(item.seq, item)
    this.items.value = []
    this.first.value = false
    this.apply(d, true)
    this.reaches()
  }

  // The page behind what is held.
  join(d: Delivery) {
    this.apply(d, true)
    this.reaches()
    if (!d.new?.length) this.last.value = true
  }

  private reaches() {
    this.last.value = (this.items.value.at(-1)?.seq ?? 0) >= this.newest
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
    if (newer && item.kind === 'emergency') this.loose.set(item.seq, item)
    return newer
  }

  private take(d: Delivery, page: boolean) {
    const held = new Map(this.items.value.map((i) => [i.seq, i]))
    const put = (item: Item) => {
      const there = held.get(item.seq) ?? this.loose.get(item.seq)
      const early = this.early.get(item.seq)
      if (there && there.ch >= item.ch)
        held.set(item.seq, there) // what stood apart takes its place
      else held.set(item.seq, early && early.ch > item.ch ? become(item, early) : item)
      this.early.delete(item.seq)
      this.loose.delete(item.seq)
    }
    for (const item of d.new ?? []) {
      this.newest = Math.max(this.newest, item.seq)
      if (page || !this.waits(item, held)) put(item)
    }
    for (const s of d.set ?? []) {
      const there = held.get(s.seq) ?? this.loose.get(s.seq)
      if (!there) {
        if ((this.early.get(s.seq)?.ch ?? 0) < s.ch) this.early.set(s.seq, s)
      } else if (there.ch < s.ch) {
        const now = become(there, s)
        if (held.has(s.seq)) held.set(s.seq, now)
        else this.loose.set(s.seq, now)
      }
    }
    const sorted = [...held.values()].sort((a, b) => a.seq - b.seq)
    // A reset brings the newest page and the pinned items of before; those stand apart from the talk.
    const apart = d.reset && !d.first ? sorted.splice(0, Math.max(0, sorted.length - newestPage)) : []
    for (const item of apart) this.loose.set(item.seq, item)
    this.items.value = sorted
    this.few()
  }

  // An item on its own, for the notice bar or a quote.
  hold(d: Delivery) {
    for (const p of d.people ?? []) if ((this.people.get(p.id)?.rev ?? 0) <= p.rev) this.people.set(p.id, p)
    for (const item of d.new ?? []) {
      const there = this.get(item.seq)
      if (!there || (there.ch < item.ch && this.loose.has(item.seq))) this.loose.set(item.seq, item)
    }
    for (const s of d.set ?? []) {
      const there = this.loose.get(s.seq)
      if (there && there.ch < s.ch) this.loose.set(s.seq, become(there, s))
    }
    for (const m of d.mine ?? []) if ((this.mine.get(m.seq)?.ch ?? 0) <= m.ch) this.mine.set(m.seq, m)
    this.few()
    this.items.value = [...this.items.value]
  }

  name(person: string): string {
    return this.people.get(person)?.name ?? ''
  }
}
