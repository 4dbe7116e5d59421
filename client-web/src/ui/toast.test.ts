import 'fake-indexeddb/auto'
import { beforeEach, expect, it, vi } from 'vitest'
import { endLife } from '@/store/state'
import type { Item } from '@/wire/types'
import { attempt, toasts } from './toast'

beforeEach(() => {
  toasts.length = 0
})

it('why something was refused is said', async () => {
  expect(await attempt(() => Promise.reject({ code: 'not-member' }))).toBeUndefined()
  expect(toasts).toHaveLength(1)
})

it('who has signed out meanwhile is told nothing of what they had asked for', async () => {
  const late = attempt(async () => {
    endLife()
    throw { code: 'sign-in' }
  })
  expect(await late).toBeUndefined()
  expect(toasts).toEqual([])
})

it('nor of a card', async () => {
  const live = await import('@/store/live')
  const { useCard } = await import('@/kinds/card')
  live.me.value = { person: 'p1', device: 'd1' } as never
  const item = { seq: 3, ch: 3, kind: 'request', by: 'p2', at: 1 } as Item
  const done = useCard({ room: 'r1', item }).run('claim')
  await vi.waitFor(() => expect(live.outbox.size).toBe(1))
  await live.forget('self')
  expect(await done).toBe(false)
  expect(toasts).toEqual([])
})
