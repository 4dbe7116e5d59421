import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'

// The worker in a scope of its own: what a browser hands to it, and what it asks of the browser.

const origin = 'https://linli.example'
const source = readFileSync(resolve('worker/sw.js'), 'utf8')

interface Shown {
  title: string
  tag?: string
  body?: string
  data?: { url: string; room?: string; seq?: number }
  renotify?: boolean
  requireInteraction?: boolean
  vibrate?: number[]
}
interface Page {
  focused: boolean
  visibilityState: string
  postMessage: ReturnType<typeof vi.fn>
  focus: ReturnType<typeof vi.fn>
}

const shown: Shown[] = []
const calls: { url: string; body: unknown }[] = []
const pages: Page[] = []
const boxes = new Map<string, Map<string, Response>>()
let answers: number[] = []
const setAppBadge = vi.fn(async (_n: number) => {})
const openWindow = vi.fn(async (_url: string) => null)
const subscribe = vi.fn(async (_options: unknown) => subscription('https://push.example/new'))
const listeners = new Map<string, (e: unknown) => void>()

const subscription = (endpoint: string) => ({
  options: { applicationServerKey: 'key' },
  toJSON: () => ({ endpoint, keys: { p256dh: 'P', auth: 'A' } }),
})
const pathOf = (request: string | Request) =>
  new URL(typeof request === 'string' ? request : request.url, origin).pathname
const box = (name: string) => {
  const held = boxes.get(name) ?? new Map<string, Response>()
  boxes.set(name, held)
  return {
    put: async (path: string, r: Response) => void held.set(path, r),
    addAll: async (paths: string[]) => {
      for (const p of paths) held.set(p, new Response(p))
    },
  }
}
const caches = {
  open: async (name: string) => box(name),
  delete: async (name: string) => boxes.delete(name),
  keys: async () => [...boxes.keys()],
  match: async (r: string | Request, { cacheName }: { cacheName: string }) => boxes.get(cacheName)?.get(pathOf(r)),
}
const scope = {
  addEventListener: (type: string, f: (e: unknown) => void) => listeners.set(type, f),
  location: { origin },
  navigator: { setAppBadge },
  registration: {
    showNotification: async (title: string, options: Omit<Shown, 'title'>) => {
      if (options.renotify && !options.tag) throw new TypeError('renotify without a tag')
      const at = shown.findIndex((n) => options.tag && n.tag === options.tag)
      if (at >= 0) shown.splice(at, 1)
      shown.push({ title, ...options })
    },
    getNotifications: async ({ tag }: { tag: string }) => shown.filter((n) => n.tag === tag),
    pushManager: { subscribe },
  },
  clients: { matchAll: async () => pages, openWindow, claim: async () => {} },
  skipWaiting: vi.fn(),
}
const fetched = async (url: string | Request, init?: { body?: string }) => {
  calls.push({ url: pathOf(url), body: init?.body && JSON.parse(init.body) })
  return new Response('{}', { status: answers.shift() ?? 200 })
}

// Hands an event over, and waits for all that it began.
const happens = async (type: string, event: Record<string, unknown> = {}) => {
  const waiting: unknown[] = []
  let answer: Promise<Response> | undefined
  listeners.get(type)!({
    ...event,
    waitUntil: (p: unknown) => waiting.push(p),
    respondWith: (r: Promise<Response>) => {
      answer = r
    },
  })
  await Promise.all(waiting)
  return answer
}
const push = (alert: unknown) => happens('push', { data: { json: () => alert } })
const alert = {
  receipt: 'rc1',
  topic: 'call',
  room: 'r1',
  seq: 9,
  title: '和园3号楼',
  text: '3-1-102 李女士：@您 快递到了',
  tag: 'r1',
  url: '/rooms/r1?at=9',
  badge: 3,
}

beforeEach(() => {
  for (const list of [shown, calls, pages]) list.length = 0
  boxes.clear()
  answers = []
  vi.clearAllMocks()
  new Function('self', 'caches', 'fetch', source)(scope, caches, fetched)
})

describe('a push', () => {
  it('is shown, counted on the icon, and the server learns that it was', async () => {
    await push(alert)
    expect(shown).toHaveLength(1)
    expect(shown[0]).toMatchObject({ title: '和园3号楼', body: alert.text, tag: 'r1', requireInteraction: false })
    expect(setAppBadge).toHaveBeenCalledWith(3)
    expect(calls).toEqual([{ url: '/api/v1/alerts/rc1/shown', body: {} }])
  })

  it('replaces what is there under the same tag, and rings again for something else', async () => {
    await push(alert)
    await push({ ...alert, receipt: 'rc2', seq: 10, text: '在吗' })
    expect(shown.map((n) => [n.body, n.renotify])).toEqual([['在吗', true]])
  })

  it('makes no second sound for what a page has shown a moment ago', async () => {
    await happens('message', { data: { ring: { ...alert, receipt: 'rc0' } } })
    await push(alert)
    expect(shown.map((n) => [n.renotify, n.vibrate])).toEqual([[false, undefined]])
    expect(calls.map((c) => c.url)).toEqual(['/api/v1/alerts/rc0/shown', '/api/v1/alerts/rc1/shown'])
  })

  it('that is an emergency stays, and rings each time', async () => {
    await push({ ...alert, loud: true })
    await push({ ...alert, loud: true, receipt: 'rc2' })
    expect(shown).toHaveLength(1)
    expect(shown[0]).toMatchObject({ requireInteraction: true, renotify: true })
    expect(shown[0]!.vibrate!.length).toBeGreaterThan(2)
  })

  it('that nobody can read is shown all the same', async () => {
    await happens('push', { data: { json: () => JSON.parse('{') } })
    await happens('push', { data: null })
    expect(shown.map((n) => n.title)).toEqual(['邻里', '邻里'])
    expect(calls).toEqual([])
  })

  it('is shown when the server cannot be told', async () => {
    answers = [500]
    await push(alert)
    expect(shown).toHaveLength(1)
  })
})

