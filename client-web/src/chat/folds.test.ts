import { describe, expect, it } from 'vitest'
import type { Item } from '@/wire/types'
import { folder, isHeard, type Line, lineOf } from './folds'

const morning = new Date(2026, 2, 6, 9).getTime()
const minute = 60_000
const say = (seq: number, text: string, more: Partial<Item> = {}): Item => ({
  seq,
  ch: seq,
  kind: 'text',
  by: `p${seq}`,
  at: morning + seq * 1000,
  words: { text },
  ...more,
})
const request = (seq: number, status = 'rated', more: Partial<Item> = {}): Item => ({
  ...say(seq, '买药'),
  kind: 'request',
  state: { status },
  ...more,
})
const none = new Set<number>()
const mine = (i: Item) => i.by === 'me'
const seen = (lines: Line[]) =>
  lines.map((l) => (l.fold ? `${l.fold}(${l.items!.map((i) => i.seq).join(' ')})` : String(l.item!.seq))).join(' ')
const fold = (items: Item[], opened: ReadonlySet<number> = none, unreadFrom = 0) =>
  seen(folder(mine)(items, opened, unreadFrom))

describe('who says that they have read it', () => {
  it('is known by the words people use', () => {
    for (const text of [
      '收到',
      '收到！',
      '好的，收到',
      '已收到',
      '👍',
      '👍🏻👍🏻',
      '谢谢',
      '收到，谢谢！',
      '收到👍',
      '收到,谢谢群主',
      '感谢🙏',
      ' 收到 ',
    ])
      expect(isHeard(say(1, text)), text).toBe(true)
  })
  it('is not who says more, calls somebody or took it back', () => {
    for (const text of ['收到，几点来水？', '谢谢王阿姨', '没收到', '好的', '', '收到'.repeat(20)])
      expect(isHeard(say(1, text)), text).toBe(false)
    expect(isHeard(say(1, '收到', { state: { to: ['p1'] } }))).toBe(false)
    expect(isHeard(say(1, '收到', { state: { retracted: true }, words: null }))).toBe(false)
    expect(isHeard(say(1, '收到', { kind: 'notice' }))).toBe(false)
  })
})

describe('a flood of 收到', () => {
  const flood = (from: number, n: number) => Array.from({ length: n }, (_, i) => say(from + i, '收到'))
  it('is one line from the third on, and two stay as they are', () => {
    expect(fold([say(1, '停水'), ...flood(2, 2)])).toBe('1 2 3')
    expect(fold([say(1, '停水'), ...flood(2, 18), say(20, '几点？')])).toBe(
      `1 heard(${flood(2, 18)
        .map((i) => i.seq)
        .join(' ')}) 20`,
    )
  })
  it('ends after ten minutes and at midnight', () => {
    const late = (seq: number, ms: number) => say(seq, '收到', { at: morning + ms })
    const list = [late(1, 0), late(2, minute), late(3, 10 * minute), late(4, 11 * minute), late(5, 12 * minute)]
    expect(fold(list)).toBe('heard(1 2 3) 4 5')
    const midnight = new Date(2026, 2, 7).getTime()
    const across = [-2, -1, 0, 1].map((m, i) => say(i + 1, '收到', { at: midnight + m * minute }))
    expect(fold(across)).toBe('1 2 3 4')
  })
  it('leaves out my own, which I want to see', () => {
    const list = flood(1, 7)
    list[3] = say(4, '收到', { by: 'me' })
    expect(fold(list)).toBe('heard(1 2 3) 4 heard(5 6 7)')
  })
  it('does not reach over what is new', () => {
    expect(fold(flood(1, 6), none, 4)).toBe('heard(1 2 3) heard(4 5 6)')
    expect(fold(flood(1, 6), none, 2)).toBe('1 heard(2 3 4 5 6)')
  })
  it('opens where it stands, and stays open when it grows at either end', () => {
    const list = flood(5, 4)
    const opened = new Set(list.map((i) => i.seq))
    expect(fold(list, opened)).toBe('heard(5 6 7 8) 5 6 7 8')
    expect(fold([...flood(3, 2), ...list, say(9, '收到')], opened)).toBe('heard(3 4 5 6 7 8 9) 3 4 5 6 7 8 9')
  })
  it('names the next speaker again, whose words before are folded away', () => {
    const lines = folder(mine)([...flood(1, 3), say(4, '几点？', { by: 'p3' })], none)
    expect(lines.at(-1)!.before).toMatchObject({ seq: 3, by: '' })
    const open = folder(mine)(flood(1, 3), new Set([2]))
    expect(open[1]!.before).toMatchObject({ seq: 1, by: '' })
    expect(open[2]!.before).toMatchObject({ seq: 1, by: 'p1' })
  })
})

describe('what is over', () => {
  it('folds from the third in a row, when that saves a line', () => {
    const list = Array.from({ length: 5 }, (_, i) => request(i + 1))
    expect(fold(list.slice(0, 3))).toBe('1 2 3')
    expect(fold(list)).toBe('1 2 ended(3 4 5)')
    expect(fold([...list.slice(0, 2), request(3, 'open'), ...list.slice(3)])).toBe('1 2 3 4 5')
  })
  it('is every kind that has an end, and nothing that was taken back', () => {
    const poll = { ...request(3), kind: 'poll', state: { open: false } }
    const notice = { ...request(4), kind: 'notice', state: { confirm: true, withdrawn: 1 } }
    const false_ = { ...request(5), kind: 'emergency', state: { status: 'false' } }
    expect(fold([request(1), request(2), poll, notice, false_])).toBe('1 2 ended(3 4 5)')
    expect(fold([request(1), request(2), request(3), { ...poll, state: { retracted: true } }, notice])).toBe(
      '1 2 3 3 4',
    )
  })
  it('leaves my own where I look for it', () => {
    const list = Array.from({ length: 6 }, (_, i) => request(i + 1))
    list[2] = request(3, 'closed', { by: 'me' })
    expect(fold(list)).toBe('1 2 3 4 5 6')
  })
  it('does not fold away what ended while it was looked at', () => {
    const f = folder(mine)
    const list = [request(1), request(2), request(3, 'done'), request(4), request(5)]
    expect(seen(f(list, none))).toBe('1 2 3 4 5')
    list[2] = request(3, 'closed')
    expect(seen(f(list, none))).toBe('1 2 3 4 5')
    expect(fold(list)).toBe('1 2 ended(3 4 5)')
  })
})

it('every item is found in exactly one line, open or shut', () => {
  const words = ['收到', '几点？', '谢谢', '收到']
  const list = Array.from({ length: 60 }, (_, i) => (i % 13 > 7 ? request(i + 1) : say(i + 1, words[i % 4]!)))
  for (const opened of [none, new Set(list.map((i) => i.seq))]) {
    const lines = folder(mine)(list, opened, 30)
    expect(new Set(lines.map((l) => l.key)).size).toBe(lines.length)
    for (const item of list) {
      const at = lineOf(lines, item.seq)
      const l = lines[at]!
      expect(l.item?.seq === item.seq || l.items!.includes(item)).toBe(true)
    }
    const shown = lines.flatMap((l) => (l.fold ? (l.open ? [] : l.items!) : [l.item!]))
    expect(shown.map((i) => i.seq)).toEqual(list.map((i) => i.seq))
  }
  expect(lineOf([], 1)).toBe(-1)
})
