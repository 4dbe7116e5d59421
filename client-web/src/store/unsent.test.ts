import 'fake-indexeddb/auto'
import { watch } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Command, FromServer } from '@/wire/types'

// The server, as this side sees it: it breaks off over what is too much for a message, answers HTTP as it is told, and knows who is signed in.
class Line extends EventTarget {
  static last?: Line
  static OPEN = 1
  static hates?: string // a command over which it breaks off, whatever else is in the message
  static taken: string[] = []
  readyState = 0
  onopen?: () => void
  onmessage?: (e: { data: string }) => void
  onclose?: (e: { code: number }) => void

  constructor() {
    super()
    Line.last = this
    setTimeout(() => {
      if (state !== 'here') return this.end(1006)
      this.readyState = 1
      this.onopen?.()
      this.say({
        hello: { person: who.person, device: who.device, now: Date.now(), n: 0, rooms: [{ id: 'r1', seq: 0 }] },
      })
    })
  }
  end(code: number) {
    this.readyState = 3
    this.onclose?.({ code })
  }
  say(m: FromServer) {
    this.onmessage?.({ data: JSON.stringify(m) })
  }
  send(text: string) {
    const { do: commands = [] } = JSON.parse(text) as { do?: Command[] }
    const bytes = new TextEncoder().encode(text).length
    if (bytes > 64 << 10 || commands.length > 32 || commands.some((c) => c.id === Line.hates)) {
      setTimeout(() => this.end(1008))
      return
    }
    for (const c of commands) {
      if (Line.taken.includes(c.id)) continue
      Line.taken.push(c.id)
      setTimeout(() => this.say({ ok: [[c.id, Line.taken.length]] }))
    }
  }
  close() {
    this.readyState = 3
  }
}

const row = { id: 'r1', name: '3号楼', seq: 0, read: { seq: 0 }, pins: [], member: true, role: 'member' }
let who = { person: 'p1', device: 'd1' }
let state: 'here' | 'away' | 502 | 401 | 410

const until = (what: () => boolean) => vi.waitFor(() => expect(what()).toBe(true), { timeout: 10_000 })
const page = async () => {
  vi.clearAllTimers()
  vi.resetModules()
  const live = await import('./live')
  document.cookie = 'linli_until=9999999999999'
  await live.begin()
  return live
}
// The end of a session as a page hears of it: its token is too old, and the refresh says no.
const end = async (live: Awaited<ReturnType<typeof page>>, status: 401 | 410) => {
  state = status
  const out = new Promise((done) => live.news.addEventListener('out', done, { once: true }))
  await live.loadRooms().catch(() => {})
  await out
}

