import { reactive } from 'vue'
import { me, timeline } from '@/store/live'
import { freshen } from '@/wire/http'
import type { Item } from '@/wire/types'
import { fileUrl, filesOf } from './files'

// The one player of voices: what plays now, where it is, how fast. When one ends, the next that was not heard follows.

export const playing = reactive({ room: '', seq: 0, hash: '', at: 0, on: false, fast: false })

const audio = new Audio()
const key = 'linli.heard'
const most = 500
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
audio.onended = () => {
  const { room, seq } = playing
  playing.at = 0
  const next = timeline(room).items.value.find(
    (i) => i.seq > seq && i.kind === 'voice' && !i.state?.retracted && !wasHeard(room, i),
  )
  if (next) void play(room, next)
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

export const speed = () => {
  playing.fast = !playing.fast
  audio.playbackRate = playing.fast ? 1.5 : 1
}
