// People at their pages: each in a browser context of their own.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed } from 'vitest'
import { open } from './browser.mjs'
import type { Linli } from './linli'
import { password } from './town'

export const phone = { width: 390, height: 844 }
export const desk = { width: 1280, height: 800 }

let browser: Browser
export const withBrowser = (needs?: { notifies: boolean }) => {
  beforeAll(async () => {
    browser = await open(needs)
  })
  afterAll(() => browser?.close())
}

// What no page may do: fail without a word. Refused answers, and `busy`, are part of the talk with the server.
export const faults: string[] = []

export const someone = async (linli: Linli, size = phone, more: Parameters<Browser['newContext']>[0] = {}) => {
  const context = await browser.newContext({ viewport: size, locale: 'zh-CN', baseURL: linli.url, ...more })
  context.setDefaultTimeout(180_000)
  const page = await context.newPage()
  watch(page)
  picture(page)
  looks(page)
  return { context, page }
}

// What was just said is said once more to screen readers, a moment later (chat/News.vue): who looks for a text means the one that is seen.
const looks = (page: Page) => {
  const found = page.getByText.bind(page)
  page.getByText = (text, options) => found(text, options).and(page.locator(':not([data-news])'))
}

// A failed test leaves pictures of every page that was open.
let pictures = 0
const picture = (page: Page) => {
  const n = ++pictures
  onTestFailed(async () => {
    if (!page.isClosed())
      await page.screenshot({ path: `test-results/${process.env.VITEST_POOL_ID}-${n}.png` }).catch(() => {})
  })
}

export const watch = (page: Page) => {
  page.on('pageerror', (e) => faults.push(`${page.url()}: ${e.message}`))
  page.on('console', (m) => {
    if (m.type() === 'error' && !/status of (4\d\d|503)|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION/.test(m.text()))
      faults.push(`${page.url()}: ${m.text()}`)
  })
  page.on('dialog', (d) => void d.accept())
}

export const signIn = async (page: Page, who: { phone: string }, word = password) => {
  await page.goto('/signin')
  await page.getByLabel('手机号').fill(who.phone)
  await page.getByLabel('密码').fill(word)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL(/\/(rooms|office)$/)
}

// Signed in and in the room.
export const inRoom = async (
  linli: Linli,
  who: { phone: string },
  room: string,
  size = phone,
): Promise<{ context: BrowserContext; page: Page }> => {
  const s = await someone(linli, size)
  await signIn(s.page, who)
  await s.page.goto(`/rooms/${room}`)
  await s.page.getByLabel('说点什么').waitFor()
  return s
}

export const say = async (page: Page, text: string) => {
  await page.getByLabel('说点什么').fill(text)
  await page.getByRole('button', { name: '发送', exact: true }).click()
}

// What the device keeps of a room, the texts in their order: what it shows without a network.
export const kept = (page: Page, room: string) =>
  page.evaluate(
    (room) =>
      new Promise<string[]>((ok) => {
        const open = indexedDB.open('linli')
        open.onsuccess = () => {
          const ask = open.result.transaction('rooms').objectStore('rooms').get(room)
          ask.onsuccess = () => {
            const items = (ask.result?.items ?? []) as { kind: string; words?: { text?: string } }[]
            ok(items.flatMap((i) => (i.kind === 'text' ? [i.words?.text ?? ''] : [])))
            open.result.close()
          }
        }
      }),
    room,
  )

// A page has come to rest: nothing moves to its place any more, and it stays as it is.
export const still = async (page: Page) => {
  for (let same = 0, was = '', n = 0; same < 3 && n < 600; n++) {
    const is = await page.evaluate(() => {
      const moving = document
        .getAnimations()
        .filter(
          (a) => a.playState === 'running' && a.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY,
        )
      const at = [...document.querySelectorAll('[role=log]')].map((list) => list.scrollTop)
      return `${moving.length} ${document.body.innerHTML.length} ${document.body.scrollHeight} ${at}`
    })
    same = is === was && is.startsWith('0 ') ? same + 1 : 0
    was = is
    await page.waitForTimeout(80)
  }
}

// Selects in which the longest answer would be cut.
export const clipped = (page: Page) =>
  page.locator('select').evaluateAll((all) =>
    all.flatMap((e) => {
      const s = e as HTMLSelectElement
      const had = s.getAttribute('style') ?? ''
      const is = s.getBoundingClientRect()
      s.style.cssText =
        'width: max-content; height: max-content; min-width: 0; max-width: none; flex: none; justify-self: start'
      const needs = s.getBoundingClientRect()
      s.style.cssText = had
      const cut = is.width && (needs.width > is.width + 0.5 || needs.height > is.height + 0.5)
      return cut
        ? [`${s.id || s.labels?.[0]?.textContent}: ${is.width}×${is.height} of ${needs.width}×${needs.height}`]
        : []
    }),
  )

// How many tiles stand in each row.
export const tilesInRows = (page: Page, of: string) =>
  page.locator(of).evaluateAll((all) => {
    const tops = all.map((e) => Math.round(e.getBoundingClientRect().top))
    return [...new Set(tops)].map((y) => tops.filter((t) => t === y).length)
  })

// How much the device holds: what waits to be sent (outbox), rooms, and what it knows of them (meta).
export const held = (page: Page, store: string) =>
  page.evaluate(
    (store) =>
      new Promise<number>((ok) => {
        const open = indexedDB.open('linli')
        open.onsuccess = () => {
          const ask = open.result.transaction(store).objectStore(store).count()
          ask.onsuccess = () => {
            ok(ask.result)
            open.result.close()
          }
        }
      }),
    store,
  )

// The texts of a room in the order in which they stand.
export const texts = (page: Page) => page.locator('[role=log] .said').allInnerTexts()

export const noFaults = () => expect(faults).toEqual([])
