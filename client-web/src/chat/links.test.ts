import { describe, expect, it } from 'vitest'
import { me } from '@/store/live'
import type { Me } from '@/wire/types'
import { posesAs, previewable } from './links'

describe('a link that is not what it seems', () => {
  it.each([
    ['https://www.icbc.com.cn@evil.cn/', '', 'www.icbc.com.cn'],
    ['https://www.icbc.com.cn:x@evil.cn/', '', 'www.icbc.com.cn'],
    ['https://evil.cn/login', '请登录 www.icbc.com.cn：', 'www.icbc.com.cn'],
    ['https://evil.cn/login', '[WWW.ICBC.com.cn](', 'www.icbc.com.cn'],
    ['https://evil.cn/login', '（www.icbc.com.cn）', 'www.icbc.com.cn'],
  ])('%s behind "%s"', (link, before, want) => expect(posesAs(link, before)).toBe(want))

  it.each([
    ['https://www.icbc.com.cn/', ''],
    ['https://www.icbc.com.cn/', '工商银行 www.icbc.com.cn：'],
    ['https://mybank.icbc.com.cn/', 'icbc.com.cn '],
    ['https://evil.cn/a', '停水通知.pdf '],
    ['https://evil.cn/a', '版本 3.5 '],
    ['https://evil.cn/a', '昨天看了 www.icbc.com.cn 和别的，还有'],
    ['https://evil.cn/?to=www.icbc.com.cn@', ''],
    ['https://', ''],
  ])('%s is', (link, before) => expect(posesAs(link, before)).toBe(''))
})

it('asks about links of listed hosts alone', () => {
  me.value = { features: { previews: ['www.example.gov.cn', '.city.cn'] } } as unknown as Me
  expect(previewable('看https://www.example.gov.cn/a。')).toBe(true)
  expect(previewable('https://water.city.cn/')).toBe(true)
  for (const text of [
    'http://www.example.gov.cn/',
    'https://city.cn.evil.cn/',
    'https://evil.cn/www.example.gov.cn',
    '停水',
  ])
    expect(previewable(text), text).toBe(false)
  me.value = { features: { previews: [] } } as unknown as Me
  expect(previewable('https://www.example.gov.cn/')).toBe(false)
})
