import { describe, expect, it } from 'vitest'
import { called, calling, type Spelled, sought } from './callees'

const people: Spelled[] = [
  { id: 'p1', rev: 1, name: '3-1-101 张先生', badge: '业主', spelled: 'zhangxiansheng zxs' },
  { id: 'p2', rev: 1, name: '3-1-102 李女士', badge: '志愿者', spelled: 'linvshi lns' },
  { id: 'p3', rev: 1, name: '物业 王经理', badge: '物业', spelled: 'wuyewangjingli wywjl' },
]
const words = { all: '', duty: '值班' }
const names = (q: string, w = words) => sought(q, people, w).map((c) => c.name)

describe('an @', () => {
  it('finds people by door, name and letters', () => {
    expect(names('102')).toEqual(['3-1-102 李女士'])
    expect(names('李')).toEqual(['3-1-102 李女士'])
    expect(names('lns')).toEqual(['3-1-102 李女士'])
    expect(names('zhang')).toEqual(['3-1-101 张先生'])
    expect(names('物业')).toEqual(['物业', '物业 王经理'])
    expect(names('谁')).toEqual([])
  })
  it('offers everybody only to who may, and only roles that somebody has', () => {
    expect(names('')).toEqual(['值班', '物业', '志愿者', '3-1-102 李女士', '物业 王经理', '3-1-101 张先生'])
    expect(names('所有', { all: '所有人', duty: '值班' })).toEqual(['所有人'])
  })
  it('is one where somebody is being called, and not in an address', () => {
    expect(calling('好的 @李', 5)).toBe('李')
    expect(calling('@', 1)).toBe('')
    expect(calling('a@b.cn', 3)).toBeUndefined()
    expect(calling('@李女士 在吗', 8)).toBeUndefined()
  })
  it('counts as long as it stands in the text', () => {
    const picked = sought('lns', people, words)
    expect(called('@3-1-102 李女士 在吗', picked)).toEqual({ to: ['p2'] })
    expect(called('在吗', picked)).toEqual({})
    expect(
      called('@值班 @所有人', [
        { name: '值班', role: '值班' },
        { name: '所有人', all: true },
      ]),
    ).toEqual({ roles: ['值班'], all: true })
  })
})