describe('what is written and not sent', () => {
  beforeEach(() => {
    who = { person: 'p1', device: 'd1' }
    state = 'here'
    Line.hates = undefined
    Line.taken = []
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
      shouldAdvanceTime: true,
    })
    vi.stubGlobal('WebSocket', Line)
    vi.stubGlobal('fetch', async (url: string) => {
      if (state === 'away') throw new TypeError('no network')
      if (url.endsWith('/session/refresh') && state === 410)
        return new Response('{"code":"revoked","reason":"","with":{"why":"copied"}}', { status: 410 })
      if (url.endsWith('/session/refresh') && state !== 'here') return new Response('<html>', { status: state })
      if (state !== 'here') return new Response('{"code":"sign-in","reason":""}', { status: 401 })
      const me = { ...who, name: '王芳', phone: '', office: { name: '' }, grants: [], applications: [], rooms: 1 }
      return new Response(JSON.stringify(url.endsWith('/me') ? me : url.endsWith('/rooms') ? { rooms: [row] } : {}))
    })
  })
  afterEach(async () => {
    const { db } = await import('./db')
    await db.wipe()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  const write = async (live: Awaited<ReturnType<typeof page>>, ...texts: string[]) => {
    const ids: string[] = []
    for (const text of texts) ids.push(await live.send('r1', 'text.post', { words: { text } }))
    return ids
  }
  const said = (live: Awaited<ReturnType<typeof page>>) => live.pendingOf('r1').map((c) => c.words?.text)

  it('offline goes out in order, however long: six of 3,900 characters, or sixteen of 1,400', async () => {
    for (const [count, chars] of [
      [6, 3900],
      [16, 1400],
    ] as const) {
      Line.taken = []
      state = 'away'
      const live = await page().catch(async () => {
        state = 'here'
        const first = await page()
        state = 'away'
        Line.last!.end(1006)
        return first
      })
      const ids = await write(live, ...Array.from({ length: count }, (_, i) => `${i}${'好'.repeat(chars - 2)}`))
      state = 'here'
      await until(() => live.online.value && live.outbox.size === 0)
      expect(Line.taken).toEqual(ids)
    }
  })

  it('is held back alone when it fits into no message, and is not tried again', async () => {
    const live = await page()
    await until(() => live.online.value)
    const [a] = await write(live, '早')
    const [huge] = await write(live, '好'.repeat(22_000))
    const [b] = await write(live, '晚')
    await until(() => Line.taken.length === 2)
    expect(Line.taken).toEqual([a, b])
    expect(live.outbox.get(huge!)?.refused?.code).toBe('too-large')
    Line.last!.end(1006)
    await until(() => live.online.value)
    await write(live, '后来')
    await until(() => Line.taken.length === 3)
    expect(live.outbox.get(huge!)?.refused?.code).toBe('too-large')
  })

  it('is held back alone when the server breaks off over it, whatever stands before and behind it', async () => {
    const live = await page()
    await until(() => live.online.value)
    state = 'away'
    Line.last!.end(1006)
    const ids = await write(live, '一', '二', '三', '四', '五')
    Line.hates = ids[2]
    state = 'here'
    await until(() => live.outbox.size === 1)
    expect(Line.taken).toEqual(ids.filter((id) => id !== ids[2]))
    expect(live.outbox.get(ids[2]!)?.refused?.code).toBe('invalid')
    const [later] = await write(live, '后来')
    await until(() => Line.taken.includes(later!))
  })

  it('outlives a refresh that fails by 502 or a cut line, also in a page that is opened cold', async () => {
    for (const failure of [502, 'away'] as const) {
      state = 'here'
      const live = await page()
      await until(() => live.online.value)
      state = failure
      Line.last!.end(1006)
      await write(live, `${failure}`)
      await live.loadRooms().catch(() => {})
      expect(live.me.value?.person).toBe('p1')
      const cold = await page()
      expect(cold.me.value?.person).toBe('p1')
      expect(cold.rows.get('r1')?.name).toBe('3号楼')
      expect(said(cold)).toEqual([`${failure}`])
      state = 'here'
      await until(() => cold.outbox.size === 0)
    }
  })

  it('stays when the session ends, with the reason, and is the only thing that does', async () => {
    const { db, begun } = await import('./db')
    const live = await page()
    await until(() => live.online.value)
    const { keepDraft } = await import('./pocket')
    state = 'away'
    Line.last!.end(1006)
    await write(live, '没发出去')
    keepDraft('r1', '没写完')
    await db.keepRoom({ room: 'r1', ch: 1, items: [], mine: [], people: [], pins: [], first: true })
    await end(live, 410)
    expect(live.me.value).toBeUndefined()
    expect((await db.outbox()).map((c) => c.words?.text)).toEqual(['没发出去'])
    expect(await db.get(`${begun}p1`)).toMatchObject({ list: [{ text: '没写完' }] })
    expect(await db.get('over')).toMatchObject({ why: 'copied' })
    expect([await db.get('me'), await db.room('r1'), await db.rows()]).toEqual([undefined, undefined, undefined])

    // Signed in again: it stands in its room, for the person to say.
    who = { person: 'p1', device: 'd2' }
    state = 'here'
    const again = await page()
    await until(() => again.online.value)
    expect(said(again)).toEqual(['没发出去'])
    const [left] = again.pendingOf('r1')
    expect([left!.id, left!.refused]).toEqual(['d2.1', { code: 'left' }])
    expect(Line.taken).toEqual([])
    expect(await db.get('over')).toBeUndefined()
    const { drafts } = await import('./pocket')
    expect(drafts.get('r1')?.text).toBe('没写完')
    await again.again(left!)
    await until(() => Line.taken.length === 1)
  })

  it('of one person is not shown to another who signs in, and waits', async () => {
    const live = await page()
    await until(() => live.online.value)
    state = 'away'
    Line.last!.end(1006)
    await write(live, '王芳写的')
    await end(live, 401)
    who = { person: 'p2', device: 'd2' }
    state = 'here'
    const other = await page()
    expect(said(other)).toEqual([])
    await until(() => other.online.value)
    await end(other, 401)
    who = { person: 'p1', device: 'd3' }
    state = 'here'
    const back = await page()
    expect(said(back)).toEqual(['王芳写的'])
  })

  it('is gone from this device when it is gone from the page, also when it is called off while its attachment begins', async () => {
    const live = await page()
    await until(() => live.online.value)
    const raw = await new Promise<IDBDatabase>((ok) => {
      const open = indexedDB.open('linli')
      open.onsuccess = () => ok(open.result)
    })
    let begin = (_: Response) => {}
    let asked = false
    vi.stubGlobal('fetch', () => {
      asked = true
      return new Promise<Response>((ok) => {
        begin = ok
      })
    })
    const id = await live.send('r1', 'picture.post', { files: [{ as: 'picture', blob: new Blob(['x']) }] })
    await until(() => asked)
    // What is kept at the moment at which the page lets go of it.
    const kept = new Promise<number>((ok) =>
      watch(
        () => live.outbox.has(id),
        () => {
          const count = raw.transaction('outbox').objectStore('outbox').count()
          count.onsuccess = () => ok(count.result)
        },
        { flush: 'sync' },
      ),
    )
    const off = live.discard(id)
    begin(new Response('{"upload":"u1","at":0}'))
    await off
    expect(await kept).toBe(0)
    raw.close()
  })

  it('is taken up once by two tabs', async () => {
    const live = await page()
    await until(() => live.online.value)
    state = 'away'
    Line.last!.end(1006)
    await write(live, '一次')
    await end(live, 401)
    who = { person: 'p1', device: 'd2' }
    state = 'here'
    const one = await page()
    const two = await page()
    const { db } = await import('./db')
    expect(await db.outbox()).toHaveLength(1)
    expect([said(one).length, said(two).length]).toEqual([1, 1])
  })
})
