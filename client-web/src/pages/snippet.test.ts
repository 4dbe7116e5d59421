import type { Item } from '@/wire/types'
import { expect, it } from 'vitest'
import { said, snippet } from './snippet'

const plain = (text: string, sought: string) =>
  snippet(text, sought)
    .map((p) => (p.mark ? `[${p.text}]` : p.text))
    .join('')

it('marks what was sought and shows what stands around it', () => {
  expect(plain('我家在上海东边', '上海')).toBe('我家在[上海]东边')
  expect(plain('买A4纸和a4本', 'A4')).toBe('买[A4]纸和[a4]本')
  expect(plain('上海的水', '水 上海')).toBe('[上海]的[水]')
  expect(plain('出入证怎么办', 'crz')).toBe('出入证怎么办')
  expect(plain('说的是.*', '.*')).toBe('说的是[.*]')
  expect(plain('<b>粗</b>', '<b>')).toBe('[<b>]粗</b>')
  expect(plain(`${'零'.repeat(30)}停水`, '停水')).toBe(`…${'零'.repeat(12)}[停水]`)
  expect(plain(`停水${'零'.repeat(99)}`, '停水')).toBe(`[停水]${'零'.repeat(58)}…`)
  expect(plain(`${'😀'.repeat(20)}停水`, '停水')).not.toMatch(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/,
  )
})

it('what has no words is shown by its line, without the kind', () => {
  const item = {
    seq: 3,
    ch: 3,
    kind: 'sticker',
    by: 'p1',
    at: 1,
    sum: '[表情] 下雨了',
    state: { name: 'rain' },
  } as Item
  expect(said(item)).toBe('下雨了')
  expect(said({ ...item, words: { title: '停水', body: '今晚' } })).toMatch(/^停水 /)
})
