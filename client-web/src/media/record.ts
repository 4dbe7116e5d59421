// Recording a voice. Its loudness is measured while it is spoken: a recording does not say how long or loud it is.

const longest = 60 // seconds
export const warnAt = 50
const parts = 40 // of the waveform

export interface Said {
  blob: Blob
  seconds: number
  wave: string // a digit 0–9 for each part
}

const types = ['audio/mp4;codecs=mp4a.40.2', 'audio/webm;codecs=opus', 'audio/mp4', 'audio/webm']

export const canRecord = () => !!navigator.mediaDevices?.getUserMedia && 'MediaRecorder' in window

// Why a recording cannot begin, as a key of the words: what the device threw, or what it has not.
export const whyNot = (e?: unknown) => {
  if (!isSecureContext) return 'noMicPlain'
  if (!canRecord()) return 'noMicOld'
  switch ((e as DOMException | undefined)?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'noMicDenied'
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'noMicNone'
    case 'NotReadableError':
    case 'AbortError':
      return 'noMicBusy'
  }
  return 'noMic'
}

// The loudest of equal parts, as digits against the loudest of all.
export const waveOf = (levels: number[]): string => {
  if (!levels.length) return ''
  const n = Math.min(parts, levels.length)
  const peaks = Array.from({ length: n }, (_, i) =>
    Math.max(...levels.slice(Math.floor((i * levels.length) / n), Math.floor(((i + 1) * levels.length) / n))),
  )
  const top = Math.max(...peaks, 0.01)
  return peaks.map((p) => Math.round((p / top) * 9)).join('')
}

// Starts a recording; finish gives what was said, cancel throws it away. tick hears the seconds so far; at the longest it says so and
// goes no further. Rejects when the person or the device does not let it.
export const record = async (tick: (seconds: number, full: boolean) => void) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
  const type = types.find((t) => MediaRecorder.isTypeSupported(t))
  const recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: 24_000 })
  const chunks: Blob[] = []
  recorder.ondataavailable = (e) => chunks.push(e.data)
  const ears = new AudioContext()
  const meter = ears.createAnalyser()
  ears.createMediaStreamSource(stream).connect(meter)
  const sample = new Float32Array(meter.fftSize)
  const levels: number[] = []
  const begun = performance.now()
  const seconds = () => Math.min(longest, (performance.now() - begun) / 1000)
  const timer = setInterval(() => {
    meter.getFloatTimeDomainData(sample)
    levels.push(Math.sqrt(sample.reduce((n, x) => n + x * x, 0) / sample.length))
    const full = seconds() >= longest
    if (full && recorder.state === 'recording') recorder.pause()
    tick(seconds(), full)
  }, 100)
  recorder.start(1000)
  const end = async () => {
    const all = Math.max(1, Math.round(seconds()))
    clearInterval(timer)
    const stopped = new Promise((done) => {
      recorder.onstop = done
    })
    recorder.stop()
    await stopped
    for (const track of stream.getTracks()) track.stop()
    void ears.close()
    return all
  }
  return {
    cancel: end,
    finish: async (): Promise<Said> => {
      const all = await end()
      return { blob: new Blob(chunks, { type: recorder.mimeType }), seconds: all, wave: waveOf(levels) }
    },
  }
}
