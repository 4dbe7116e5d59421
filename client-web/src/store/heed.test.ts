import { describe, expect, it } from 'vitest'
import type { Choices, RoomRow, TodoRow } from '@/wire/types'
import { comesBack } from './away'
import { heeded, mutes, needs, withMuted } from './heed'

const choices = (muted: Record<string, string[]> = {}): Choices => ({ muted, quiet: { from: 22, to: 7 }, topics: {} })
const row = (lanes: Record<string, number>, called?: number) =>
  ({ id: 'r1', lanes, read: { seq: 5, lanes: {} }, called, member: true }) as unknown as RoomRow
const waits = (kind: string, seq: number) => ({ room: 'r1', seq, act: 'confirm', item: { kind } }) as unknown as TodoRow

describe('a muted lane', () => {
  it('is chosen for one room, and leaves no trace when it is chosen off', () => {
    const c = withMuted(choices({ r2: ['chat'] }), 'r1', 'chat', true)
    expect(c.muted).toEqual({ r2: ['chat'], r1: ['chat'] })
    expect(withMuted(withMuted(c, 'r1', 'notice', true), 'r1', 'chat', false).muted.r1).toEqual(['notice'])
    expect(withMuted(c, 'r1', 'chat', false).muted).toEqual({ r2: ['chat'] })
    expect(mutes(c, 'r1', 'notice')).toBe(false)
  })
  it('is in no number but the one at its room', () => {
    const r = row({ chat: 40, notice: 2, request: 3 })
    expect(heeded(r, choices())).toBe(45)
    expect(heeded(r, choices({ r1: ['chat'] }))).toBe(5)
    expect(heeded(r, choices({ r1: ['chat', 'notice', 'request'] }))).toBe(0)
  })
  it('lets a call through, and what has to be confirmed', () => {
    expect(needs(row({ chat: 40 }), choices())).toBe(false)
    expect(needs(row({ notice: 1 }), choices())).toBe(true)
    expect(needs(row({ notice: 1 }), choices({ r1: ['notice'] }))).toBe(false)
    expect(needs(row({ notice: 1 }), choices({ r1: ['notice'] }), [waits('notice', 6)])).toBe(true)
    expect(needs(row({ notice: 1 }), choices({ r1: ['notice'] }), [waits('notice', 5)])).toBe(false)
    expect(needs(row({ chat: 1 }, 6), choices({ r1: ['chat'] }))).toBe(true)
  })
})

it('what was missed is offered after a day, or when it is very much, and not again for a day', () => {
  const day = 24 * 3600_000
  expect(comesBack(day + 1, 1, day + 1)).toBe(true)
  expect(comesBack(day + 1, 0, day + 1)).toBe(false)
  expect(comesBack(3600_000, 100, day + 1)).toBe(false)
  expect(comesBack(3600_000, 101, day + 1)).toBe(true)
  expect(comesBack(3600_000, 500, day - 1)).toBe(false)
})
