import { expect, it } from 'vitest'
import { endLife } from '@/store/state'
import { toasts } from './toast'
import { useTry } from './tried'

it('one press acts once, and why it was refused stays until the next', async () => {
  const tried = useTry()
  let asked = 0
  let answer = (_: unknown) => {}
  const work = () =>
    new Promise<void>((_, no) => {
      answer = no
      asked++
    })
  const first = tried.run(work, 'a')
  expect(await tried.run(work, 'b')).toBeUndefined()
  expect([asked, tried.busy, tried.at]).toEqual([1, true, 'a'])
  answer({ code: 'forbidden' })
  await first
  expect(tried.busy).toBe(false)
  expect(tried.why).not.toBe('')
  expect(toasts).toEqual([])
  expect(await tried.run(async () => 'done')).toBe('done')
  expect(tried.why).toBe('')
})

it('who has signed out meanwhile is told nothing of it', async () => {
  const tried = useTry()
  await tried.run(async () => {
    endLife()
    throw { code: 'sign-in' }
  })
  expect(tried.why).toBe('')
})
