import { describe, expect, it } from 'vitest'
import type { Delivery, Item } from '@/wire/types'
import { stirs } from './stirs'

const listed = (_: string, seq: number) => seq === 3
const told = (d: Partial<Delivery>, answers = false) => stirs({ room: 'r1', seq: 9, ...d }, listed, answers)
const item = (kind: string, state: Record<string, unknown> = {}): Item => ({
  seq: 9,
  ch: 9,
  kind,
  by: 'p2',
  at: 1,
  state,
})
const set = (seq: number, state: Record<string, unknown>) => ({ set: [{ seq, ch: 9, state }] })
const mine = (seq: number, own: Record<string, unknown> | null) => ({ mine: [{ seq, ch: 9, own }] })

describe('the list of what waits is asked for again', () => {
  it('when what stands on it is over, and when something of mine changed', () => {
    expect(told(set(3, { open: false }))).toBe('now')
    expect(told(set(3, { status: 'closed' }))).toBe('now')
    expect(told(set(3, { retracted: true }))).toBe('now')
    expect(told(mine(3, { confirmed: true }))).toBe('now')
    expect(told(mine(4, { asker: true, contact: true }))).toBe('now')
    expect(told(mine(4, { helper: true }))).toBe('now')
    expect(told(mine(4, null))).toBe('now')
  })
  it('when something new may wait for me', () => {
    for (const i of [item('notice', { confirm: true }), item('poll'), item('signup')])
      expect(told({ new: [i] })).toBe('soon')
    for (const kind of ['suggestion', 'emergency']) {
      expect(told({ new: [item(kind)] })).toBe('')
      expect(told({ new: [item(kind)] }, true)).toBe('soon')
    }
  })
  it('never for the history of a room', () => {
    expect(told({ reset: true, new: [item('notice', { confirm: true })], ...mine(4, { helper: true }) })).toBe('')
  })
  it('and never for talk, the votes of others, or a number that owners are told', () => {
    expect(told({ new: [item('text'), item('joined'), item('notice', { confirm: false })], people: [] })).toBe('')
    expect(told(set(3, { open: true, votes: [4, 5] }))).toBe('')
    expect(told(set(4, { react: { 赞: ['p2'] } }))).toBe('')
    expect(told(mine(3, { n: 23 }))).toBe('')
    expect(told(mine(4, { n: 23 }))).toBe('')
    expect(told(mine(4, { option: 1, by: 'p1' }))).toBe('')
  })
})
