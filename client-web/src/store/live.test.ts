import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Command, FromServer } from '@/wire/types'

// The server, as far as this side can see it: it answers HTTP, hears the socket, and may be away.
class Line extends EventTarget {
  static last?: Line
  static away = false
  static rooms = [{ id: 'r1', seq: 0 }]
  static OPEN = 1
  readyState = 0
  onopen?: () => void
  onmessage?: (e: { data: string }) => void
  onclose?: (e: { code: number }) => void
  heard: { do?: Command[]; resume?: unknown[]; read?: unknown[] }[] = []

  constructor() {
    super()
    Line.last = this
    setTimeout(() => {
      if (Line.away) return this.onclose?.({ code: 1006 })
      this.readyState = 1
      this.onopen?.()
      this.say({ hello: { person: 'p1', device: 'd1', now: Date.now(), n: 7, rooms: Line.rooms } })
    })
  }
  say(m: FromServer) {
    this.onmessage?.({ data: JSON.stringify(m) })
  }
  send(text: string) {
    this.heard.push(JSON.parse(text))
  }
  close() {
    this.readyState = 3
  }
  get commands() {
    return this.heard.flatMap((m) => m.do ?? [])
  }
}

const me = {
  person: 'p1',
  device: 'd1',
  name: '王芳',
  phone: '',
  office: { name: '' },
  grants: [],
  applications: [],
  rooms: 1,
}
const row = { id: 'r1', name: '3号楼', seq: 0, read: { seq: 0 }, pins: [], member: true, role: 'member' }

// A page that has just been opened: the modules anew, the copy on the device as it was left.
const page = async () => {
  vi.clearAllTimers() // the page before is gone
  vi.resetModules()
  const live = await import('./live')
  document.cookie = 'linli_until=9999999999999'
  await live.begin()
  return live
}
type Live = Awaited<ReturnType<typeof page>>
const until = (what: () => boolean) => vi.waitFor(() => expect(what()).toBe(true), { timeout: 3000 })

describe('an office that was put back from a copy', () => {
  it('drops what was kept of its rooms, once, and leaves what was not sent', async () => {
    vi.stubGlobal('WebSocket', Line)
    vi.stubGlobal(
      'fetch',
      async (url: string) => new Response(JSON.stringify(url.endsWith('/me') ? me : { rooms: [row] })),
    )
    const reload = vi.fn()
    vi.stubGlobal('location', { ...location, reload, pathname: '/', origin: location.origin })
    await page()
    const { db } = await import('./db')
    const kept = { room: 'r1', ch: 5, items: [], mine: [], people: [], pins: [], first: true }
    await db.keepRoom(kept)
    await db.keepCommand({ id: 'd1.8', n: 8, at: 1, act: 'text.post', room: 'r1', words: { text: '没发出去的' } })
    const hello = { person: 'p1', device: 'd1', now: Date.now(), n: 7, rooms: [] }
    Line.last!.say({ hello: { ...hello, life: 'second' } })
    await until(() => reload.mock.calls.length === 1)
    expect(await db.room('r1')).toBeUndefined()
    expect((await db.outbox()).map((c) => c.id)).toEqual(['d1.8'])
    await db.keepRoom(kept) // by the page that is going
    expect(await db.room('r1')).toBeUndefined()
    Line.last!.say({ hello: { ...hello, life: 'second' } })
    await new Promise((r) => setTimeout(r, 20))
    expect(reload).toHaveBeenCalledTimes(1)
    await db.wipe()
    vi.unstubAllGlobals()
  })
})

