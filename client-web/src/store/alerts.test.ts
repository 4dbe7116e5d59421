import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Alert, RoomRow } from '@/wire/types'

const chime = vi.hoisted(() => vi.fn(async (_loud?: boolean) => true))
vi.mock('@/ui/chime', () => ({ chime }))

// The locks of a browser, which all of its tabs share.
class Locks {
  private held: { name: string; mode: string }[] = []
  async query() {
    return { held: [...this.held] }
  }
  async request(name: string, options: { mode?: string; ifAvailable?: boolean }, work: (lock: unknown) => unknown) {
    const mode = options.mode ?? 'exclusive'
    if (this.held.some((l) => l.name === name && (mode === 'exclusive' || l.mode === 'exclusive'))) return work(null)
    const lock = { name, mode }
    this.held.push(lock)
    await work(lock)
    this.held.splice(this.held.indexOf(lock), 1)
  }
}

const receipts: string[] = []
const notified: Alert[] = []
const badges: number[] = []
let visibility = 'visible'
const see = async (state: 'visible' | 'hidden') => {
  visibility = state
  document.dispatchEvent(new Event('visibilitychange'))
  await settled()
}
const alert: Alert = {
  receipt: 'rc1',
  topic: 'call',
  room: 'r1',
  seq: 9,
  title: '3号楼',
  text: '3-1-102 李女士：@您 在吗',
  tag: 'r1',
  url: '/rooms/r1?at=9',
}
const row = {
  id: 'r1',
  name: '3号楼',
  seq: 9,
  read: { seq: 0, lanes: {} },
  lanes: {},
  pins: [],
  member: true,
} as unknown as RoomRow

// A tab of the page: modules of its own, in the same browser.
const tab = async () => {
  vi.resetModules()
  const live = await import('./live')
  const alerts = await import('./alerts')
  const go = vi.fn()
  live.me.value = { device: 'd1', person: 'p1' } as never
  live.online.value = true
  live.rows.set('r1', row)
  alerts.listen(go)
  return {
    ...live,
    ...alerts,
    go,
    hear: (a: Alert) => live.news.dispatchEvent(new CustomEvent('alert', { detail: a })),
  }
}
const settled = () => new Promise((done) => setTimeout(done, 20))
const worker = new EventTarget()

