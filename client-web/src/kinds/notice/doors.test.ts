import { expect, test } from 'vitest'
import { type Doorway, entrances, floors, stateOf } from './doors'

const home = (entrance: string, door: string): Doorway => ({
  premises: `h${entrance}${door}`,
  label: `3-${entrance}-${door}`,
  kind: 'home',
  building: '3号楼',
  entrance: `${entrance}单元`,
  door,
})

test('doors stand by entrance, floors from the top, doors from the left', () => {
  const all = [home('1', '1002'), home('1', '1001'), home('1', '201'), home('2', '101')]
  const shop: Doorway = { premises: 's1', label: '面馆', kind: 'shop' }
  const found = entrances([...all, shop])
  expect(found.map((e) => e.name)).toEqual(['3号楼 1单元', '3号楼 2单元', ''])
  expect(floors(found[0]!).map((row) => row.map((d) => d.door))).toEqual([['1001', '1002'], ['201']])
})

test('a door without a number has a floor of its own', () => {
  const e = { name: '', doors: [home('1', '门房'), home('1', '101')] }
  expect(floors(e).map((row) => row.map((d) => d.door))).toEqual([['101'], ['门房']])
})

test('a window is lit, half lit or dark', () => {
  const d = home('1', '101')
  expect([stateOf(d, new Set([d.premises])), stateOf({ ...d, seen: true }, new Set()), stateOf(d, new Set())]).toEqual([
    'on',
    'half',
    'off',
  ])
})
