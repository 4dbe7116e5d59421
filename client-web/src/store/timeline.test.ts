import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Delivery, Item, Seq } from '@/wire/types'
import { most, Timeline } from './timeline'

// The deliveries that the server's own tests keep: the same bytes on both sides.
const folder = resolve('../internal/wire/testdata/deliveries')
const goldens = readdirSync(folder).map((file) => ({
  name: file.replace('.json', ''),
  ...(JSON.parse(readFileSync(resolve(folder, file), 'utf8')) as {
    deliveries: Delivery[]
    items: Item[]
    pins: Seq[]
  }),
}))

// What is shown of an item: words that were taken back are gone, and an empty state is none.
const shown = (items: Item[]) =>
  items
    .map((i) => ({ ...i, words: i.words ?? undefined, sum: i.state?.retracted ? undefined : i.sum }))
    .map((i) => JSON.parse(JSON.stringify(i.state && Object.keys(i.state).length ? i : { ...i, state: undefined })))

// Opened before anything was said: the answer to that is the first that the connection brings.
const line = (deliveries: Delivery[]) => {
  const t = new Timeline('r1')
  t.apply({ room: 'r1', seq: 0, after: 0, reset: true, first: true })
  for (const d of deliveries) t.apply(structuredClone(d))
  return t
}

describe.each(goldens)('deliveries of $name', ({ deliveries, items, pins }) => {
  it('end in what the server has', () => {
    const t = line(deliveries)
    expect(shown(t.items.value)).toEqual(shown(items))
    expect(t.pins.value).toEqual(pins)
    expect(t.ch).toBe(deliveries.at(-1)!.from) // the last one is whole when the next has come
  })

  it('may come twice, and the first again at the end', () => {
    expect(shown(line([...deliveries, ...deliveries, deliveries[0]!]).items.value)).toEqual(shown(items))
  })

  it('may overlap with a page of the end', () => {
    const t = new Timeline('r1')
    t.apply({ room: 'r1', seq: deliveries.at(-1)!.seq, reset: true, first: true, new: items, pins })
    for (const d of deliveries) t.apply(structuredClone({ ...d, pins: undefined }))
    expect(shown(t.items.value)).toEqual(shown(items))
  })

  it('may come in the wrong order', () => {
    expect(shown(line([...deliveries].reverse()).items.value)).toEqual(shown(items))
  })

  it('bring the names of all who acted', () => {
    const t = line(deliveries)
    for (const i of t.items.value) expect(t.name(i.by)).not.toBe('')
  })
})

const item = (seq: Seq, ch = seq): Item => ({ seq, ch, kind: 'text', by: 'p1', at: seq, words: { text: `${seq}` } })

describe('a timeline', () => {
  it('keeps a pinned notice of long ago out of the talk', () => {
    const t = new Timeline('r1')
    const newest = Array.from({ length: 50 }, (_, i) => item(1000 + i))
    t.apply({ room: 'r1', seq: 1049, reset: true, new: [item(3), ...newest], pins: [3] })
    expect(t.items.value[0]!.seq).toBe(1000)
    expect(t.get(3)?.seq).toBe(3)
  })

  it('joins older pages in front and knows when nothing is older', () => {
    const t = new Timeline('r1')
    t.apply({ room: 'r1', seq: 20, reset: true, new: [item(19), item(20)] })
    t.apply({ room: 'r1', seq: 20, first: true, new: [item(1), item(2)] }, true)
    expect(t.items.value.map((i) => i.seq)).toEqual([1, 2, 19, 20])
    expect(t.first.value).toBe(true)
  })

  it('does not take a page for what has been heard', () => {
    const t = new Timeline('r1')
    t.apply({ room: 'r1', seq: 20, reset: true, new: [item(20)] })
    t.apply({ room: 'r1', seq: 30, new: [item(19)] }, true)
    expect(t.ch).toBe(20) // 21 to 30 are still to be asked for
  })

  it('forgets what a reset does not bring', () => {
    const t = line([{ room: 'r1', seq: 2, new: [item(1), item(2)] }])
    t.apply({ room: 'r1', seq: 900, reset: true, new: [item(900)] })
    expect(t.items.value.map((i) => i.seq)).toEqual([900])
  })

  it('keeps the newer name', () => {
    const t = new Timeline('r1')
    t.apply({ room: 'r1', seq: 1, people: [{ id: 'p1', rev: 2, name: '新' }] })
    t.apply({ room: 'r1', seq: 2, people: [{ id: 'p1', rev: 1, name: '旧' }] })
    expect(t.name('p1')).toBe('新')
  })
})