beforeEach(() => {
  for (const list of [receipts, notified, badges]) list.length = 0
  chime.mockClear()
  visibility = 'visible'
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility as DocumentVisibilityState)
  vi.stubGlobal('fetch', async (url: string) => {
    receipts.push(url)
    return new Response('{}')
  })
  vi.stubGlobal('Notification', { permission: 'default' })
  Object.assign(navigator, { setAppBadge: async (n: number) => void badges.push(n) })
  Object.defineProperty(navigator, 'locks', { value: new Locks(), configurable: true })
  const active = { postMessage: (m: { ring: Alert }) => notified.push(m.ring) }
  Object.defineProperty(navigator, 'serviceWorker', {
    value: Object.assign(worker, { getRegistration: async () => ({ active }) }),
    configurable: true,
  })
  history.replaceState({}, '', '/rooms')
  document.head.innerHTML = '<link rel="icon" href="/icon.svg">'
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('an alert', () => {
  it('rings and shows above the page, and the server learns of it', async () => {
    const t = await tab()
    t.hear(alert)
    await settled()
    expect(t.heard.value).toEqual(alert)
    expect(chime).toHaveBeenCalledTimes(1)
    expect(receipts).toEqual(['/api/v1/alerts/rc1/shown'])
    expect(notified).toEqual([])
  })

  it('is silent for who looks at that very room', async () => {
    const t = await tab()
    history.replaceState({}, '', '/rooms/r1')
    t.hear(alert)
    await settled()
    expect(t.heard.value).toBeUndefined()
    expect(chime).not.toHaveBeenCalled()
    expect(receipts).toHaveLength(1)
  })

  it('rings once in two tabs', async () => {
    const [a, b] = [await tab(), await tab()]
    a.hear(alert)
    b.hear(alert)
    await settled()
    expect(chime).toHaveBeenCalledTimes(1)
    expect(receipts).toHaveLength(1)
    a.hear({ ...alert, receipt: 'rc2' })
    b.hear({ ...alert, receipt: 'rc2' })
    await settled()
    expect(receipts).toEqual(['/api/v1/alerts/rc1/shown', '/api/v1/alerts/rc2/shown'])
  })

  it('is left to the tab that somebody looks at', async () => {
    await tab() // looked at
    await settled()
    visibility = 'hidden'
    const hidden = await tab()
    hidden.hear(alert)
    await settled()
    expect(chime).not.toHaveBeenCalled()
    expect(receipts).toEqual([])
  })

  it('becomes a notification when nobody looks, which says itself that it was shown', async () => {
    vi.stubGlobal('Notification', { permission: 'granted' })
    const t = await tab()
    await see('hidden')
    t.hear(alert)
    await settled()
    expect(notified).toEqual([{ ...alert, url: '/rooms/r1?at=9', badge: 1 }])
    expect(chime).not.toHaveBeenCalled()
    expect(receipts).toEqual([])
  })

  it('that nobody can have noticed is not said to have been shown', async () => {
    const t = await tab()
    await see('hidden')
    chime.mockResolvedValueOnce(false)
    t.hear(alert)
    await settled()
    expect(receipts).toEqual([])
    t.hear({ ...alert, receipt: 'rc2' }) // this one could sound
    await settled()
    expect(receipts).toEqual(['/api/v1/alerts/rc2/shown'])
  })
})

describe('an emergency', () => {
  const sos = { ...alert, loud: true, topic: '' }
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
  })

  it('sounds until somebody touches the page', async () => {
    const t = await tab()
    t.hear(sos)
    await settled()
    vi.advanceTimersByTime(9000)
    expect(chime).toHaveBeenCalledTimes(4)
    dispatchEvent(new Event('pointerdown'))
    vi.advanceTimersByTime(9000)
    expect(chime).toHaveBeenCalledTimes(4)
    expect(t.heard.value).toEqual(sos) // and stays to be read
  })

  it('sounds for half a minute when nobody does, and no longer', async () => {
    const t = await tab()
    await see('hidden')
    t.hear(sos)
    await settled()
    vi.advanceTimersByTime(29_000)
    const n = chime.mock.calls.length
    expect(n).toBe(10)
    vi.advanceTimersByTime(60_000)
    expect(chime.mock.calls.length).toBe(n)
    expect(chime.mock.calls.every(([loud]) => loud)).toBe(true)
  })

  it('is shown to who looks at its room while a dialog covers that', async () => {
    vi.doMock('@/ui/top', () => ({ covered: { value: true } }))
    const t = await tab()
    vi.doUnmock('@/ui/top')
    history.replaceState({}, '', '/rooms/r1')
    t.hear(sos)
    await settled()
    expect(t.heard.value).toEqual(sos)
    dispatchEvent(new Event('pointerdown'))
  })

  it('sounds once for who looks at its room', async () => {
    const t = await tab()
    history.replaceState({}, '', '/rooms/r1')
    t.hear(sos)
    await settled()
    vi.advanceTimersByTime(30_000)
    expect(chime.mock.calls).toEqual([[true]])
  })
})

describe('what waits', () => {
  const marked = async () => {
    await settled()
    return [document.querySelector('link')!.getAttribute('href'), badges.at(-1)]
  }

  it('is counted on the icon, and no longer when it was read', async () => {
    const t = await tab()
    expect(await marked()).toEqual(['/icon.svg', 0])
    t.rows.set('r1', { ...row, called: 7, pins: [4], lanes: { notice: 2, chat: 50 } })
    expect(await marked()).toEqual(['/icon-unread.svg', 3])
    t.rows.set('r1', { ...row, pins: [4], lanes: { notice: 2, chat: 50 }, read: { seq: 9, lanes: { notice: 2 } } })
    expect(await marked()).toEqual(['/icon.svg', 0])
  })

  it('has what was missed while nobody looked, once for a tag', async () => {
    const t = await tab()
    await see('hidden')
    t.hear({ ...alert, topic: 'mine' })
    t.hear({ ...alert, receipt: 'rc2', topic: 'mine' })
    expect(await marked()).toEqual(['/icon-unread.svg', 1])
    t.rows.set('r1', { ...row, called: 9 }) // it is the call that is counted already
    expect(await marked()).toEqual(['/icon-unread.svg', 1])
    t.rows.set('r1', row)
    await see('visible')
    expect(await marked()).toEqual(['/icon.svg', 0])
  })
})

describe('a notification that was tapped', () => {
  it('leads there without a reload', async () => {
    const t = await tab()
    worker.dispatchEvent(new MessageEvent('message', { data: { go: '/rooms/r1?at=9' } }))
    worker.dispatchEvent(new MessageEvent('message', { data: { something: 'else' } }))
    expect(t.go.mock.calls).toEqual([['/rooms/r1?at=9']])
  })
})
