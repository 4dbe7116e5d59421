import { describe, expect, it } from 'vitest'
import { type Building, count, doorsOf, named, tables } from './numbers'

const b = (name: string, stairs: number, floors: number, doors: number, more: Partial<Building> = {}): Building => ({
  name,
  stairs,
  floors,
  doors,
  ground: '',
  other: {},
  ...more,
})
const text = (f: File) => f.text()

describe('homes counted by hand', () => {
  it('are numbered as doors are: stair, floor, door', async () => {
    const yard = {
      community: '湖心社区',
      compound: '和园',
      rooms: 'one' as const,
      buildings: [b('1', 2, 3, 2), b('2号楼', 2, 4, 2), b('3', 1, 6, 2)],
    }
    const [places, homes, ...none] = tables(yard)
    expect(none).toEqual([])
    expect(await text(places!)).toBe('级别,名称,上级\n社区,湖心社区,\n群,和园,湖心社区\n')
    const rows = (await text(homes!)).trim().split('\n')
    expect(rows).toHaveLength(41)
    expect(rows[1]).toBe('湖心社区,和园,1号楼,1单元,101')
    expect(rows.at(-1)).toBe('湖心社区,和园,3号楼,1单元,602')
    expect(doorsOf(b('x', 1, 11, 1)).at(-1)!.door).toBe('1101')
  })

  it('leave out what is otherwise, and shops are shops', async () => {
    const one = b('5', 1, 3, 2, { ground: 'shop', other: { '1-102': 'none', '1-301': 'none', '1-302': 'shop' } })
    expect(count(doorsOf(one), 'home')).toBe(2)
    expect(count(doorsOf(one), 'shop')).toBe(2)
    const files = tables({ community: '湖心社区', compound: '和园', rooms: 'each', buildings: [one] })
    expect(await text(files[0]!)).toContain('群,和园5号楼,湖心社区')
    expect(await text(files[2]!)).toBe(
      '社区,小区,店铺名称,地址\n湖心社区,和园,5号楼1单元101店,5号楼1单元101\n湖心社区,和园,5号楼1单元302店,5号楼1单元302\n',
    )
  })

  it('are none for numbers that are none, and no more than a house has', () => {
    for (const n of [0, -1, Number.NaN, '' as unknown as number]) expect(doorsOf(b('1', n, 3, 2))).toEqual([])
    expect(doorsOf(b('1', 999, 999, 999)).length).toBe(20 * 60 * 30)
    expect(named(' 12 ')).toBe('12号楼')
    expect(named('东楼')).toBe('东楼')
  })

  it('write a name with a comma or quotes as one cell', async () => {
    const [homes] = tables({ community: '湖心,社区', compound: '和"园', rooms: 'none', buildings: [b('1', 1, 1, 1)] })
    expect((await text(homes!)).split('\n')[1]).toBe('"湖心,社区","和""园",1号楼,1单元,101')
  })
})
