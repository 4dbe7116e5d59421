// What a page shows before it has anything, and when there is nothing: its shapes, then what to do next.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { desk, noFaults, phone, signIn, someone, still, withBrowser } from './page'
import { admin, lixy, owner } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

// Holds back what the server answers until it is let go.
const slow = async (page: Page, what: RegExp) => {
  let go = () => {}
  const gate = new Promise<void>((ok) => {
    go = ok
  })
  await page.route(what, async (route) => {
    await gate
    await route.continue()
  })
  return go
}

test('every page that waits for the server shows the shapes of what is coming, and no word of waiting', async () => {
  const pages: [{ phone: string } | undefined, typeof phone, string, RegExp][] = [
    [undefined, phone, `/join/${town.link}`, /api\/v1\/join/],
    [lixy, phone, '/tasks', /v1\/me\/tasks/],
    [lixy, phone, '/todo', /v1\/me\/todo/],
    [lixy, phone, '/catchup', /v1\/me\/catchup/],
    [lixy, phone, '/me/stars', /v1\/me\/stars/],
    [lixy, phone, '/me/alerts', /v1\/me\/alerts/],
    [lixy, phone, '/me', /v1\/(me\/devices|looks)/],
    [owner, phone, '/admission', /v1\/applications\?/],
    [admin, desk, '/office', /v1\/levels/],
    [admin, desk, '/office/audit', /v1\/audit/],
  ]
  for (const [who, size, path, what] of pages) {
    const { page, context } = await someone(linli, size, { serviceWorkers: 'block' })
    if (who) await signIn(page, who)
    const go = await slow(page, what)
    await page.goto(path)
    const shapes = page.locator('.shapes').first()
    await shapes.waitFor()
    expect(await page.locator('.shapes .skel').count(), path).toBeGreaterThan(2)
    // Its word is for who hears the page; nobody reads it.
    expect((await shapes.locator('.vh').boundingBox())!.width, path).toBeLessThanOrEqual(1)
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path).toBe(true)
    await page.screenshot({ path: `test-results/shapes-${path.replaceAll('/', '_').slice(0, 20)}.png` })
    go()
    await expect.poll(() => page.locator('.shapes').count(), { message: path }).toBe(0)
    await context.close()
  }
  noFaults()
})

test('a room without its first message, the list without rooms and a search under way show their shapes', async () => {
  const { page, context } = await someone(linli, phone, { serviceWorkers: 'block' })
  await signIn(page, lixy)
  await page.routeWebSocket(/./, () => {}) // never says a word
  const talk = await slow(page, /v1\/rooms\/[^/]+\/items/)
  await page.goto(`/rooms/${town.room}`)
  await page.locator('.shapes.talk').waitFor()
  await page.screenshot({ path: 'test-results/shapes-room.png' })
  talk()
  await page.goto('/search')
  const go = await slow(page, /api\/v1\/search/)
  await page.getByRole('textbox', { name: '搜索' }).fill('停水')
  await page.locator('.shapes.rows').waitFor()
  go()
  await page.locator('.empty').waitFor()
  await context.close()
  noFaults()
})

test('where there is nothing yet, a page says what could be there and offers what to do next', async () => {
  const offers = async (page: Page, where: string) => {
    const empty = page.locator('.empty').first()
    await empty.waitFor()
    await still(page)
    await page.screenshot({ path: `test-results/empty-${where}.png` })
    expect(await empty.locator('h2').innerText(), where).not.toBe('')
    expect(await empty.locator('svg').count(), where).toBe(1)
    const offer = empty.locator('a, button').first()
    expect((await offer.boundingBox())!.height, where).toBeGreaterThanOrEqual(36)
    return offer
  }
  const { page, context } = await someone(linli)
  await signIn(page, lixy)
  await page.goto('/tasks')
  expect(await (await offers(page, 'tasks')).innerText()).toBe('找人帮忙')
  for (const part of ['我在办', '做完的']) {
    await page.getByRole('link', { name: part }).click()
    await (await offers(page, part)).click() // leads to what may be taken on
    await expect.poll(() => page.getByRole('link', { name: '可认领' }).getAttribute('aria-current')).toBe('true')
  }
  for (const path of ['todo', 'catchup', 'me/stars']) {
    await page.goto(`/${path}`)
    await (await offers(page, path.replace('/', '-'))).click()
    await page.waitForURL('**/rooms')
  }
  await page.goto('/search')
  await page.getByRole('textbox', { name: '搜索' }).fill('没有这样的话')
  await page.getByRole('button', { name: '换个词再找' }).waitFor()
  await (await offers(page, 'search')).click()
  expect(await page.getByRole('textbox', { name: '搜索' }).inputValue()).toBe('')
  await page.goto(`/rooms/${town.room}`)
  await page.getByLabel('说点什么').waitFor()
  const lane = (name: string) => page.getByRole('navigation', { name: '只看' }).getByRole('link', { name })
  await lane('求助').click()
  await (await offers(page, 'lane-request')).click()
  await page.getByRole('dialog', { name: '找人帮忙' }).waitFor()
  await page.keyboard.press('Escape')
  await lane('公告').click()
  await (await offers(page, 'lane-notice')).click()
  await page.getByText('已实名入群').first().waitFor()
  await page.getByRole('button', { name: '群信息' }).click()
  await page.getByRole('button', { name: '群文件' }).click()
  await (await offers(page, 'shelf')).click()
  await page.getByRole('button', { name: '相册' }).waitFor()
  await context.close()

  const own = await someone(linli)
  await signIn(own.page, owner)
  await own.page.goto('/admission')
  await offers(own.page, 'admission')
  await own.context.close()

  const boss = await someone(linli, desk)
  await signIn(boss.page, admin)
  await boss.page.goto('/rooms')
  await (await offers(boss.page, 'rooms')).click()
  await boss.page.waitForURL('**/office')
  await boss.context.close()

  const old = await someone(linli)
  await old.page.addInitScript(() => localStorage.setItem('linli.look', 'elder'))
  await old.page.goto('/signin')
  await old.page.getByLabel('手机号').fill(lixy.phone)
  await old.page.getByLabel('密码').fill('heyuan-2020')
  await old.page.keyboard.press('Enter')
  await old.page.getByRole('button', { name: '听通知' }).click()
  await (await offers(old.page, 'elder-notices')).click()
  await old.page.getByRole('button', { name: '听通知' }).waitFor()
  await old.context.close()
  noFaults()
})