describe('the cursor', () => {
  const live = (seq: Seq, from: Seq, more: Partial<Delivery> = {}): Delivery => ({
    room: 'r1',
    seq,
    from,
    new: [item(seq)],
    ...more,
  })
  const answer = (after: Seq, seq: Seq, more: Partial<Delivery> = {}): Delivery => ({ room: 'r1', seq, after, ...more })
  const upTo3 = () => {
    const t = line([live(1, 0), live(2, 1), live(3, 2)])
    t.apply(answer(0, 3))
    t.connected() // it broke, and there is another one
    return t
  }

  it('does not move with what comes live before the answer, so that the next resume asks for the rest', () => {
    const t = upTo3()
    expect(t.resume()).toEqual({ room: 'r1', after: 3 })
    t.hear(live(10, 9))
    expect(t.items.value.map((i) => i.seq)).toEqual([1, 2, 3, 10]) // it is shown
    t.connected()
    expect(t.resume().after).toBe(3)
    t.hear(answer(3, 10, { new: [4, 5, 6, 7, 8, 9, 10].map((s) => item(s)) }))
    expect([t.ch, t.items.value.length, t.missing]).toEqual([10, 10, false])
  })

  it('does not move past a gap within a connection, and says that something is missing', () => {
    const t = upTo3()
    t.resume()
    t.hear(answer(3, 3))
    t.hear(live(5, 4))
    expect([t.ch, t.missing]).toEqual([3, true])
    expect(t.resume().after).toBe(3)
    expect(t.missing).toBe(false) // it is being asked for
  })

  it('moves on over what nobody is told, and over what came live while the answer was made', () => {
    const t = upTo3()
    t.resume()
    t.hear(live(10, 3)) // 4 to 9 were confirmations
    t.hear(live(12, 10))
    t.hear(answer(3, 11, { new: [item(10)] }))
    expect([t.ch, t.missing]).toEqual([11, false])
    t.hear(live(13, 12))
    expect(t.ch).toBe(12)
  })

  it('waits for the own parts that come right behind a delivery', () => {
    const t = upTo3()
    t.resume()
    t.hear(answer(3, 3))
    t.hear(live(4, 3))
    expect(t.ch).toBe(3) // broken here, the own part of 4 is asked for
    t.hear({ room: 'r1', seq: 4, from: 4, mine: [{ seq: 4, ch: 4, own: { asker: true } }] })
    expect([t.ch, t.mine.get(4)?.own?.asker]).toEqual([4, true])
  })

  it('does not move by a page, nor by an answer to what another one asked', () => {
    const t = upTo3()
    t.resume()
    t.apply({ room: 'r1', seq: 20, new: [item(20)] }, true)
    t.hear(answer(7, 20))
    expect(t.ch).toBe(3)
  })

  it('does not move by the page that is read before the answer, nor is the answer taken for a gap', () => {
    const t = new Timeline('r1')
    t.connected()
    t.resume()
    t.glance({ room: 'r1', seq: 9, new: [item(8), item(9)] })
    expect([t.items.value.map((i) => i.seq), t.last.value, t.ch]).toEqual([[8, 9], true, 0])
    t.glance({ room: 'r1', seq: 7, new: [item(7)] }) // once
    t.hear({ room: 'r1', seq: 10, from: 9, new: [item(10)] })
    t.hear({ room: 'r1', seq: 10, after: 0, reset: true, first: true, new: [item(8), item(9), item(10)] })
    expect([t.items.value.map((i) => i.seq), t.last.value, t.ch, t.resets.value]).toEqual([[8, 9, 10], true, 10, 0])
  })
  it('begins anew where the server was put back to an earlier state', () => {
    const t = upTo3()
    t.resume()
    t.hear({
      room: 'r1',
      seq: 2,
      after: 3,
      reset: true,
      first: true,
      new: [item(1), { ...item(2), words: { text: '另一句' } }],
      pins: [],
    })
    expect([t.ch, t.items.value.map((i) => i.words?.text)]).toEqual([2, ['1', '另一句']])
  })
})

