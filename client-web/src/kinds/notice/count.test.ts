import { expect, test } from 'vitest'
import { counted } from './count'

test('both numbers are of the doors that the room has now', () => {
  expect(counted({ of: 3, of_shops: 1 }, { n: 5, shops: 1, of: 7, of_shops: 2 }).text).toBe('4 / 5 户已确认 · 1 / 2 店')
  expect(counted({ of: 3 }, { n: 2, of: 2 })).toMatchObject({ n: 2, of: 2, text: '2 / 2 户已确认' })
  expect(counted({ of: 3 }, { n: 2 }).text).toBe('2 / 3 户已确认')
  expect(counted({ of: 3 }, null).text).toBe('0 / 3 户已确认')
})
