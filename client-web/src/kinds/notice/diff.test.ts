import { expect, test } from 'vitest'
import { diff } from './diff'

const shown = (a: string, b: string) =>
  diff(a, b)
    .map((p) => ({ same: p.text, old: `-${p.text}-`, new: `+${p.text}+` })[p.is])
    .join('')

test('a time that changed is struck and said again whole, what was added is marked', () => {
  expect(
    shown(
      '今晚 22:00 至次日 5:00 停水，请提前储水。',
      '今晚 23:00 至次日 6:00 停水，请提前储水。高层来水会晚 1 小时左右。',
    ),
  ).toBe('今晚 -22:00 至次日 5:00-+23:00 至次日 6:00+ 停水，请提前储水。+高层来水会晚 1 小时左右。+')
})

test('what is the same, all new, or gone', () => {
  expect(shown('停水', '停水')).toBe('停水')
  expect(shown('', '停水')).toBe('+停水+')
  expect(shown('停水', '')).toBe('-停水-')
  expect(shown('甲乙丙', '丁戊')).toBe('-甲乙丙-+丁戊+')
})

test('old and new come out whole, whatever the texts', () => {
  const letters = '停水电今晚12:30。，\n'
  const some = (n: number, seed: number) =>
    Array.from({ length: n }, (_, i) => letters[(seed * (i + 7) * (i + 3) + i) % letters.length]).join('')
  for (let i = 0; i < 60; i++) {
    const [a, b] = [some(i, 3 + i), some((i * 7) % 50, 5 + i)]
    const of = (not: string) =>
      diff(a, b)
        .filter((p) => p.is !== not)
        .map((p) => p.text)
        .join('')
    expect([of('new'), of('old')]).toEqual([a, b])
  }
  const [a, b] = ['甲'.repeat(4000), '乙'.repeat(4000)]
  expect(diff(a, b)).toEqual([
    { is: 'old', text: a },
    { is: 'new', text: b },
  ])
})
