import { describe, expect, it } from 'vitest'
import { sentences, spoken, spokenWhen } from './spoken'

describe('what is said aloud', () => {
  it('has times as people say them', () => {
    expect(spoken('今天22:00至次日5:00停水')).toBe('今天晚上 10 点到第二天早上 5 点停水')
    expect(spoken('9:00-11:30 打疫苗')).toBe('上午 9 点到上午 11 点半 打疫苗')
    expect(spoken('晚上 8:05 开会')).toBe('晚上 8 点 5 分 开会')
    expect(spoken('00:30、12:00、24:00')).toBe('凌晨 0 点半、中午 12 点、晚上 12 点')
  })

  it('has doors as people say them, and leaves other numbers alone', () => {
    expect(spoken('请 3-2-501 王女士开门')).toBe('请 3 号楼 2 单元 501 王女士开门')
    expect(spoken('2026-03-04、0371-6666-1234、比分 3:1、88:99')).toBe('2026-03-04、0371-6666-1234、比分 3:1、88:99')
  })

  it('tells a time near and far', () => {
    const now = new Date(2026, 2, 6, 12).getTime()
    const at = (d: number, h: number, m = 0) => spokenWhen(new Date(2026, 2, d, h, m).getTime(), now)
    expect(at(6, 22)).toBe('今晚 10 点')
    expect(at(7, 5)).toBe('明早 5 点')
    expect(at(6, 14, 30)).toBe('今天下午 2 点半')
    expect(at(8, 9)).toBe('后天上午 9 点')
    expect(at(20, 15)).toBe('3月20日周五下午 3 点')
  })

  it('comes in sentences, and nothing of it is lost', () => {
    const text = '各位邻居：\n今晚停水。请提前存水！有事找谁？群主'
    expect(sentences(text).join('')).toBe(text)
    expect(sentences(text)).toHaveLength(5)
    expect(sentences('')).toEqual([])
  })
})
