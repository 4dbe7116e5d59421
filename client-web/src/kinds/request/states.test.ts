import { expect, it } from 'vitest'
import type { Item } from '@/wire/types'
import { longFor } from './states'

const minute = 60_000

it('a request that nobody took for long is seen to wait, unless a time that it is wanted by says more', () => {
  const asked = (state: Record<string, unknown>) =>
    ({ seq: 1, ch: 1, kind: 'request', by: 'p1', at: 0, state: { status: 'open', ...state } }) as unknown as Item
  expect(longFor(asked({}), 19 * minute)).toBe(false)
  expect(longFor(asked({}), 26 * minute)).toBe(true)
  expect(longFor(asked({ by: 90 * minute }), 34 * minute)).toBe(false)
})
