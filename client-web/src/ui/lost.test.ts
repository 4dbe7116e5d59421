import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

// A part of the program that was asked for is not there any more.
const fails = () => dispatchEvent(new Event('vite:preloadError'))

describe('a part that cannot be fetched', () => {
  let opened: string[]
  let toasts: { text: string }[]
  const load = async (answers: () => Promise<Response> = async () => new Response('{"needed":false}')) => {
    vi.resetModules()
    vi.stubGlobal('fetch', vi.fn(answers))
    const lost = await import('./lost')
    toasts = (await import('./toast')).toasts
    opened = []
    lost.anew.open = (to) => opened.push(to)
    return lost
  }
  const said = () => vi.waitFor(() => expect(opened.length + toasts.length).toBeGreaterThan(0))
  beforeEach(() => sessionStorage.clear())
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  it('opens the page that was wanted anew', async () => {
    const { want, lost } = await load()
    const done = lost()
    want('/search?room=r1') // the router says it a moment later
    await done
    expect(opened).toEqual(['/search?room=r1'])
    expect(toasts).toEqual([])
  })

  it('opens the page that is open when nothing else was wanted, once in ten seconds, and says so in between', async () => {
    const { lost } = await load()
    const at = vi.spyOn(Date, 'now').mockReturnValue(1_000_000)
    await lost()
    expect(opened).toEqual([location.pathname + location.search])
    at.mockReturnValue(1_009_000)
    await lost()
    expect(opened).toHaveLength(1)
    expect(toasts.map((x) => x.text)).toEqual(['这一部分没能打开。请稍后再点一次，或刷新页面。'])
    at.mockReturnValue(1_010_001)
    await lost()
    expect(opened).toHaveLength(2)
  })

  it('never without a network, nor without a server', async () => {
    for (const answers of [
      async () => {
        throw new TypeError('no network')
      },
      async () => new Response('<h1>Bad Gateway</h1>', { status: 502 }),
      async () => new Response('<h1>Please sign in to the Wi-Fi</h1>'),
    ]) {
      const { lost } = await load(answers as () => Promise<Response>)
      await lost()
      expect(opened).toEqual([])
      expect(toasts.map((x) => x.text)).toEqual(['没有网络，请连上后再试。'])
    }
  })

  it('says so where it cannot be remembered that it was tried', async () => {
    const { lost } = await load()
    vi.stubGlobal('sessionStorage', {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError')
      },
    })
    await lost()
    expect(opened).toEqual([])
    expect(toasts).toHaveLength(1)
  })

  it('is noticed wherever it was wanted', async () => {
    await load()
    fails()
    await said()
  })
})
