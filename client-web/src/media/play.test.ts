import 'fake-indexeddb/auto'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Item } from '@/wire/types'

// A player that plays nothing, and says what it was asked to.
class Player {
  static one: Player
  src = ''
  currentTime = 0
  playbackRate = 1
  paused = true
  onended?: () => Promise<void>
  onpause?: () => void
  onplay?: () => void
  constructor() {
    Player.one = this
  }
  async play() {
    this.paused = false
    this.onplay?.()
  }
  pause() {
    this.paused = true
    this.onpause?.()
  }
}
const voice = (seq: number, more: Partial<Item> = {}): Item => ({
  seq,
  ch: seq,
  kind: 'voice',
  by: 'p2',
  at: Date.now(),
  state: { files: [{ hash: `h${seq}`, type: 'audio/mp4', size: 9 }], seconds: 2 },
  ...more,
})
const page = async (held: Item[]) => {
  vi.resetModules()
  localStorage.clear()
  const live = await import('@/store/live')
  live.me.value = { person: 'p1', features: {} } as never
  live.timeline('r1').apply({ room: 'r1', seq: 99, new: held })
  return import('./play')
}
let asked: string[] = []
let shelf: Item[] = []
beforeEach(() => {
  asked = []
  shelf = []
  vi.stubGlobal('Audio', Player)
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    const after = Number(/after=(\d+)/.exec(url)?.[1])
    return new Response(JSON.stringify({ room: 'r1', seq: 99, new: shelf.filter((i) => i.seq > after).slice(0, 2) }))
  })
})

it('goes on with the next that was not heard, not taken back and not one’s own', async () => {
  const all = [
    voice(1),
    voice(2, { by: 'p1' }),
    voice(3, { state: { retracted: true } }),
    voice(4, { kind: 'text', state: {} }),
    voice(5),
  ]
  const { play, playing, wasHeard } = await page(all)
  await play('r1', all[0]!)
  await Player.one.onended!()
  expect(playing.seq).toBe(5)
  expect(wasHeard('r1', all[4]!)).toBe(true)
  await Player.one.onended!()
  expect(playing.seq).toBe(5)
  expect(asked).toEqual([])
})

it('follows along the shelf what is further up than this page holds, page by page', async () => {
  shelf = [voice(10), voice(11, { kind: 'file' }), voice(12, { kind: 'picture' }), voice(13)]
  const { play, playing } = await page([voice(50)])
  await play('r1', shelf[0]!)
  await Player.one.onended!()
  expect(playing.seq).toBe(13)
  expect(asked).toEqual([
    '/api/v1/rooms/r1/items?lane=files&after=10&limit=50',
    '/api/v1/rooms/r1/items?lane=files&after=12&limit=50',
  ])
  expect(Player.one.src).toContain('/items/13/files/h13')
})

it('is silent when the room is left, also while the next one was looked for', async () => {
  shelf = [voice(10), voice(11)]
  const { play, playing, stop } = await page([voice(50)])
  await play('r1', shelf[0]!)
  const next = Player.one.onended!()
  stop()
  await next
  expect(playing).toMatchObject({ room: '', seq: 0, on: false })
  expect(Player.one.paused).toBe(true)
})

it('plays one thing at a time, videos among them', async () => {
  const all = [voice(1), voice(2)]
  const { play, playing, claim } = await page(all)
  const film = () => {
    const v = { paused: false, pause: () => {} } as unknown as HTMLVideoElement
    v.pause = () => {
      ;(v as { paused: boolean }).paused = true
    }
    return v
  }
  const [one, two] = [film(), film()]
  await play('r1', all[0]!)
  claim(one)
  expect(Player.one.paused).toBe(true)
  claim(two)
  expect(one.paused).toBe(true)
  expect(two.paused).toBe(false)
  await play('r1', all[1]!)
  expect(two.paused).toBe(true)
  expect(playing.seq).toBe(2)
})
