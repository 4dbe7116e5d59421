// The page opens without a network, with what was on it, and what is written then goes out later.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { held, inRoom, kept, noFaults, say, texts, withBrowser } from './page'
import { lixy, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('a page that is opened in the lift shows what it knew, takes what is written, and sends it outside', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  await say(b.page, '今晚停水吗')
  await a.page.getByText('今晚停水吗').waitFor()
  await a.page.evaluate(() => navigator.serviceWorker.ready)
  await expect.poll(() => kept(a.page, town.room)).toContain('今晚停水吗')
  await expect.poll(() => held(a.page, 'meta')).toBeGreaterThan(0)

  await a.context.setOffline(true)
  await a.page.reload()
  await a.page.locator('[role=log]').getByText('今晚停水吗').waitFor()
  await a.page.getByText('3-1-102 李女士').first().waitFor()
  await say(a.page, '我在电梯里')
  await a.page.getByText('待发送').waitFor()
  await a.page.reload() // and again: it is kept
  await a.page.getByText('我在电梯里').waitFor()

  await a.context.setOffline(false)
  await b.page.locator('[role=log]').getByText('我在电梯里').waitFor()
  await expect.poll(() => a.page.getByText('待发送').count()).toBe(0)
  expect((await texts(b.page)).filter((x) => x === '我在电梯里')).toHaveLength(1)
  expect(await a.page.evaluate(async () => (await (await fetch('/api/v1/me')).json()).person)).toBeTruthy()
  const stored = await a.page.evaluate(async () => {
    const all: string[] = []
    for (const name of await caches.keys())
      for (const r of await (await caches.open(name)).keys()) all.push(new URL(r.url).pathname)
    return all
  })
  expect(stored.length).toBeGreaterThan(5)
  expect(stored.filter((p) => p.startsWith('/api'))).toEqual([])
  for (const s of [a, b]) await s.context.close()
  noFaults()
})

test('the page may be installed', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const manifest = await a.page.evaluate(async () => {
    const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]')!
    const answer = await fetch(link.href)
    return { type: answer.headers.get('content-type'), ...(await answer.json()) }
  })
  expect(manifest.type).toContain('application/manifest+json')
  for (const icon of manifest.icons as { src: string }[])
    expect(await a.page.evaluate(async (src) => (await fetch(src)).status, icon.src)).toBe(200)
  const cdp = await a.context.newCDPSession(a.page)
  const { errors } = await cdp.send('Page.getAppManifest')
  expect(errors).toEqual([])
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors')
  expect(installabilityErrors.filter((e) => e.errorId !== 'in-incognito')).toEqual([])
  await a.context.close()
})
