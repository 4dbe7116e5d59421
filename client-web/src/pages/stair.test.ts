import { expect, test } from 'vitest'
import { stairOf } from './stair'

const doors = {
  buildings: [
    { name: '3号楼', entrances: [{ name: '1单元' }, { name: '2单元' }] },
    { name: '5号楼', entrances: [{ name: '' }] },
  ],
  shops: ['小卖部'],
}

test('a stair keeps its own doors and the shops; an address that names none, or one that there is not, changes nothing', () => {
  expect(stairOf(doors, { building: '3号楼', entrance: '2单元' })).toEqual({
    buildings: [{ name: '3号楼', entrances: [{ name: '2单元' }] }],
    shops: ['小卖部'],
  })
  expect(stairOf(doors, { building: '5号楼', entrance: '' })?.buildings[0]?.name).toBe('5号楼')
  expect(stairOf(doors, { building: '5号楼' })?.buildings).toHaveLength(1)
  for (const at of [
    {},
    { building: '3号楼' },
    { building: '9号楼', entrance: '1单元' },
    { building: ['3号楼'], entrance: 1 },
  ])
    expect(stairOf(doors, at)).toBeUndefined()
})
