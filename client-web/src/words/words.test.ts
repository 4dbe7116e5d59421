import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { en } from './en'
import { day, refusal, speak, t, when } from './index'
import { zh } from './zh'

const braces = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()

describe('the languages', () => {
  it('say the same things with the same gaps', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) {
      expect([...new Set(braces(en[key]))], key).toEqual([...new Set(braces(zh[key]))])
      expect(en[key].trim(), key).not.toBe('')
      expect(zh[key].trim(), key).not.toBe('')
    }
  })

  it('have no Chinese left in the English', () => {
    for (const [key, text] of Object.entries(en))
      expect(text.replace(/邻里|中文|3号楼2单元501/g, ''), key).not.toMatch(/\p{Script=Han}/u)
  })

  it('have words for every refusal of the server', () => {
    const source = readFileSync(resolve('../internal/fault/fault.go'), 'utf8')
    const codes = [...source.matchAll(/Code = "([a-z-]+)"/g)].map((m) => m[1]!)
    expect(codes.length).toBeGreaterThan(25)
    for (const code of codes) expect(Object.keys(zh), code).toContain(`f_${code}`)
  })

  it('are all that the pages say', () => {
    const files = readdirSync('src', { recursive: true }).map(String)
    const pages = files.filter((f) => f.endsWith('.vue') && !f.includes('WindowGlyph'))
    expect(pages.length).toBeGreaterThan(30)
    for (const file of pages) {
      const source = readFileSync(resolve('src', file), 'utf8')
      const template = source.slice(source.indexOf('<template>')).replace(/<!--.*?-->/gs, '')
      // Text between tags, without what is computed.
      for (const [, text] of template.matchAll(/>([^<>]*)</g))
        expect(text!.replace(/\{\{.*?\}\}|中文/gs, ''), file).not.toMatch(/\p{Script=Han}/u)
    }
  })
})

describe('words', () => {
  afterEach(() => speak('zh-CN'))

  it('fill their gaps and leave unknown ones', () => {
    expect(t('minutes', { n: 5 })).toBe('5 分钟')
    expect(t('minutes', {})).toBe('{n} 分钟')
  })

  it('tell a day as people do', () => {
    const now = new Date(2026, 2, 6, 12).getTime()
    expect(day(now, now)).toBe('今天')
    expect(day(now - 86_400_000, now)).toBe('昨天')
    expect(when(new Date(2026, 2, 6, 9, 5).getTime(), now)).toBe('09:05')
    expect(when(new Date(2026, 2, 5, 9, 5).getTime(), now)).toBe('昨天 09:05')
    expect(when(new Date(2026, 2, 7, 9, 5).getTime(), now)).toBe('明天 09:05')
    expect(day(new Date(2025, 11, 31).getTime(), now)).toContain('2025')
  })

  it('say why something was refused, and never nothing', () => {
    expect(refusal({ code: 'wrong', with: { left: 3 } })).toContain('3')
    expect(refusal({ code: 'of-a-later-server' })).toBe(zh.f_internal)
  })

  it('change at once', async () => {
    await speak('en')
    expect(t('back')).toBe(en.back)
    expect(document.documentElement.lang).toBe('en')
  })
})
