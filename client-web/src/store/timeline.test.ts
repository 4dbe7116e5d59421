import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Delivery, Item, Seq } from '@/wire/types'
import { Timeline } from './timeline'

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

const line = (deliveries: Delivery[]) => {
  const t = new Timeline('r1')
  for (const d of deliveries) t.apply(structuredClone(d))
  return t
}

describe.each(goldens)('deliveries of $name', ({ deliveries, items, pins }) => {
  it('end in what the server has', () => {
    const t = line(deliveries)
    expect(shown(t.items.value)).toEqual(shown(items))
    expect(t.pins.value).toEqual(pins)
    expect(t.ch).toBe(deliveries.at(-1)!.seq)
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
