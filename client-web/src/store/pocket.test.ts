import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

// The server's side of a pocket, as one device sees it.
const start = () => ({
  choices: { muted: {}, quiet: { from: 22, to: 7 }, topics: {} as Record<string, boolean> },
  topics: { chat: false },
  drafts: [] as { room: string; text: string; at: number }[],
  stars: [] as { room: string; seq: number; at: number }[],
  rooms: [] as { room: string; pinned?: number; unread?: number }[],
})
let server = start()
let clock = 1000
let away = false
let refuse = ''
let told: string[] = []

const answer = async (url: string, init?: RequestInit) => {
  if (away) throw new TypeError('no network')
  const path = url.replace('/api/v1', '')
  const body = init?.body ? JSON.parse(String(init.body)) : undefined
  if (init?.method !== 'GET') told.push(`${init?.method} ${path} ${body?.text ?? ''}`.trim())
  if (refuse) return new Response(JSON.stringify({ code: refuse, reason: '' }), { status: 409 })
  if (path === '/me/choices') server.choices = body
  if (path.startsWith('/me/drafts/')) {
    const d = { room: path.slice(11), text: body.text, at: ++clock }
    server.drafts = [...server.drafts.filter((x) => x.room !== d.room), ...(d.text ? [d] : [])]
    return new Response(JSON.stringify(d))
  }
  return new Response(JSON.stringify(path === '/me/pocket' ? server : path === '/me/choices' ? body : { done: true }))
}

const page = async () => {
  vi.clearAllTimers()
  vi.resetModules()
  const live = await import('./live')
  live.online.value = !away
  const pocket = await import('./pocket')
  await pocket.recallPocket()
  await pocket.loadPocket()
  return { ...pocket, live }
}

type Page = Awaited<ReturnType<typeof page>>

