import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

// What was asked for and is on its way, with what answers it.
let asked: { url: string; say: (body: unknown) => void }[] = []
const task = (room: string) => ({
  room,
  roomName: '',
  seq: 3,
  at: 1,
  name: '',
  people: [],
  item: { seq: 3, ch: 3, kind: 'request', by: 'p9', at: 1, state: {} },
})
const page = async () => {
  vi.resetModules()
  const live = await import('./live')
  const signIn = (person: string) => {
    live.me.value = { person, device: `d-${person}` } as never
  }
  signIn('p1')
  return { ...live, ...(await import('./tasks')), signIn }
}

beforeEach(() => {
  asked = []
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  vi.stubGlobal(
    'fetch',
    (url: string) => new Promise((ok) => asked.push({ url, say: (body) => ok(Response.json(body)) })),
  )
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('what comes behind a sign-out is not for who signs in then', async () => {
  const t = await page()
  const before = t.loadTasks()
  await t.forget('self')
  t.signIn('p2')
  const after = t.loadTasks()
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  asked[0]!.say({ open: [task('r1')], mine: [], done: [] })
  await before
  expect(t.tasks.value).toBeUndefined()
  expect(t.timeline('r1').get(3)).toBeUndefined()
  asked[1]!.say({ open: [task('r2')], mine: [], done: [] })
  await after
  expect(t.tasks.value?.open.map((x) => x.room)).toEqual(['r2'])
})

it('what was about to be asked for is not asked for behind a sign-out', async () => {
  const t = await page()
  t.tasks.value = { open: [], mine: [], done: [] }
  t.news.dispatchEvent(new CustomEvent('hello'))
  await t.forget('self')
  t.signIn('p2')
  await vi.advanceTimersByTimeAsync(3000)
  expect(asked).toEqual([])
})
