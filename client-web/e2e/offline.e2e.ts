// The page opens without a network, with what was on it, and what is written then goes out later.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { desk, held, inRoom, kept, noFaults, phone, say, signIn, someone, texts, withBrowser } from './page'
import { admin, lixy, owner, signedIn, zhang } from './town'

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

// Of no page that the device does not keep is it said that it failed: there is no network, what still works stands there, and it opens by
// itself afterwards.
const inner = ['/tasks', '/catchup', '/todo', '/me/stars', '/me/alerts']
for (const [name, who, size, paths] of [
  ['a resident', zhang, phone, inner],
  ['an owner', owner, phone, ['/admission', '/office']],
  ['the administrator', admin, desk, ['/admission', '/office', '/office/audit']],
] as const)
  test(`a page of which ${name} has no copy says without a network what still works, and opens by itself`, async () => {
    const { context, page } = await someone(linli, size)
    await signIn(page, who)
    await page.evaluate(() => navigator.serviceWorker.ready)
    await expect.poll(() => held(page, 'meta')).toBeGreaterThan(0)
    for (const path of paths) {
      await context.setOffline(true)
      await page.goto(path)
      await page.getByRole('heading', { name: '现在没有网络' }).waitFor()
      if (process.env.SHOT)
        await page.screenshot({ path: `${process.env.SHOT}/offline${path.replaceAll('/', '-')}.png` })
      expect(await page.getByText('这一页没打开').count(), path).toBe(0)
      expect(await page.getByText(/现在没有人等着|没有要办的|都办完了/).count(), path).toBe(0)
      if (who !== admin) await page.getByRole('link', { name: '回到群聊' }).waitFor()
      await context.setOffline(false)
      await expect.poll(() => page.getByRole('heading', { name: '现在没有网络' }).count()).toBe(0) // without a tap
      expect(await page.locator('.notopened').count(), path).toBe(0)
    }
    await context.setOffline(true)
    await page.goto(paths[0]!)
    if (who !== admin) {
      await page.getByRole('link', { name: '回到群聊' }).click()
      await page.getByRole('link', { name: /和园3号楼/ }).waitFor()
    }
    await context.close()
  })

// Nothing of a room is on a device that never opened it: that is said, in both looks, and it loads by itself.
test('a room that was never opened on this device says so without a network, and loads by itself', async () => {
  const b = await signedIn(linli, lixy)
  await b.act(town.room, 'text.post', { words: { text: '您打开就看得到' } })
  const { context, page } = await someone(linli)
  await signIn(page, zhang)
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  await expect.poll(() => held(page, 'meta')).toBeGreaterThan(0)
  for (const path of [`/rooms/${town.room}`, `/elder/${town.room}/talk`]) {
    if (path.startsWith('/elder')) await page.evaluate(() => localStorage.setItem('linli.look', 'elder'))
    await page.evaluate(
      () =>
        new Promise((ok) => {
          const open = indexedDB.open('linli')
          open.onsuccess = () => {
            const all = open.result.transaction('rooms', 'readwrite')
            all.objectStore('rooms').clear()
            all.oncomplete = () => ok(open.result.close())
          }
        }),
    )
    await context.setOffline(true)
    await page.goto(path)
    await page.getByText('这个群还没在这台设备上打开过').waitFor()
    await context.setOffline(false)
    await page.getByRole('log').getByText('您打开就看得到').waitFor()
    expect(await page.getByText('这个群还没在这台设备上打开过').count()).toBe(0)
  }
  await context.close()
  noFaults()
})

test('a page whose server does not answer says since when, and that nothing is lost', async () => {
  const { context, page } = await someone(linli)
  await signIn(page, zhang)
  await page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  await page.route('**/api/v1/me/tasks', (route) => route.abort())
  await page.goto('/tasks')
  await page.getByText('这一页没打开').waitFor()
  await page.getByText(/服务器没有回应（\d\d:\d\d）。您写的内容都还在。/).waitFor()
  await page.unroute('**/api/v1/me/tasks')
  await page.getByRole('button', { name: '再试一次' }).click()
  await expect.poll(() => page.getByText('这一页没打开').count()).toBe(0)
  await context.close()
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