describe('what comes late', () => {
  it('keeps a state that comes before its item, also of a room that is not open', () => {
    const t = new Timeline('r1')
    t.resume()
    t.hear({ room: 'r1', seq: 5, from: 4, set: [{ seq: 3, ch: 5, state: { pinned: true } }], pins: [3] })
    t.hear({ room: 'r1', seq: 6, from: 5, new: [item(6)] })
    expect(t.loaded.value).toBe(false)
    t.hear({ room: 'r1', seq: 4, after: 0, reset: true, first: true, new: [item(3), item(4)], pins: [] })
    expect(t.items.value.map((i) => [i.seq, !!i.state?.pinned])).toEqual([
      [3, true],
      [4, false],
      [6, false],
    ])
    expect(t.pins.value).toEqual([3])
  })

  it('does not take the place of what is newer: items, states, pins', () => {
    const t = line([{ room: 'r1', seq: 3, from: 2, new: [item(1), item(2), item(3)] }])
    t.apply({ room: 'r1', seq: 5, from: 3, set: [{ seq: 2, ch: 5, state: { retracted: true } }], pins: [3] })
    t.apply({ room: 'r1', seq: 6, from: 5, new: [item(6)] })
    t.apply({ room: 'r1', seq: 4, after: 0, reset: true, first: true, new: [item(1), item(2), item(3)], pins: [] })
    expect(t.items.value.map((i) => [i.seq, !!i.state?.retracted])).toEqual([
      [1, false],
      [2, true],
      [3, false],
      [6, false],
    ])
    expect(t.pins.value).toEqual([3])
    t.show({ room: 'r1', seq: 4, new: [item(2)] })
    expect(t.get(2)?.state?.retracted).toBe(true)
  })

  it('is not the end when an empty page is older than what was heard', () => {
    const t = line([{ room: 'r1', seq: 3, from: 0, new: [item(3)] }])
    t.show({ room: 'r1', seq: 3, new: [item(1)] })
    t.apply({ room: 'r1', seq: 4, from: 3, new: [item(4)] })
    t.join({ room: 'r1', seq: 3, new: [] })
    expect(t.last.value).toBe(false)
  })
})