describe('a tap on a notification', () => {
  const tap = (url: string) => happens('notificationclick', { notification: { data: { url }, close: () => {} } })
  const page = (focused: boolean, visibilityState: string): Page => ({
    focused,
    visibilityState,
    postMessage: vi.fn(),
    focus: vi.fn(),
  })

  it('goes there in the page that is open, which keeps what is being written', async () => {
    pages.push(page(false, 'hidden'), page(false, 'visible'))
    await tap('/rooms/r1?at=9')
    expect(pages[1]!.postMessage).toHaveBeenCalledWith({ go: '/rooms/r1?at=9' })
    expect(pages[1]!.focus).toHaveBeenCalled()
    expect(pages[0]!.focus).not.toHaveBeenCalled()
    expect(openWindow).not.toHaveBeenCalled()
  })

  it('opens one when there is none, and never somebody else’s', async () => {
    await tap('/rooms/r1?at=9')
    await tap('https://elsewhere.example/rooms/r1')
    expect(openWindow.mock.calls).toEqual([['/rooms/r1?at=9'], ['/rooms/r1']])
  })
})

describe('a subscription that was ended', () => {
  const change = () => happens('pushsubscriptionchange', { oldSubscription: subscription('https://push.example/old') })
  const told = { url: '/api/v1/me/pushes', body: { endpoint: 'https://push.example/new', p256dh: 'P', auth: 'A' } }

  it('is made anew under the same key, and told', async () => {
    await change()
    expect(subscribe).toHaveBeenCalledWith({ userVisibleOnly: true, applicationServerKey: 'key' })
    expect(calls).toEqual([told])
  })

  it('is told once more with a fresh session, and to nobody when nobody is signed in', async () => {
    answers = [401, 200]
    await change()
    expect(calls.map((c) => c.url)).toEqual(['/api/v1/me/pushes', '/api/v1/session/refresh', '/api/v1/me/pushes'])
    calls.length = 0
    answers = [401, 401]
    await change()
    expect(calls).toHaveLength(2)
  })
})

describe('what another app shares', () => {
  const share = async (fields: [string, string | File][]) => {
    const form = new FormData()
    for (const [k, v] of fields) form.append(k, v)
    const request = { method: 'POST', url: `${origin}/share`, mode: 'navigate', formData: async () => form }
    return (await happens('fetch', { request }))!
  }
  const redirect = vi.spyOn(Response, 'redirect')

  it('lies there until the page has asked for which room, and the last one counts', async () => {
    redirect.mockImplementation((url) => new Response(null, { status: 303, headers: { Location: String(url) } }))
    await share([['text', '旧的']])
    const answer = await share([
      ['title', '停水通知'],
      ['text', '明天停水 https://example.cn/a'],
      ['url', 'https://example.cn/a'],
      ['files', new File(['x'], '通知.pdf', { type: 'application/pdf' })],
    ])
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/share'])
    const held = boxes.get('shared')!
    expect([...held.keys()]).toEqual(['/share/words', '/share/files/0'])
    expect(await held.get('/share/words')!.text()).toBe('停水通知\n明天停水 https://example.cn/a')
    expect(decodeURIComponent(held.get('/share/files/0')!.headers.get('X-Name')!)).toBe('通知.pdf')
  })

  it('survives a new version of the page', async () => {
    await share([['text', '早']])
    boxes.set('linli-old', new Map())
    await happens('activate')
    expect([...boxes.keys()]).toEqual(['shared'])
  })

  it('says so when it could not be taken', async () => {
    redirect.mockImplementation((url) => new Response(null, { status: 303, headers: { Location: String(url) } }))
    const request = { method: 'POST', url: `${origin}/share`, formData: () => Promise.reject(new Error('full')) }
    expect((await happens('fetch', { request }))!.headers.get('Location')).toBe('/share?lost')
    expect(boxes.has('shared')).toBe(false)
  })
})

describe('the network', () => {
  const ask = (url: string, more: Record<string, unknown> = {}) =>
    happens('fetch', { request: { method: 'GET', url: url.startsWith('/') ? origin + url : url, ...more } })

  it('is asked for all of the office’s, and for what is posted', async () => {
    for (const path of ['/api/v1/me', '/healthz', '/metrics']) expect(await ask(path), path).toBeUndefined()
    expect(await ask('/api/v1/me/alerts/test', { method: 'POST' })).toBeUndefined()
    expect(await ask('https://elsewhere.example/share', { method: 'POST' })).toBeUndefined()
  })

  it('is not needed for the page itself', async () => {
    await happens('install')
    const kept = [...boxes.keys()].find((n) => n.startsWith('linli-'))!
    boxes.get(kept)!.set('/', new Response('page'))
    expect(await (await ask('/rooms/r1', { mode: 'navigate' }))!.text()).toBe('page')
  })
})
