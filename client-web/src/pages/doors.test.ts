import { expect, test } from 'vitest'
import { fits, flat } from './doors'

const doors = flat({
  buildings: [
    {
      name: '3号楼',
      entrances: [
        {
          name: '2单元',
          doors: [
            { premises: 'a', door: '501' },
            { premises: 'b', door: '1501' },
          ],
        },
        { name: '', doors: [{ premises: 'c', door: '甲-1' }] },
      ],
    },
  ],
  shops: [{ premises: 's', name: '张记包子' }],
})
const found = (q: string) =>
  doors
    .filter((d) => fits(d, q))
    .map((d) => d.premises)
    .join('')

test('a door is found by its digits, whatever stands between them, and by its words', () => {
  expect(found('')).toBe('abcs')
  for (const q of ['501', '5-0-1']) expect(found(q), q).toBe('ab')
  for (const q of ['32501', '3-2-501', '3 2 501', '3号楼2单元501', '２５０１', '2-501']) expect(found(q), q).toBe('a')
  expect(found('1501')).toBe('b')
  expect(found('甲')).toBe('c')
  expect(found('包子')).toBe('s')
  for (const q of ['9-9-999', '李记']) expect(found(q), q).toBe('')
})

test('a door is called as on its walls, and as neighbours write it', () => {
  expect([doors[0]!.label, doors[0]!.short]).toEqual(['3号楼 2单元 501', '3-2-501'])
})