// No more than a window is held, wherever it stands in the history.
describe('the window', () => {
  const run = (from: Seq, to: Seq) => Array.from({ length: to - from + 1 }, (_, i) => item(from + i))
  const page = (from: Seq, to: Seq, more: Partial<Delivery> = {}): Delivery => ({
    room: 'r1',
    seq: 10_000,
    new: run(from, to),
    ...more,
  })
  const seqs = (t: Timeline) => t.items.value.map((i) => i.seq)
  const unbroken = (t: Timeline) => {
    const all = seqs(t)
    expect(all).toEqual(run(all[0]!, all.at(-1)!).map((i) => i.seq))
  }
  const opened = (to: Seq) => {
    const t = new Timeline('r1')
    t.apply({ room: 'r1', seq: to, reset: true, new: run(to - 49, to), pins: [] })
    return t
  }

  it('does not grow with what comes, and what is let go of comes back by pages', { timeout: 60_000 }, () => {
    const t = opened(100)
    for (let seq = 101; seq <= 5000; seq++) t.apply({ room: 'r1', seq, new: [item(seq)] })
    expect(t.items.value.length).toBeLessThanOrEqual(most)
    expect(seqs(t).at(-1)).toBe(5000)
    expect([t.first.value, t.last.value]).toEqual([false, true])
    unbroken(t)
    const first = seqs(t)[0]!
    t.apply(page(first - 50, first - 1), true)
    expect(seqs(t)[0]).toBe(first - 50)
    unbroken(t)
  })

  it('lets go of the newest while somebody scrolls up, and finds the way back to the end without a gap', () => {
    const t = opened(5000)
    t.reading = true
    for (let first = 4951; first > 3001; first -= 50) {
      t.apply(page(first - 50, first - 1), true)
      t.cut('newest')
      expect(t.items.value.length).toBeLessThanOrEqual(most)
    }
    expect(t.last.value).toBe(false)
    unbroken(t)
    // Meanwhile somebody says something: it is not put behind what it does not follow.
    t.apply({ room: 'r1', seq: 5001, new: [item(5001)] })
    expect(seqs(t).at(-1)).toBeLessThan(5000)
    for (let n = 0; !t.last.value && n < 100; n++) {
      const last = seqs(t).at(-1)!
      t.join(page(last + 1, Math.min(last + 50, 5001)))
      t.cut('oldest')
      expect(t.items.value.length).toBeLessThanOrEqual(most)
    }
    expect(seqs(t).at(-1)).toBe(5001)
    unbroken(t)
    t.reading = false
    t.apply({ room: 'r1', seq: 5002, new: [item(5002)] })
    expect(seqs(t).at(-1)).toBe(5002)
  })

  it('is not at its end when something came while the last page was on its way', () => {
    const t = opened(1000)
    t.show(page(401, 500))
    t.apply({ room: 'r1', seq: 1001, new: [item(1001)] })
    t.join(page(501, 1000))
    expect(t.last.value).toBe(false)
    t.join(page(1001, 1001))
    expect([t.last.value, seqs(t).at(-1)]).toEqual([true, 1001])
  })

  it('shows a page of long ago in its place, with the pins beside it', () => {
    const t = opened(1000)
    t.apply({ room: 'r1', seq: 1001, pins: [990], set: [{ seq: 990, ch: 1001, state: { pinned: true } }] })
    t.show(page(101, 200))
    expect([seqs(t)[0], seqs(t).at(-1), t.first.value, t.last.value]).toEqual([101, 200, false, false])
    expect(t.get(990)?.state?.pinned).toBe(true)
    t.show(page(1, 50, { first: true }))
    expect(t.first.value).toBe(true)
    t.show(page(951, 1000))
    expect(t.last.value).toBe(true)
    unbroken(t)
  })

  it('keeps an emergency at hand, also for who reads elsewhere', () => {
    const t = opened(1000)
    t.show(page(101, 200))
    t.apply({ room: 'r1', seq: 1001, new: [{ ...item(1001), kind: 'emergency' }] })
    expect(t.apart().map((i) => i.seq)).toEqual([1001])
  })

  it('a message that changed while it was not held is as it is now when it comes back', () => {
    const t = opened(1000)
    t.show(page(101, 200))
    t.apply({ room: 'r1', seq: 1002, set: [{ seq: 960, ch: 1002, state: { retracted: true } }] })
    t.show(page(951, 1000)) // asked before, answered after
    expect(t.get(960)?.words).toBeNull()
  })

  it('a gap too large drops all of it, once, and says so', () => {
    const t = opened(1000)
    t.show(page(101, 200))
    t.apply({ room: 'r1', seq: 11_000, reset: true, new: run(10_951, 11_000), pins: [] })
    expect([seqs(t)[0], seqs(t).at(-1), t.last.value, t.resets.value]).toEqual([10_951, 11_000, true, 1])
  })

  it('what a reply quotes follows what becomes of it, and says nothing of what was taken back', () => {
    const t = opened(1000)
    const quote = { seq: 7, ch: 7, kind: 'text', by: 'p1', sum: '旧的话' }
    t.apply({ room: 'r1', seq: 1001, new: [{ ...item(1001), re: 7 }], quotes: [quote] })
    expect([t.get(7), t.quotes.get(7)?.sum]).toEqual([undefined, '旧的话'])
    t.apply({ room: 'r1', seq: 1002, set: [{ seq: 7, ch: 1002, state: {}, words: { text: '改过的\n第二行' } }] })
    expect(t.quotes.get(7)?.sum).toBe('改过的')
    t.apply({ room: 'r1', seq: 1003, set: [{ seq: 7, ch: 1003, state: { retracted: true } }] })
    expect(t.quotes.get(7)).toMatchObject({ retracted: true, sum: undefined })
    t.apply({ room: 'r1', seq: 1002, quotes: [quote] }, true) // asked before, answered after
    expect(t.quotes.get(7)?.sum).toBeUndefined()
  })

  it('a quote that comes behind the news that its source was taken back says nothing of it', () => {
    const t = opened(1000)
    t.apply({ room: 'r1', seq: 1003, set: [{ seq: 7, ch: 1003, state: { retracted: true } }] })
    t.apply({ room: 'r1', seq: 1002, quotes: [{ seq: 7, ch: 7, kind: 'text', by: 'p1', sum: '旧的话' }] }, true)
    expect(t.quotes.get(7)).toMatchObject({ retracted: true, sum: undefined })
  })

  it('holds few single ones, whatever is quoted', () => {
    const t = opened(100_000)
    for (let seq = 1; seq <= 3000; seq++) t.hold({ room: 'r1', seq: 100_000, new: [item(seq)] })
    for (let seq = 1; seq <= 3000; seq++)
      t.apply({ room: 'r1', seq: 100_000 + seq, set: [{ seq: 5000 + seq, ch: 100_000 + seq, state: {} }] })
    expect(t.apart().length).toBeLessThan(most)
    expect((t as unknown as { early: Map<Seq, unknown> }).early.size).toBeLessThanOrEqual(most)
  })
})
