import { describe, expect, it } from 'vitest'
import type { CopyMade, CopyPlace, CopyReport, SystemBody } from '@/wire/gen'
import { judged, onDisk, outcome, percent, size } from './system'

const now = Date.UTC(2026, 10, 29, 4)
const minutes = (n: number) => now - n * 60_000
const counts = { logs: 3, frames: 40, items: 9, apart: 5, gone: 0, files: 2 }
const made = (at: number, more: Partial<CopyMade> = {}): CopyMade => ({
  ...counts,
  name: `c${at}`,
  at,
  whole: false,
  new: 1000,
  bytes: 9000,
  took: 20,
  ...more,
})
const tried = (at: number, wrong: string[] = [], copy = 'c') => ({
  at,
  took: 900,
  copy,
  was: counts,
  is: counts,
  wrong,
})
const well: CopyPlace = {
  target: '/mnt/a',
  known: true,
  copies: [made(minutes(40), { whole: true }), made(minutes(10))],
  last: { at: minutes(10) },
  verified: tried(minutes(300)),
}
const report = (...places: CopyPlace[]): CopyReport => ({ places, every: 900_000, next: now, days: 30, months: 12 })
const body = (backup?: CopyReport, more: Partial<SystemBody> = {}): SystemBody => ({
  version: '1',
  now,
  connections: 1,
  people: 1,
  memory: 1,
  entries: 1,
  reach: { homes: 1, reached: 1 },
  space: [],
  total: 1000,
  free: 500,
  reserve: 100,
  backup,
  ...more,
})
const found = (place: Partial<CopyPlace>, more: Partial<SystemBody> = {}) =>
  judged(body(report({ ...well, ...place }), more)).map((f) => `${f.what}${f.bad ? '!' : ''}`)

describe('how the machine is', () => {
  it('is well when the last copy is new, was tried and is the same, and the disk has room', () => {
    expect(found({})).toEqual([])
  })

  it('is not well without a place for copies', () => {
    expect(judged(body())).toEqual([{ what: 'absent', bad: false }])
  })

  it('says why the last copy failed, whatever the server calls it', () => {
    for (const why of ['full', 'missing', 'emptied', 'foreign', 'other'])
      expect(judged(body(report({ ...well, last: { at: now, why } })))[0]).toMatchObject({
        what: 'failed',
        bad: true,
        why,
      })
    expect(judged(body(report({ ...well, last: { at: now, why: 'of-a-later-server' } })))[0]?.why).toBe('other')
  })

  it('finds a copy late after twice the time between two, not before', () => {
    expect(found({ copies: [made(minutes(30))] })).toEqual([])
    expect(found({ copies: [made(minutes(31))] })).toEqual(['late!'])
  })

  it('finds a copy that was not tried, not for days, or could not be', () => {
    expect(found({ verified: undefined })).toEqual(['untried'])
    expect(found({ verified: tried(minutes(49 * 60)) })).toEqual(['stale'])
    expect(found({ verified: tried(minutes(9), ['no room'], '') })).toEqual(['unable!'])
    expect(found({ copies: [], last: undefined, verified: undefined })).toEqual(['first'])
  })

  it('finds a copy that is not the same, and one that leaves something out', () => {
    expect(judged(body(report({ ...well, verified: tried(minutes(9), ['a', 'b']) })))[0]).toMatchObject({
      what: 'wrong',
      n: 2,
    })
    expect(found({ copies: [made(minutes(1), { damaged: 2 })] })).toEqual(['damaged!'])
  })

  it('finds a disk with little room, and one with none', () => {
    expect(found({}, { free: 400 })).toEqual([])
    expect(found({}, { free: 399 })).toEqual(['low'])
    expect(found({}, { free: 99 })).toEqual(['reserve!'])
    expect(found({}, { free: 0, total: 0 })).toEqual([]) // not known
  })

  it('says the worst first, and of which place it is', () => {
    const second = { ...well, target: '/mnt/b', verified: tried(minutes(9), ['a']), last: { at: now, why: 'full' } }
    const all = judged(body(report({ ...well, verified: undefined }, second), { free: 200 }))
    expect(all.map((f) => [f.what, f.place])).toEqual([
      ['wrong', '/mnt/b'],
      ['failed', '/mnt/b'],
      ['low', undefined],
      ['untried', '/mnt/a'],
    ])
  })
})

describe('work that ended', () => {
  const from = report(well)
  it('is told by what is new in the report', () => {
    expect(outcome('copy', from, from)).toBe('none')
    expect(outcome('verify', from, from)).toBe('none')
    expect(outcome('copy', from, report({ ...well, last: { at: now } }))).toBe('copied')
    expect(outcome('copy', from, report({ ...well, last: { at: now, why: 'full' } }))).toBe('failed')
    expect(outcome('verify', from, report({ ...well, verified: tried(now) }))).toBe('same')
    expect(outcome('verify', from, report({ ...well, verified: tried(now, ['x']) }))).toBe('wrong')
  })
})

describe('numbers', () => {
  it('of bytes are short', () => {
    expect([0, 1, 20_480, 18 << 20, 1.2 * 2 ** 30, 400 * 2 ** 30, 2 * 2 ** 40].map(size)).toEqual([
      '0 KB',
      '1 KB',
      '20 KB',
      '18 MB',
      '1.2 GB',
      '400 GB',
      '2.0 TB',
    ])
  })
  it('of a share are never rounded up to what is not reached', () => {
    expect(percent(999_999, 1_000_000)).toBe('99.9')
    expect(percent(2, 2)).toBe('100.0')
  })
  it('of a disk leave to others what is not known', () => {
    const space = [{ kind: 'messages', bytes: 100 }]
    expect(onDisk(body(undefined, { space }))).toEqual([...space, { kind: 'other', bytes: 400 }])
    expect(onDisk(body(undefined, { space: [{ kind: 'messages', bytes: 900 }] })).at(-1)?.bytes).toBe(0)
  })
})
