import { reactive } from 'vue'
import { me, timeline } from '@/store/live'
import { freshen, get } from '@/wire/http'
import type { Delivery, Item } from '@/wire/types'
import { fileUrl, filesOf } from './files'
import { isPast } from './keep'

// The one player of voices: what plays now, where it is, how fast. When one ends, the next that was not heard follows. A video that
// plays silences it, and the other way round.

export const playing = reactive({ room: '', seq: 0, hash: '', at: 0, on: false, fast: false })

const audio = new Audio()
let film: HTMLVideoElement | undefined
let turn = 0 // what was begun before the last tap is not gone on with
const key = 'linli.heard'
const most = 500
const pages = 5 // of the shelf that are looked through for the next one
const heard = reactive(new Set<string>(JSON.parse(localStorage.getItem(key) ?? '[]') as string[]))
const name = (room: string, seq: number) => `${room}/${seq}`

// Was this voice heard on this device? One's own always was.
export const wasHeard = (room: string, item: Item) => item.by === me.value?.person || heard.has(name(room, item.seq))

const hear = (room: string, seq: number) => {
  heard.add(name(room, seq))
  for (const old of heard) if (heard.size > most) heard.delete(old)
  localStorage.setItem(key, JSON.stringify([...heard]))
}

audio.ontimeupdate = () => {
  playing.at = audio.currentTime
}
audio.onpause = () => {
  playing.on = false
}
audio.onplay = () => {
  playing.on = true
}
audio.onended = async () => {
  const { room, seq } = playing
  playing.at = 0
  const mine = ++turn
  try {
    const next = await following(room, seq)
    if (next && mine === turn) await play(room, next)
  } catch {
    // without a network it ends here
  }
}

// The next voice of a room that was not heard. One that plays further up than what is held here is followed along the shelf.
const following = async (room: string, seq: number): Promise<Item | undefined> => {
  const next = (i: Item) => i.seq > seq && i.kind === 'voice' && !i.state?.retracted && !isPast(i) && !wasHeard(room, i)
  const held = timeline(room).items.value
  if (held[0] && held[0].seq <= seq) return held.find(next)
  for (let after = seq, n = 0; n < pages; n++) {
    const { new: page = [] } = await get<Delivery>(`/rooms/${room}/items?lane=files&after=${after}&limit=50`)
    const found = page.find(next)
    if (found || !page.length) return found
    after = page.at(-1)!.seq
  }
}

const start = async (url: string) => {
  audio.src = url
  audio.playbackRate = playing.fast ? 1.5 : 1
  await audio.play()
}

// Is it this one that plays? A message that passes several on has all of them.
export const isPlaying = (room: string, item: Item) =>
  playing.room === room && playing.seq === item.seq && playing.hash === filesOf(item)[0]?.hash

// Plays a voice, or goes on with it, or stops it. Rejects when it cannot be played.
export const play = async (room: string, item: Item) => {
  turn++
  film?.pause()
  const { hash } = filesOf(item)[0]!
  if (isPlaying(room, item) && audio.src) {
    if (playing.on) return audio.pause()
    return audio.play()
  }
  Object.assign(playing, { room, seq: item.seq, hash, at: 0 })
  const url = fileUrl(room, item.seq, hash)
  try {
    await start(url)
  } catch (e) {
    // Perhaps only the access token is past its time.
    if ((e as DOMException).name === 'NotAllowedError' || !(await freshen())) throw e
    await start(`${url}?again`)
  }
  hear(room, item.seq)
}

// A video begins: whatever else plays is silent.
export const claim = (video: HTMLVideoElement) => {
  turn++
  audio.pause()
  if (film !== video) film?.pause()
  film = video
}

// Whoever leaves a room leaves what is said in it.
export const stop = () => {
  turn++
  audio.pause()
  film?.pause()
  film = undefined
  Object.assign(playing, { room: '', seq: 0, at: 0 })
}

export const speed = () => {
  playing.fast = !playing.fast
  audio.playbackRate = playing.fast ? 1.5 : 1
}
