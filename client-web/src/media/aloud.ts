import { reactive } from 'vue'
import { spoken } from '@/words/spoken'

// The one voice that reads aloud: what it reads now, and which sentence of it. It begins only from a tap, one thing at a time, and stops
// when whoever shows it is left.

export interface Piece {
  what: string // a name for it on the page
  parts: string[] // sentences, as they are shown
}

// none: what was to be read, where this browser has no voice for it.
export const aloud = reactive({ what: '', part: 0, nth: 0, on: false, paused: false, none: '' })

const synth = 'speechSynthesis' in window ? window.speechSynthesis : undefined
let pieces: Piece[] = []
let turn = 0 // grows with every beginning and end: what was begun before goes no further
const held: { now?: SpeechSynthesisUtterance } = {} // or some browsers forget to say when it has ended

// Only voices of this device: the others send every sentence to somebody's server.
const voiceFor = (text: string) => {
  const wanted = /\p{Script=Han}/u.test(text) ? /^(zh|cmn)([-_]|$)/i : /^en([-_]|$)/i
  const fit = (synth?.getVoices() ?? []).filter((v) => v.localService && wanted.test(v.lang))
  return fit.find((v) => /cn|hans/i.test(v.lang)) ?? fit[0]
}

// Voices are known a moment after the page has asked for the first time.
const known = () =>
  new Promise<void>((done) => {
    if (!synth || synth.getVoices().length) return done()
    synth.addEventListener('voiceschanged', () => done(), { once: true })
    setTimeout(done, 1500)
  })

let unlocked = false
// iOS lets a page speak later only if it has spoken within a tap.
export const unlock = () => {
  if (!synth || unlocked) return
  unlocked = true
  synth.getVoices()
  synth.speak(new SpeechSynthesisUtterance(''))
}

const say = (text: string, voice: SpeechSynthesisVoice) =>
  new Promise<string>((done) => {
    const u = new SpeechSynthesisUtterance(spoken(text))
    u.voice = voice
    u.lang = voice.lang
    u.rate = 0.9
    u.onend = () => done('')
    u.onerror = (e) => done(e.error || 'failed')
    held.now = u
    synth!.speak(u)
  })

const go = async () => {
  const mine = ++turn
  synth?.cancel()
  Object.assign(aloud, { on: true, paused: false, none: '' })
  await known()
  for (; aloud.nth < pieces.length; aloud.nth++, aloud.part = 0) {
    const { what, parts } = pieces[aloud.nth]!
    aloud.what = what
    const voice = voiceFor(parts.join(''))
    for (; aloud.part < parts.length; aloud.part++) {
      if (turn !== mine) return
      const wrong = voice ? await say(parts[aloud.part]!, voice) : 'no voice'
      if (turn !== mine) return
      if (wrong) {
        stop()
        aloud.none = what
        return
      }
    }
  }
  stop()
}

// Reads one thing, or several one after the other.
export const read = (...list: Piece[]) => {
  unlock()
  pieces = list
  Object.assign(aloud, { what: list[0]?.what ?? '', nth: 0, part: 0 })
  return go()
}

// A pause begins its sentence again: Android's own pause never goes on.
export const pause = () => {
  turn++
  synth?.cancel()
  aloud.paused = true
}
export const goOn = () => go()

export const stop = () => {
  turn++
  if (aloud.on) synth?.cancel()
  held.now = undefined
  Object.assign(aloud, { what: '', on: false, paused: false, none: '' })
}

addEventListener('pagehide', stop)