describe('what is on its way out', () => {
  beforeEach(() => {
    Line.away = false
    Line.rooms = [{ id: 'r1', seq: 0 }]
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    vi.stubGlobal('WebSocket', Line)
    vi.stubGlobal('fetch', async (url: string) => {
      if (Line.away) throw new TypeError('no network')
      return new Response(JSON.stringify(url.endsWith('/me') ? me : { rooms: [row] }))
    })
  })
  afterEach(async () => {
    const { db } = await import('./db')
    await db.wipe()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('is sent, and gone when the server has it', async () => {
    const live = await page()
    await until(() => live.online.value)
    const id = await live.send('r1', 'text.post', { words: { text: '早' } })
    expect(id).toBe('d1.8') // behind the greatest number that the server took from this device
    expect(Line.last!.commands.map((c) => c.id)).toEqual([id])
    Line.last!.say({ ok: [[id, 1]] })
    expect(live.pendingOf('r1')).toEqual([])
  })

  it('survives a reload without a network, and goes out in order when there is one', async () => {
    const first = await page()
    await until(() => first.online.value)
    Line.away = true
    Line.last!.readyState = 3
    Line.last!.onclose!({ code: 1006 })
    const ids = [
      await first.send('r1', 'text.post', { words: { text: '一' } }),
      await first.send('r1', 'text.post', { words: { text: '二' } }),
    ]

    const second = await page() // still without a network
    expect(second.me.value?.person).toBe('p1')
    expect(second.rows.get('r1')?.name).toBe('3号楼')
    expect(second.pendingOf('r1').map((c) => c.words?.text)).toEqual(['一', '二'])

    Line.away = false
    const third = await page()
    await until(() => third.online.value)
    await until(() => Line.last!.commands.length >= 2)
    expect(Line.last!.commands.map((c) => c.id)).toEqual(ids)
  })

  it('is settled by hearing it, too: the answer may be lost', async () => {
    const live = await page()
    await until(() => live.online.value)
    await live.openRoom('r1')
    Line.last!.say({ room: 'r1', seq: 0, after: 0, reset: true, first: true })
    const id = await live.send('r1', 'text.post', { words: { text: '早' } })
    Line.last!.say({
      room: 'r1',
      seq: 1,
      from: 0,
      new: [{ seq: 1, ch: 1, kind: 'text', by: 'p1', at: 1, id, words: { text: '早' } }],
    })
    expect(live.pendingOf('r1')).toEqual([])
    expect(live.timeline('r1').items.value).toHaveLength(1)
  })

  it('answers what had no number yet when it was said: after it, and through a reload', async () => {
    const first = await page()
    await until(() => first.online.value)
    Line.away = true
    Line.last!.readyState = 3
    Line.last!.onclose!({ code: 1006 })
    const asked = await first.send('r1', 'request.post', { words: { text: '买药' } })
    await first.send('r1', 'text.post', { behind: asked, words: { text: '两盒' } })

    Line.away = false
    const live = await page()
    await until(() => live.online.value)
    await until(() => Line.last!.commands.length > 0)
    expect(Line.last!.commands.map((c) => c.act)).toEqual(['request.post'])
    Line.last!.say({ ok: [[asked, 12]] })
    expect(Line.last!.commands[1]).toMatchObject({ act: 'text.post', re: 12, words: { text: '两盒' } })
    expect(live.pendingOf('r1')).toMatchObject([{ re: 12 }])
  })

  it('answers what was settled in the moment before', async () => {
    const live = await page()
    await until(() => live.online.value)
    const asked = await live.send('r1', 'request.post', { words: { text: '买药' } })
    Line.last!.say({ ok: [[asked, 12]] })
    await live.send('r1', 'text.post', { behind: asked, words: { text: '两盒' } })
    expect(Line.last!.commands.at(-1)).toMatchObject({ act: 'text.post', re: 12 })
  })

  it('waits with what it answers while that one is refused, follows it, and is given up with it', async () => {
    const live = await page()
    await until(() => live.online.value)
    const asked = await live.send('r1', 'request.post', { words: { text: '买药' } })
    await live.send('r1', 'text.post', { behind: asked, words: { text: '两盒' } })
    Line.last!.say({ no: [[asked, 'muted']] })
    await live.again(live.outbox.get(asked)!)
    const anew = Line.last!.commands.at(-1)!
    expect(anew.id).not.toBe(asked)
    expect(live.pendingOf('r1').map((c) => c.behind)).toContain(anew.id)
    await live.discard(anew.id)
    expect(live.pendingOf('r1')).toEqual([])
  })

  it('stays with the reason when it was refused', async () => {
    const live = await page()
    await until(() => live.online.value)
    const id = await live.send('r1', 'text.post', { words: { text: '早' } })
    Line.last!.say({ no: [[id, 'muted', { until: 5 }]] })
    expect(live.pendingOf('r1')[0]?.refused).toEqual({ code: 'muted', with: { until: 5 } })
  })

  it('goes under a new number when its own is too old', async () => {
    const live = await page()
    await until(() => live.online.value)
    const id = await live.send('r1', 'text.post', { words: { text: '早' } })
    Line.last!.say({ no: [[id, 'stale']] })
    await until(() => Line.last!.commands.length === 2)
    expect(Line.last!.commands[1]!.id).not.toBe(id)
    expect(Line.last!.commands[1]!.words).toEqual({ text: '早' })
  })

  it('tells a tap that it came too late, and forgets it', async () => {
    const live = await page()
    await until(() => live.online.value)
    const result = live.act('r1', 'request.claim', { re: 3 }).catch((e) => e)
    await until(() => Line.last!.commands.length === 1)
    Line.last!.say({ no: [[Line.last!.commands[0]!.id, 'taken', { by: 'p2' }]] })
    expect(await result).toEqual({ code: 'taken', with: { by: 'p2' } })
    expect(live.pendingOf('r1')).toEqual([])
  })

  it('tells a tap that went under a new number what came of it', async () => {
    const live = await page()
    await until(() => live.online.value)
    const result = live.act('r1', 'notice.remind', { re: 3 })
    await until(() => Line.last!.commands.length === 1)
    Line.last!.say({ no: [[Line.last!.commands[0]!.id, 'stale']] })
    await until(() => Line.last!.commands.length === 2)
    Line.last!.say({ ok: [[Line.last!.commands[1]!.id, 12]] })
    expect(await result).toBe(12)
  })

  it.each([
    ['out of its room', 'not-member', (_: Live) => Line.last!.say({ leave: { room: 'r1' } })],
    ['signed out', 'sign-in', (live: Live) => live.forget('self')],
  ])('tells a tap when one is %s before anything came of it', async (_, code, go) => {
    const live = await page()
    await until(() => live.online.value)
    const tap = (room = 'r1') => live.act(room, 'notice.remind', { re: 3 }).catch((e) => e)
    const sent = tap()
    await until(() => Line.last!.commands.length === 1)
    const other = tap('r2')
    await until(() => Line.last!.commands.length === 2)
    const stale = tap()
    await until(() => Line.last!.commands.length === 3)
    Line.last!.say({ no: [[Line.last!.commands[2]!.id, 'stale']] })
    const begun = code === 'sign-in' ? tap() : undefined
    await go(live)
    expect((await sent).code).toBe(code)
    expect((await stale).code).toBe(code)
    if (begun) expect((await begun).code).toBe(code)
    expect(live.outbox.size).toBe(code === 'sign-in' ? 0 : 1)
    Line.last!.say({ ok: [[Line.last!.commands[1]!.id, 9]] })
    expect(await other).toEqual(code === 'sign-in' ? { code } : 9) // of another room
  })

  it('tells a tap that fits into no message', async () => {
    const live = await page()
    await until(() => live.online.value)
    const result = live.act('r1', 'item.edit', { re: 3, words: { text: '好'.repeat(22_000) } })
    await expect(result).rejects.toMatchObject({ code: 'too-large' })
  })

  it('asks nothing where nobody has signed in', async () => {
    const asked = vi.fn(async () => new Response('{}', { status: 401 }))
    vi.stubGlobal('fetch', asked)
    document.cookie = 'linli_until=; max-age=0'
    vi.resetModules()
    const live = await import('./live')
    await expect(live.begin()).rejects.toMatchObject({ fault: { code: 'sign-in' } })
    expect(asked).not.toHaveBeenCalled()
  })

  it('is dropped with the room that one was removed from', async () => {
    const live = await page()
    await until(() => live.online.value)
    await live.send('r1', 'text.post', { words: { text: '早' } })
    Line.last!.say({ leave: { room: 'r1' } })
    expect(live.pendingOf('r1')).toEqual([])
    expect(live.rows.has('r1')).toBe(false)
  })

  it('leaves nothing of the person behind on sign-out', async () => {
    const live = await page()
    await until(() => live.online.value)
    await live.send('r1', 'text.post', { words: { text: '早' } })
    await live.forget('out')
    const { db } = await import('./db')
    expect(await db.outbox()).toEqual([])
    expect(await db.get('me')).toBeUndefined()
  })

  describe('and what is on its way to this device', () => {
    beforeEach(() => {
      vi.stubGlobal(
        'WebSocket',
        class {
          readyState = 0
          close() {}
        },
      )
    })
    // What is asked for from now on, until it is answered.
    const hold = () => {
      const asked: { url: string; say: (body: unknown) => void }[] = []
      vi.stubGlobal(
        'fetch',
        (url: string) => new Promise((ok) => asked.push({ url, say: (body) => ok(Response.json(body)) })),
      )
      return asked
    }
    const other = { ...me, person: 'p2', device: 'd2' }
    const list = (id: string) => ({ rooms: [{ ...row, id }] })

    it('does not bring back who has signed out', async () => {
      const live = await page()
      const asked = hold()
      const late = live.loadMe()
      await until(() => asked.length === 1)
      await live.forget('self')
      asked[0]!.say(me)
      await late
      const { db } = await import('./db')
      expect(live.me.value).toBeUndefined()
      expect(await db.get('me')).toBeUndefined()
    })

    it('begins no session for who has signed out meanwhile', async () => {
      vi.resetModules()
      const live = await import('./live')
      const asked = hold()
      document.cookie = 'linli_until=9999999999999'
      const began = live.begin().catch((e) => e)
      await until(() => asked.length === 1)
      await live.forget('self')
      asked[0]!.say(me)
      expect((await began).fault.code).toBe('sign-in')
      expect(live.me.value).toBeUndefined()
    })

    it('does not come to who signs in then: the rooms', async () => {
      const live = await page()
      const asked = hold()
      const late = live.loadRooms()
      await until(() => asked.length === 1)
      await live.forget('self')
      live.me.value = other as never
      asked[0]!.say(list('r1'))
      await late
      expect([...live.rows.keys()]).toEqual([])
      const after = live.loadRooms()
      await until(() => asked.length === 2)
      asked[1]!.say(list('r2'))
      await after
      expect([...live.rows.keys()]).toEqual(['r2'])
    })

    it('does not come to who signs in then: a message', async () => {
      const live = await page()
      const asked = hold()
      const item = (text: string) => ({
        room: 'r1',
        seq: 5,
        new: [{ seq: 5, ch: 5, kind: 'text', by: 'p3', at: 5, words: { text } }],
        mine: [{ seq: 5, ch: 5, own: { by: text } }],
      })
      const before = live.one(live.timeline('r1'), 5)
      await until(() => asked.length === 1)
      await live.forget('self')
      live.me.value = other as never
      const t = live.timeline('r1')
      const after = live.one(t, 5)
      await until(() => asked.length === 2)
      asked[0]!.say(item('p1'))
      await before
      asked[1]!.say(item('p2'))
      await after
      expect(t.mine.get(5)?.own).toEqual({ by: 'p2' })
    })
  })

  it('begins a room from its end, not from what came before anybody looked at it', async () => {
    const live = await page()
    await until(() => live.online.value)
    const item = (seq: number) => ({ seq, ch: seq, kind: 'text', by: 'p1', at: seq, words: { text: `${seq}` } })
    Line.last!.say({ room: 'r1', seq: 900, from: 899, new: [item(900)] })
    expect(live.rows.get('r1')?.last?.seq).toBe(900) // it is counted and shown in the list
    await live.openRoom('r1')
    expect(Line.last!.heard.flatMap((m) => m.resume ?? [])).toEqual([{ room: 'r1', after: 0 }])
    Line.last!.say({ room: 'r1', seq: 900, after: 0, reset: true, new: [item(899), item(900)] })
    expect(live.timeline('r1').items.value.map((i) => i.seq)).toEqual([899, 900])
  })

  it('leaves no gap when a page comes for what is held no longer', async () => {
    const live = await page()
    await until(() => live.online.value)
    const item = (seq: number) => ({ seq, ch: seq, kind: 'text', by: 'p2', at: seq, words: { text: `${seq}` } })
    const run = (from: number) => Array.from({ length: 50 }, (_, i) => item(from + i))
    await live.openRoom('r1')
    Line.last!.say({ room: 'r1', seq: 1000, after: 0, reset: true, new: run(951) })
    const line = live.timeline('r1')
    line.show({ room: 'r1', seq: 1000, new: run(501) })
    const pages = new Map([
      ['after=550', run(551)],
      ['before=501', run(451)],
    ])
    vi.stubGlobal('fetch', async (url: string) => {
      const found = [...pages].find(([query]) => url.includes(query))
      return new Response(JSON.stringify({ room: 'r1', seq: 1000, new: found?.[1] ?? run(951) }))
    })
    const slow = [live.newer(line), live.older(line)]
    line.show({ room: 'r1', seq: 1000, new: run(951) }) // back to the end meanwhile
    await Promise.all(slow)
    expect(line.items.value.map((i) => i.seq)).toEqual(run(951).map((i) => i.seq))
  })

  it('keeps what was heard while an older list of the rooms was on its way', async () => {
    const live = await page()
    await until(() => live.online.value)
    const item = {
      seq: 7,
      ch: 7,
      kind: 'text',
      by: 'p2',
      at: 7,
      o: { chat: 5 },
      words: { text: '早' },
      state: { to: ['p1'] },
    }
    const asked = live.loadRooms()
    Line.last!.say({ room: 'r1', seq: 7, from: 6, new: [item] })
    await asked
    const heard = live.rows.get('r1')!
    expect([heard.last?.seq, heard.lanes?.chat, heard.called, heard.seq]).toEqual([7, 5, 7, 7])
  })

  describe('of what stands at the head of a room', () => {
    const before = { ...row, seq: 5, pins: [2], current: { notice: 1 }, without: ['sticker'], reserved: ['request'] }
    const since = { ...row, seq: 6, pins: [6], current: { notice: 2 }, without: ['poll'], reserved: ['chat'] }
    const item = (seq: number) => ({ seq, ch: seq, kind: 'text', by: 'p2', at: seq, o: { chat: seq }, words: {} })
    const head = (r?: object) =>
      (({ seq, pins, current, without, reserved }) => [seq, pins, current, without, reserved])(r as typeof before)
    const opened = async () => {
      Line.rooms = [{ id: 'r1', seq: 5 }]
      const answers: ((r: Response) => void)[] = []
      let held = false
      vi.stubGlobal('fetch', async (url: string) => {
        if (url.endsWith('/me')) return Response.json(me)
        if (url.endsWith('/rooms') && held) return new Promise((ok) => answers.push(ok))
        return Response.json({ rooms: [before] })
      })
      const live = await page()
      await until(() => live.online.value && live.listed.value)
      held = true
      const says = async (r: object) => {
        await until(() => answers.length > 0)
        for (const answer of answers) answer(Response.json({ rooms: [r] }))
      }
      return { live, says }
    }

    it('the list counts over what another connection told', async () => {
      const { live, says } = await opened()
      Line.last!.readyState = 3
      Line.last!.onclose!({ code: 1006 })
      Line.rooms = [{ id: 'r1', seq: 6 }]
      vi.advanceTimersByTime(1000)
      await until(() => live.online.value)
      Line.last!.say({ room: 'r1', seq: 7, from: 6, new: [item(7)] })
      await says(since)
      await until(() => live.rows.get('r1')?.reserved?.[0] === 'chat')
      expect(head(live.rows.get('r1'))).toEqual(head({ ...since, seq: 7 }))
    })

    it('what this connection told counts over a list of before', async () => {
      const { live, says } = await opened()
      const asked = live.loadRooms()
      const { pins, current, without, reserved } = since
      Line.last!.say({ room: 'r1', seq: 6, from: 5, pins, current, rules: { without, reserved } })
      Line.last!.say({ room: 'r1', seq: 7, from: 6, new: [item(7)] })
      // And so it does over the answer to a resume that was read from before.
      Line.last!.say({ room: 'r1', seq: 5, after: 0, reset: true, pins: before.pins })
      await says(before)
      await asked
      expect(head(live.rows.get('r1'))).toEqual(head({ ...since, seq: 7 }))
    })
  })

  it('reads all lanes with the last message, also those whose last one is too far back to be held', async () => {
    const live = await page()
    await until(() => live.online.value)
    live.rows.set('r1', {
      ...live.rows.get('r1')!,
      seq: 905,
      lanes: { chat: 800, notice: 9 },
      read: { seq: 10, lanes: { chat: 3 } },
    })
    await live.openRoom('r1')
    const item = { seq: 904, ch: 904, kind: 'text', by: 'p2', at: 904, o: { chat: 800 }, words: { text: '早' } }
    Line.last!.say({ room: 'r1', seq: 905, after: 0, reset: true, new: [item] })
    expect(live.unread(live.rows.get('r1')!)).toBeGreaterThan(700)
    Line.last!.say({ read: [['r1', 904]] })
    expect(live.unread(live.rows.get('r1')!)).toBe(0)
  })

  it("never counts one's own as unread on another device, nor what was taken back", async () => {
    const live = await page()
    await until(() => live.online.value)
    await live.loadRooms()
    await live.openRoom('r1')
    const item = (seq: number, by: string, lane = 'chat', n = seq) => ({
      seq,
      ch: seq,
      kind: 'text',
      by,
      at: seq,
      o: { [lane]: n },
      words: {},
    })
    Line.last!.say({ room: 'r1', seq: 0, after: 0, reset: true, first: true })
    const count = (lane?: string) => live.unread(live.rows.get('r1')!, lane)
    Line.last!.say({ room: 'r1', seq: 1, from: 0, new: [item(1, 'p1')] })
    Line.last!.say({ room: 'r1', seq: 2, from: 1, new: [item(2, 'p1', 'notice', 1)] })
    expect(count()).toBe(0)
    Line.last!.say({ room: 'r1', seq: 4, from: 2, new: [item(3, 'p2', 'chat', 2), item(4, 'p1', 'chat', 3)] })
    Line.last!.say({ room: 'r1', seq: 5, from: 4, new: [item(5, 'p2', 'chat', 4)] })
    expect([count('chat'), count('notice')]).toEqual([2, 0])
    Line.last!.say({ room: 'r1', seq: 6, from: 5, set: [{ seq: 5, ch: 6, state: { retracted: true } }] })
    Line.last!.say({ room: 'r1', seq: 7, from: 6, set: [{ seq: 5, ch: 7, state: { retracted: true, pinned: true } }] })
    expect(count()).toBe(1)
    Line.last!.say({ room: 'r1', seq: 8, from: 7, new: [item(8, 'p2', 'chat', 5)] })
    Line.last!.say({ read: [['r1', 3]] }) // 4 and 5 stand behind it and are for nobody to read
    expect(count()).toBe(1)
    Line.last!.say({ read: [['r1', 8]] })
    expect(count()).toBe(0)
  })

  it('shows of a room’s last message what became of it, also where the room was never opened', async () => {
    const live = await page()
    await until(() => live.online.value)
    await live.loadRooms()
    const item = { seq: 1, ch: 1, kind: 'text', by: 'p2', at: 1, o: { chat: 1 }, words: { text: '早' } }
    Line.last!.say({ room: 'r1', seq: 1, from: 0, new: [item] })
    const last = () => live.rows.get('r1')!.last!
    expect(last().words).toEqual({ text: '早' })
    Line.last!.say({ room: 'r1', seq: 2, from: 1, set: [{ seq: 1, ch: 2, state: {}, words: { text: '早上好' } }] })
    expect(last().words).toEqual({ text: '早上好' })
    Line.last!.say({ room: 'r1', seq: 3, from: 2, set: [{ seq: 1, ch: 3, state: { retracted: true } }] })
    expect(last().state?.retracted).toBe(true)
    expect(last().words ?? null).toBeNull()
    Line.last!.say({ room: 'r1', seq: 2, from: 1, set: [{ seq: 1, ch: 2, state: {}, words: { text: '早上好' } }] }) // late
    expect(last().state?.retracted).toBe(true)
  })

  it('begins a room with as much as the answer to its resume brings, so that what comes second moves nothing', async () => {
    const live = await page()
    const asked = vi.spyOn(globalThis, 'fetch')
    await live.openRoom('r9').catch(() => {})
    const { newestPage } = await import('./timeline')
    expect(asked.mock.calls.map(([to]) => String(to))).toContain(`/api/v1/rooms/r9/items?limit=${newestPage}`)
    const { readFileSync } = await import('node:fs')
    expect(readFileSync('scripts/early.js', 'utf8')).toContain(`/items?limit=${newestPage}\``)
  })

  it('asks for a room that was opened before there was a connection', async () => {
    const live = await page()
    expect(live.online.value).toBe(false)
    await live.openRoom('r1')
    await until(() => live.online.value)
    await until(() => Line.last!.heard.some((m) => m.resume))
    Line.last!.heard = []
    Line.last!.say({ failed: { room: 'r1', code: 'busy' } })
    vi.advanceTimersByTime(2500)
    expect(Line.last!.heard.flatMap((m) => m.resume ?? [])).toEqual([{ room: 'r1', after: 0 }])
  })

  it('asks for a message once, however many want it at the same time', async () => {
    const live = await page()
    const asked = vi.spyOn(globalThis, 'fetch')
    const t = live.timeline('r1')
    await Promise.all([live.one(t, 5), live.one(t, 5)].map((p) => p.catch(() => {})))
    expect(asked.mock.calls.filter(([to]) => String(to).endsWith('/items/5'))).toHaveLength(1)
  })

  describe('where the list was asked for before the program was here', () => {
    const fresh = [
      { ...row, seq: 5, lanes: { chat: 3 } },
      { ...row, id: 'r2' },
    ]
    // Until it answers, or with what it says.
    const early = (answer: Response | Promise<Response>) => {
      vi.spyOn(performance, 'now').mockReturnValue(8000)
      Object.assign(window, { early: { '/rooms': Promise.resolve(answer) } })
    }
    const list = (rooms: unknown[]) => new Response(JSON.stringify({ rooms }))
    beforeEach(() => {
      Line.rooms = [
        { id: 'r1', seq: 5 },
        { id: 'r2', seq: 0 },
      ]
      vi.stubGlobal('fetch', async (url: string) => (url.endsWith('/me') ? Response.json(me) : list(fresh)))
    })
    afterEach(() => {
      vi.restoreAllMocks()
      Object.assign(window, { early: undefined })
    })

    it.each([
      ['of more', [row]],
      ['of less', [...fresh, { ...row, id: 'r3' }]],
    ])('asks once more when the connection knows %s', async (_, stale) => {
      const { db } = await import('./db')
      await db.set('rows', [row])
      early(list(stale))
      const live = await page()
      await until(() => live.rows.has('r2') && !live.rows.has('r3'))
      expect(live.unread(live.rows.get('r1')!)).toBe(3)
    })

    it('takes no list over one that was asked for later', async () => {
      let come = (_: Response) => {}
      early(
        new Promise<Response>((ok) => {
          come = ok
        }),
      )
      const opening = page()
      await vi.waitFor(async () => expect((await import('./live')).rows.has('r2')).toBe(true), { timeout: 3000 })
      come(list([row]))
      const live = await opening
      expect([...live.rows.keys()]).toEqual(['r1', 'r2'])
      expect(live.rows.get('r1')?.seq).toBe(5)
    })
  })

  it('tells what was read without a connection when there is one again', async () => {
    const live = await page()
    await until(() => live.online.value)
    await live.loadRooms()
    Line.last!.readyState = 3
    live.read('r1', 4)
    vi.advanceTimersByTime(500)
    expect(Line.last!.heard.some((m) => m.read)).toBe(false)
    Line.last!.onclose!({ code: 1006 })
    vi.advanceTimersByTime(1000)
    await until(() => live.online.value && Line.last!.heard.some((m) => m.read))
    expect(Line.last!.heard.flatMap((m) => m.read ?? [])).toEqual([['r1', 4]])
  })
})
