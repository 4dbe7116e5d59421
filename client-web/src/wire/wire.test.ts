import { afterEach, describe, expect, it, vi } from 'vitest'
import { fits, packed } from './socket'

const size = (s: string) => new TextEncoder().encode(s).length
const command = (n: number, chars: number) => ({
  id: `d1.${n}`,
  room: 'rhx3',
  act: 'text.post',
  words: { text: '好'.repeat(chars) },
})

describe('a message to the server', () => {
  it('is cut by bytes, as the limit is, and stays in order', () => {
    for (const [count, chars] of [
      [6, 3900],
      [16, 1400],
      [100, 1],
      [40, 21_700],
    ] as const) {
      const list = Array.from({ length: count }, (_, i) => command(i + 1, chars))
      const parts = packed({ do: list })
      for (const p of parts) expect(size(p)).toBeLessThanOrEqual(64 << 10)
      const sent = parts.map((p) => JSON.parse(p).do)
      for (const p of sent) expect(p.length).toBeLessThanOrEqual(32)
      expect(sent.flat()).toEqual(list)
    }
  })

  it('is filled to the last byte and not beyond', () => {
    const one = command(1, 0)
    const room = (64 << 10) - size(JSON.stringify({ do: [one] }))
    one.words.text = 'x'.repeat(room)
    expect(fits(one)).toBe(true)
    one.words.text += 'x'
    expect(fits(one)).toBe(false)
    expect(packed({ do: [one] })).toEqual([])
  })

  it('of many marks or rooms goes in several', () => {
    const read = Array.from({ length: 600 }, (_, i) => [`r${i}`, i])
    expect(packed({ read }).map((p) => JSON.parse(p).read.length)).toEqual([256, 256, 88])
    expect(packed({ resume: read }).length).toBe(3)
    expect(packed({ hint: { room: 'r1' } })).toEqual(['{"hint":{"room":"r1"}}'])
    expect(packed({ read: [] })).toEqual([])
  })
})

describe('an access token past its time', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })
  // A server whose refresh answers as given; what it was asked is kept.
  const server = async (refresh: () => Response) => {
    let good = false
    const asked: string[] = []
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url)
      if (url.endsWith('/session/refresh')) {
        const r = refresh()
        good = r.ok
        return r
      }
      if (good) return new Response('{"done":true}')
      return new Response('{"code":"sign-in","reason":""}', { status: 401 })
    })
    const http = await import('./http')
    const out: unknown[] = []
    http.signedOut.addEventListener('out', (e) => out.push((e as CustomEvent).detail))
    return { ...http, asked, out }
  }
  const code = (e: { fault: { code: string } }) => e.fault.code

  it('is replaced unseen', async () => {
    const s = await server(() => new Response('{}'))
    expect(await s.get('/rooms')).toEqual({ done: true })
    expect(s.asked).toHaveLength(3)
  })

  it('ends nothing when the refresh meets a cut line, a proxy without its server, or a full disk', async () => {
    for (const [refresh, want] of [
      [
        () => {
          throw new TypeError('cut')
        },
        'offline',
      ],
      [() => new Response('<h1>Bad Gateway</h1>', { status: 502 }), 'busy'],
      [() => new Response('{"code":"no-space","reason":""}', { status: 507 }), 'no-space'],
      [() => new Response('{"code":"internal","reason":""}', { status: 500 }), 'internal'],
      [() => new Response('{"code":"too-many","reason":""}', { status: 429 }), 'too-many'],
      [() => new Response('{"code":"forbidden","reason":""}', { status: 403 }), 'forbidden'],
    ] as const) {
      const s = await server(refresh)
      expect(await s.get('/rooms').catch(code)).toBe(want)
      expect(s.out).toEqual([])
      expect(await s.freshen()).toBe(false)
    }
  })

  it('ends the session by 401 or 410 of the refresh itself, and says why', async () => {
    for (const [status, said] of [
      [401, { code: 'sign-in', reason: '' }],
      [410, { code: 'revoked', reason: '', with: { why: 'copied' } }],
    ] as const) {
      const s = await server(() => new Response(JSON.stringify(said), { status }))
      expect(await s.get('/rooms').catch(code)).toBe('sign-in')
      expect(s.out).toEqual([said])
    }
  })

  it('is not what a wrong password is: that is tried once', async () => {
    const asked: string[] = []
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url)
      return new Response('{"code":"wrong","reason":"","with":{"left":7}}', { status: 401 })
    })
    const { put } = await import('./http')
    expect(await put('/me/password', {}).catch(code)).toBe('wrong')
    expect(asked).toHaveLength(1)
  })

  it('and an answer of a proxy on the way says what it means', async () => {
    for (const [status, want] of [
      [413, 'too-large'],
      [502, 'busy'],
      [504, 'busy'],
      [500, 'internal'],
    ] as const) {
      vi.stubGlobal('fetch', async () => new Response('<html>', { status }))
      const { post } = await import('./http')
      expect(await post('/x').catch(code)).toBe(want)
    }
  })
})
