// The sound of the house: two short notes, more of them when it is urgent. Made here, so that nothing has to be fetched first.

const rest = 2000 // ms between two chimes: ten messages at once ring once
let audio: AudioContext | undefined
let last = 0

// A browser lets a page sound only after somebody has touched it. Once touched, the context sleeps until it is needed.
const wake = async () => {
  if (audio || typeof AudioContext === 'undefined') return
  audio = new AudioContext()
  await audio.resume()
  await audio.suspend()
}
for (const type of ['pointerup', 'keydown']) addEventListener(type, () => void wake().catch(() => {}), { once: true })

const note = (a: AudioContext, hz: number, at: number) => {
  const tone = a.createOscillator()
  const gain = a.createGain()
  tone.frequency.value = hz
  gain.gain.setValueAtTime(0.0001, at)
  gain.gain.exponentialRampToValueAtTime(0.4, at + 0.02)
  gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.4)
  tone.connect(gain).connect(a.destination)
  tone.start(at)
  tone.stop(at + 0.42)
  return tone
}

// Sounds and shakes; false when this page may not sound, since nobody has touched it yet.
export const chime = async (loud = false) => {
  if (!loud && Date.now() - last < rest) return true
  if (!audio) return false
  last = Date.now()
  navigator.vibrate?.(loud ? [400, 150, 400] : 150)
  await Promise.race([audio.resume(), new Promise((late) => setTimeout(late, 500))])
  if (audio.state !== 'running') return false
  const notes = loud ? [988, 740, 988, 740] : [659, 880]
  const tones = notes.map((hz, i) => note(audio!, hz, audio!.currentTime + i * 0.22))
  tones.at(-1)!.onended = () => void audio!.suspend()
  return true
}
