import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

// What a browser knows of its subscription, and what the server lists as this device's.
let browser: { endpoint: string } | null
let may: NotificationPermission
let listed: { id: string; endpoint: string; current: boolean }[]
let away = false

const subscription = (endpoint: string) => ({
  endpoint,
  unsubscribe: async () => {
    browser = null
  },
  toJSON: () => ({ endpoint, keys: { p256dh: 'p', auth: 'a' } }),
})
const pushManager = {
  getSubscription: async () => browser && subscription(browser.endpoint),
  subscribe: async () => {
    if (may !== 'granted') throw new DOMException('no', 'NotAllowedError')
    browser = { endpoint: 'https://push.example/new' }
    return subscription(browser.endpoint)
  },
}

const start = async () => {
  vi.resetModules()
  const { me } = await import('./live')
  me.value = { person: 'p1', device: 'd1', grants: [], applications: [] } as never
  return import('./push')
}

describe('a subscription that the browser has dropped by itself', () => {
  beforeEach(() => {
    browser = null
    may = 'granted'
    away = false
    listed = [
      { id: 'w1', endpoint: 'https://push.example/old', current: true },
      { id: 'w2', endpoint: 'https://push.example/other', current: false },
    ]
    localStorage.setItem('linli.push', 'd1 https://push.example/old')
    const registration = { pushManager }
    vi.stubGlobal('Notification', {
      get permission() {
        return may
      },
    })
    Object.defineProperty(navigator, 'serviceWorker', {
      configurable: true,
      value: { getRegistration: async () => registration, ready: Promise.resolve(registration), addEventListener() {} },
    })
    vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
      if (away) throw new TypeError('no network')
      if (init?.method === 'POST' && url.endsWith('/me/pushes')) {
        const { endpoint } = JSON.parse(String(init.body))
        listed.push({ id: 'w3', endpoint, current: true })
        return new Response('{"id":"w3"}')
      }
      if (init?.method === 'DELETE') listed = listed.filter((p) => !url.endsWith(`/me/pushes/${p.id}`))
      return new Response(JSON.stringify({ key: 'k', pushes: listed }))
    })
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    localStorage.clear()
  })

  it('is made anew at the next start where permission is there, in place of the old one', async () => {
    const { mend } = await start()
    expect(await mend()).toBe(false)
    expect(listed.map((p) => p.endpoint)).toEqual(['https://push.example/other', 'https://push.example/new'])
    expect(localStorage.getItem('linli.push')).toBe('d1 https://push.example/new')
  })

  it('is deleted at the server, and said, where it cannot be', async () => {
    may = 'denied'
    const { mend } = await start()
    expect(await mend()).toBe(true)
    expect(listed.map((p) => p.id)).toEqual(['w2'])
    expect(localStorage.getItem('linli.push')).toBeNull()
  })

  it('waits for the next start while nobody answers', async () => {
    away = true
    const { mend } = await start()
    expect(await mend()).toBe(false)
    expect(localStorage.getItem('linli.push')).toBe('d1 https://push.example/old')
  })

  it('and one that it has changed is told', async () => {
    browser = { endpoint: 'https://push.example/changed' }
    const { mend } = await start()
    expect(await mend()).toBe(false)
    expect(listed.map((p) => p.endpoint)).toEqual(['https://push.example/other', 'https://push.example/changed'])
  })

  it('but one that is as it was costs nothing', async () => {
    browser = { endpoint: 'https://push.example/old' }
    away = true
    const { mend } = await start()
    expect(await mend()).toBe(false)
  })
})