describe('the pocket', () => {
  beforeEach(() => {
    server = start()
    clock = 1000
    away = false
    refuse = ''
    told = []
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    vi.stubGlobal('fetch', answer)
  })
  afterEach(async () => {
    const { db } = await import('./db')
    await db.wipe()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
  const settled = () => vi.waitFor(() => expect(told).not.toEqual([]), { timeout: 3000 })

  it('tells a draft once a pause has passed, as it is then', async () => {
    const k = await page()
    for (const text of ['明', '明早', '明早五点']) k.keepDraft('r1', text)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(1100)
    await settled()
    expect(told).toEqual(['PUT /me/drafts/r1 明早五点'])
    k.keepDraft('r1', '') // sent: at once
    await vi.advanceTimersByTimeAsync(1)
    await vi.waitFor(() => expect(told.at(-1)).toBe('PUT /me/drafts/r1'))
    expect(k.drafts.size).toBe(0)
  })

  it('takes what another device wrote, but never over what is being written here', async () => {
    const k = await page()
    k.hearPocket({ draft: { room: 'r1', text: '从电脑来', at: ++clock } })
    expect(k.drafts.get('r1')?.text).toBe('从电脑来')
    k.keepDraft('r1', '从电脑来，接着写')
    k.hearPocket({ draft: { room: 'r1', text: '电脑上又改', at: ++clock } })
    expect(k.drafts.get('r1')?.text).toBe('从电脑来，接着写')
    await vi.advanceTimersByTimeAsync(1100)
    await vi.waitFor(() => expect(server.drafts[0]?.text).toBe('从电脑来，接着写'))
    k.hearPocket({ draft: { room: 'r1', text: '', at: ++clock } })
    await vi.waitFor(() => expect(k.drafts.size).toBe(0))
  })

  it('keeps what was written without a network through a reload, and tells it then', async () => {
    away = true
    const first = await page()
    first.keepDraft('r1', '电梯里写的')
    await vi.advanceTimersByTimeAsync(1100)
    await vi.waitFor(async () => expect(await (await import('./db')).db.get('begun/')).toBeTruthy())
    away = false
    const second = await page()
    expect(second.drafts.get('r1')?.text).toBe('电梯里写的')
    await vi.waitFor(() => expect(server.drafts[0]?.text).toBe('电梯里写的'))
  })

  it('gives way to what another device wrote later meanwhile', async () => {
    away = true
    const first = await page()
    first.keepDraft('r1', '早写的')
    await vi.advanceTimersByTimeAsync(1100)
    away = false
    server.drafts = [{ room: 'r1', text: '晚写的', at: Date.now() + 60_000 }]
    const second = await page()
    expect(second.drafts.get('r1')?.text).toBe('晚写的')
    expect(told).toEqual([])
  })

  it('shows a choice at once, and as it was when the server refuses', async () => {
    const k = await page()
    const mute = k.setChoices((c) => ({ ...c, muted: { r1: ['chat'] } }))
    await vi.waitFor(() => expect(k.choices.value.muted).toEqual({ r1: ['chat'] }))
    await mute
    expect(server.choices.muted).toEqual({ r1: ['chat'] })
    refuse = 'invalid'
    await expect(k.setChoices((c) => ({ ...c, topics: { chat: true } }))).rejects.toThrow('invalid')
    expect(k.choices.value.topics).toEqual({})
    expect(k.choices.value.muted).toEqual({ r1: ['chat'] })
  })

  it('loses neither of two choices made in one breath', async () => {
    const k = await page()
    await Promise.all([
      k.setChoices((c) => ({ ...c, muted: { ...c.muted, r1: ['chat'] } })),
      k.setChoices((c) => ({ ...c, muted: { ...c.muted, r2: ['notice'] } })),
    ])
    expect(server.choices.muted).toEqual({ r1: ['chat'], r2: ['notice'] })
    expect(k.choices.value).toEqual(server.choices)
  })

  it('refuses to choose before it knows what was chosen', async () => {
    away = true
    const k = await page()
    await expect(k.setChoices((c) => ({ ...c, muted: { r1: ['chat'] } }))).rejects.toThrow('offline')
    expect(k.choices.value.muted).toEqual({})
  })

  it('marks a message, and takes the mark back when that did not work', async () => {
    server.stars = [{ room: 'r1', seq: 3, at: 1 }]
    const k = await page()
    expect([...k.stars]).toEqual(['r1/3'])
    await k.star('r1', 9, true)
    k.hearPocket({ unstar: { room: 'r1', seq: 3 } })
    expect([...k.stars]).toEqual(['r1/9'])
    refuse = 'too-large'
    await expect(k.star('r1', 10, true)).rejects.toThrow('too-large')
    expect([...k.stars]).toEqual(['r1/9'])
  })

  it('leaves nothing behind', async () => {
    server.stars = [{ room: 'r1', seq: 3, at: 1 }]
    const k = await page()
    k.keepDraft('r1', '没写完')
    k.emptyPocket()
    expect(k.drafts.size + k.stars.size).toBe(0)
    await vi.advanceTimersByTimeAsync(3000)
    expect(told).toEqual([])
  })

  it('takes no answer that comes behind a sign-out', async () => {
    server.stars = [{ room: 'r1', seq: 3, at: 1 }]
    const k = await page()
    k.stars.clear()
    const late = k.loadPocket()
    await k.live.forget('self')
    await late
    expect(k.stars.size).toBe(0)
  })

  it.each([
    ['a mark', (k: Page) => k.star('r1', 9, true)],
    ['a room put on top', (k: Page) => k.setStanding('r1', { pinned: true })],
    ['a choice', (k: Page) => k.setChoices((c) => ({ ...c, quiet: { from: 20, to: 8 } }))],
  ])('keeps nothing of %s that is answered behind a sign-out, whatever the answer', async (_, change) => {
    for (const says of ['', 'invalid']) {
      const k = await page()
      const { db } = await import('./db')
      let answered = () => {}
      vi.stubGlobal('fetch', (url: string, init?: RequestInit) =>
        new Promise<void>((ok) => {
          answered = ok
          told.push(url)
        }).then(() => answer(url, init)),
      )
      told = []
      const late = change(k).catch(() => {})
      await settled()
      await k.live.forget('self')
      refuse = says
      answered()
      await late
      expect(await db.get('pocket')).toBeUndefined()
      expect([...k.stars, ...k.standing.keys()]).toEqual([])
      refuse = ''
      vi.stubGlobal('fetch', answer)
    }
  })

  it('puts back nothing of the one before when that is refused', async () => {
    server.stars = [{ room: 'r1', seq: 9, at: 1 }]
    const k = await page()
    let answered = () => {}
    vi.stubGlobal('fetch', (url: string, init?: RequestInit) =>
      new Promise<void>((ok) => {
        answered = ok
      }).then(() => answer(url, init)),
    )
    const late = k.star('r1', 9, false).catch(() => {})
    await k.live.forget('self')
    refuse = 'invalid'
    answered()
    await late
    expect([...k.stars]).toEqual([])
  })

  it('takes the choices of who signs in while one of before is on its way', async () => {
    const k = await page()
    let answered = () => {}
    vi.stubGlobal('fetch', (url: string, init?: RequestInit) =>
      init?.method === 'PUT'
        ? new Promise<void>((ok) => {
            answered = ok
          }).then(() => answer(url, init))
        : answer(url, init),
    )
    const late = k.setChoices((c) => ({ ...c, topics: { chat: true } }))
    await vi.waitFor(() => expect(k.choices.value.topics).toEqual({ chat: true }))
    await k.live.forget('self')
    server.choices = { ...server.choices, quiet: { from: 21, to: 6 } }
    await k.loadPocket()
    expect(k.choices.value.quiet).toEqual({ from: 21, to: 6 })
    answered()
    await late
  })
})
