import { shallowReactive, shallowRef } from 'vue'
import type { Delivery, Item, Mine, Name, Seq, State, Words } from '@/wire/types'

// How many items a reset brings.
const newestPage = 50

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
  readonly loaded = shallowRef(false)
  ch: Seq = 0 // the greatest change that is held

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
    }
    for (const p of d.people ?? []) if ((this.people.get(p.id)?.rev ?? 0) <= p.rev) this.people.set(p.id, p)
    this.take(d)
    for (const m of d.mine ?? []) if ((this.mine.get(m.seq)?.ch ?? 0) <= m.ch) this.mine.set(m.seq, m)
    if (d.pins) this.pins.value = d.pins
    if (d.reset) this.first.value = d.first === true
    else if (page && d.first) this.first.value = true
    if (!page || this.ch === 0) this.ch = Math.max(this.ch, d.seq)
    this.loaded.value = true
  }

  private take(d: Delivery) {
    const held = new Map(this.items.value.map((i) => [i.seq, i]))
    const put = (item: Item) => {
      const there = held.get(item.seq) ?? this.loose.get(item.seq)
      if (there && there.ch >= item.ch) return
      const early = this.early.get(item.seq)
      held.set(item.seq, early && early.ch > item.ch ? become(item, early) : item)
      this.early.delete(item.seq)
      this.loose.delete(item.seq)
    }
    for (const item of d.new ?? []) put(item)
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
  }

  // An item on its own, for the notice bar or a quote.
  hold(d: Delivery) {
    for (const p of d.people ?? []) if ((this.people.get(p.id)?.rev ?? 0) <= p.rev) this.people.set(p.id, p)
    for (const item of d.new ?? []) {
      const there = this.get(item.seq)
      if (!there || (there.ch < item.ch && this.loose.has(item.seq))) this.loose.set(item.seq, item)
    }
    for (const m of d.mine ?? []) if ((this.mine.get(m.seq)?.ch ?? 0) <= m.ch) this.mine.set(m.seq, m)
    this.items.value = [...this.items.value]
  }

  name(person: string): string {
    return this.people.get(person)?.name ?? ''
  }
}
