import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { summary } from '@/kinds/summary'
import { en } from './en'
import { day, refusal, speak, t, waited, when } from './index'
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

  it('speak Chinese plainly: no officialese, nobody called a user, how long something takes in digits', () => {
    for (const [key, text] of Object.entries(zh)) {
      expect(text, key).not.toMatch(/请勿|！|用户|工单|闭环|操作失败|台账|亲爱的/)
      expect(text, key).not.toMatch(/(?<![某头])[一二两三四五六七八九十半](天|个?小时|分钟)/)
      if (key !== 'role_admin') expect(text, key).not.toContain('管理员') // a title, in lists of who has it
    }
  })

  it('have words for every refusal of the server', () => {
    const source = readFileSync(resolve('../internal/fault/fault.go'), 'utf8')
    const codes = [...source.matchAll(/Code = "([a-z-]+)"/g)].map((m) => m[1]!)
    expect(codes.length).toBeGreaterThan(25)
    for (const code of codes) expect(Object.keys(zh), code).toContain(`f_${code}`)
  })

  it('keep to the voice: no orders, no shouting, numbers in digits', () => {
    const never =
      /请勿|[！!]|亲爱|用户|管理员|工单|闭环|操作失败|无法|你|(?<!第|每|某|哪|这|那|同)[一二两三四五六七八九十百]+(?:天|小时|分钟|个月)/
    for (const [key, text] of Object.entries(zh)) if (key !== 'role_admin') expect(text, key).not.toMatch(never)
  })

  it('are all read somewhere', () => {
    const files = readdirSync('src', { recursive: true }).map(String)
    const source = files
      .filter((f) => /\.(vue|ts)$/.test(f) && !/^words.(zh|en)/.test(f) && !f.endsWith('.test.ts'))
      .map((f) => readFileSync(resolve('src', f), 'utf8'))
      .join('\n')
    // A word is named whole, or made of the part before its last capital, dash or underscore and what is shown.
    const parts = (key: string) => [...key.matchAll(/[A-Z_-]/g)].map((m) => key.slice(0, m.index))
    const read = (key: string) =>
      source.includes(`'${key}'`) ||
      [key, ...parts(key)].some((p) => p && new RegExp(`[\`']${p}[_-]?\\$\\{`).test(source))
    expect(Object.keys(zh).filter((key) => !read(key))).toEqual([])
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
    expect(t('minShort', { n: 5 })).toBe('5 分钟')
    expect(t('minShort', {})).toBe('{n} 分钟')
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
    expect(refusal({ code: 'internal', with: { id: 'K7M2QWER2345' } })).toContain('编号 K7M2QWER2345')
  })

  it('tell what was forgotten from what is damaged', () => {
    const item = { kind: 'text', seq: 1, ch: 1, at: 1, by: 'p1' }
    expect(summary(item)).toBe(zh.forgotten)
    expect(summary({ ...item, words: { damaged: true } })).toBe(zh.unreadable)
  })

  it('say how long somebody has waited, and within the first minute that it was only just said', () => {
    expect(waited(0)).toBe(zh.justSaid)
    expect(waited(59_999)).toBe(zh.justSaid)
    expect(waited(60_000)).toBe('等了 1 分钟')
    expect(waited(16 * 3600_000)).toBe('等了 16 小时')
  })

  it('change at once', async () => {
    await speak('en')
    expect(t('back')).toBe(en.back)
    expect(document.documentElement.lang).toBe('en')
  })
})
