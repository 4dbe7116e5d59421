import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

// A browser's voice: it says when it has ended only when the test lets it.
class Voice extends EventTarget {
  voices = [
    { lang: 'zh-CN', localService: false, name: 'of a server' },
    { lang: 'zh_TW', localService: true, name: 'of Taiwan' },
    { lang: 'zh-CN', localService: true, name: 'of this device' },
  ]
  said: { text: string; voice: { name: string }; onend: () => void; onerror: (e: { error: string }) => void }[] = []
  stopped = 0
  getVoices() {
    return this.voices
  }
  speak(u: Voice['said'][0]) {
    if (u.text) this.said.push(u)
  }
  cancel() {
    this.stopped++
    this.said.at(-1)?.onerror({ error: 'interrupted' })
  }
  get texts() {
    return this.said.map((u) => u.text)
  }
}

describe('reading aloud', () => {
  let voice: Voice
  const start = async () => {
    vi.resetModules()
    return import('./aloud')
  }
  const settled = () => new Promise((done) => setTimeout(done))
  beforeEach(() => {
    voice = new Voice()
    vi.stubGlobal('speechSynthesis', voice)
    vi.stubGlobal(
      'SpeechSynthesisUtterance',
      class {
        constructor(public text: string) {}
      },
    )
  })
  afterEach(() => vi.unstubAllGlobals())

  it('goes sentence by sentence, one thing after the other, in a voice of this device', async () => {
    const { aloud, read } = await start()
    void read({ what: 'a', parts: ['今晚22:00停水。', '请存水。'] }, { what: 'b', parts: ['停电'] })
    await settled()
    expect(voice.texts).toEqual(['今晚 10 点停水。'])
    expect(voice.said[0]!.voice.name).toBe('of this device')
    expect(aloud).toMatchObject({ what: 'a', part: 0, on: true })
    voice.said[0]!.onend()
    await settled()
    expect(aloud).toMatchObject({ what: 'a', part: 1 })
    voice.said[1]!.onend()
    await settled()
    expect(aloud).toMatchObject({ what: 'b', part: 0, nth: 1 })
    voice.said[2]!.onend()
    await settled()
    expect(aloud).toMatchObject({ what: '', on: false })
  })

  it('pauses, goes on with the same sentence, and one thing ends another', async () => {
    const { aloud, goOn, pause, read } = await start()
    void read({ what: 'a', parts: ['一。', '二。'] })
    await settled()
    voice.said[0]!.onend()
    await settled()
    pause()
    await settled()
    expect(aloud).toMatchObject({ what: 'a', part: 1, paused: true })
    void goOn()
    await settled()
    expect(voice.texts).toEqual(['一。', '二。', '二。'])
    void read({ what: 'b', parts: ['三。'] })
    await settled()
    expect(aloud).toMatchObject({ what: 'b', paused: false, none: '' })
    voice.said[2]!.onend() // of what is over
    await settled()
    expect(voice.texts.at(-1)).toBe('三。')
  })

  it('says so where there is no voice for it, and never takes one of a server', async () => {
    voice.voices = [voice.voices[0]!]
    const { aloud, read } = await start()
    await read({ what: 'a', parts: ['一。'] })
    expect(voice.texts).toEqual([])
    expect(aloud).toMatchObject({ none: 'a', on: false })
  })

  it('does without a browser that can speak', async () => {
    vi.unstubAllGlobals()
    Reflect.deleteProperty(window, 'speechSynthesis')
    const { aloud, read, stop } = await start()
    await read({ what: 'a', parts: ['一。'] })
    expect(aloud.none).toBe('a')
    stop()
    expect(aloud.none).toBe('')
  })
})
