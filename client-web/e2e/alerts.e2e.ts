// Being reached: what a push shows, what an open page does, what WeChat's browser is told, what other apps share. Alerts are put into the
// socket and into the worker by hand here; reach.e2e.ts has them from the server.
import type { BrowserContext, Page, WebSocketRoute } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, phone, say, signIn, someone, withBrowser } from './page'
import { lixy, password, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const alert = (more: Record<string, unknown> = {}) => ({
  receipt: 'rc1',
  topic: 'call',
  room: town.room,
  seq: 1,
  title: '和园3号楼',
  text: '3-1-102 李女士：@您 快递到了',
  tag: town.room,
  ...more,
})

const sees = (page: Page, text: string) => page.locator('[role=log]').getByText(text).waitFor()

// A page whose socket says more than the server does, and the receipts that it sends.
const wired = async (page: Page) => {
  const lines: WebSocketRoute[] = []
  const receipts: string[] = []
  await page.routeWebSocket(/socket/, (ws) => {
    const server = ws.connectToServer()
    ws.onMessage((m) => server.send(m))
    server.onMessage((m) => ws.send(m))
    lines.push(ws)
  })
  await page.route('**/api/v1/alerts/*/shown', async (route) => {
    receipts.push(route.request().url().split('/').at(-2)!)
    await route.fulfill({ json: {} })
  })
  return { receipts, hears: (a: unknown) => lines.at(-1)!.send(JSON.stringify({ alert: a })) }
}
const worker = async (context: BrowserContext, page: Page) => {
  await page.evaluate(() => navigator.serviceWorker.ready)
  return context.serviceWorkers()[0]!
}

test('a push is shown, replaces the one before it, and leads into the page that is open', async () => {
  const a = await someone(linli, phone, { permissions: ['notifications'] })
  await signIn(a.page, zhang)
  const w = await worker(a.context, a.page)
  await w.evaluate(() => {
    const scope = self as unknown as { asked: string[]; fetch: typeof fetch }
    scope.asked = []
    scope.fetch = async (url) => {
      scope.asked.push(String(url))
      return new Response('{}')
    }
  })
  const cdp = await a.context.newCDPSession(a.page)
  const known = new Promise<string>((found) =>
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      if (registrations[0]) found(registrations[0].registrationId)
    }),
  )
  await cdp.send('ServiceWorker.enable')
  const registrationId = await known
  const push = (data: unknown) =>
    cdp.send('ServiceWorker.deliverPushMessage', { origin: linli.url, registrationId, data: JSON.stringify(data) })
  const shown = () =>
    a.page.evaluate(async () =>
      (await (await navigator.serviceWorker.ready).getNotifications()).map((n) => [
        n.title,
        n.body,
        n.requireInteraction,
      ]),
    )

  await push({ ...alert(), url: `/rooms/${town.room}?at=1`, badge: 2 })
  await expect.poll(shown).toEqual([['和园3号楼', '3-1-102 李女士：@您 快递到了', false]])
  await push({
    ...alert({ receipt: 'rc2', text: '3-2-501 王女士 需要帮助', loud: true }),
    url: `/rooms/${town.room}?at=1`,
  })
  await expect.poll(shown).toEqual([['和园3号楼', '3-2-501 王女士 需要帮助', true]])
  await expect
    .poll(() => w.evaluate(() => (self as unknown as { asked: string[] }).asked))
    .toEqual(['/api/v1/alerts/rc1/shown', '/api/v1/alerts/rc2/shown'])

  await w.evaluate(async () => {
    const { registration } = self as unknown as { registration: ServiceWorkerRegistration }
    const [notification] = await registration.getNotifications()
    const Tap = (self as unknown as { NotificationEvent: new (type: string, init: unknown) => Event }).NotificationEvent
    self.dispatchEvent(new Tap('notificationclick', { notification }))
  })
  await a.page.waitForURL(`**/rooms/${town.room}?at=1`)
  await a.page.getByLabel('说点什么').waitFor()
  expect(await shown()).toEqual([])
  await a.context.close()
})

test('an alert stands above another page and leads to its room; who looks at the room is left alone', async () => {
  const a = await someone(linli)
  const line = await wired(a.page)
  await signIn(a.page, zhang)
  await a.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  line.hears(alert())
  const bar = a.page.locator('.heard')
  await bar.getByText('快递到了').waitFor()
  expect(await bar.getAttribute('role')).toBe('status')
  await expect.poll(() => line.receipts).toEqual(['rc1'])
  await bar.getByRole('button', { name: '去看看' }).click()
  await a.page.waitForURL(`**/rooms/${town.room}?at=1`)
  await a.page.getByLabel('说点什么').waitFor()

  line.hears(alert({ receipt: 'rc2' }))
  await expect.poll(() => line.receipts).toEqual(['rc1', 'rc2'])
  expect(await bar.getByRole('button').count()).toBe(0)

  // An emergency elsewhere stays until it was looked at.
  line.hears(alert({ receipt: 'rc3', room: 'elsewhere', loud: true, text: '突发疾病' }))
  await expect.poll(() => bar.getAttribute('role')).toBe('alert')
  await bar.getByText('突发疾病').waitFor()
  await bar.getByRole('button', { name: '关闭' }).click()
  expect(await bar.getByText('突发疾病').count()).toBe(0)
  await a.context.close()
  noFaults()
})

test('two tabs ring once', async () => {
  const a = await someone(linli)
  const first = await wired(a.page)
  await signIn(a.page, zhang)
  const other = await a.context.newPage()
  const second = await wired(other)
  await other.goto('/rooms')
  await other.getByRole('link', { name: /和园3号楼/ }).waitFor()
  for (const receipt of ['rc1', 'rc2', 'rc3']) {
    first.hears(alert({ receipt }))
    second.hears(alert({ receipt }))
    await expect.poll(() => [...first.receipts, ...second.receipts]).toContain(receipt)
  }
  await a.page.waitForTimeout(500)
  expect([...first.receipts, ...second.receipts].sort()).toEqual(['rc1', 'rc2', 'rc3'])
  await a.context.close()
})

test('a call is counted in the title until it was read', async () => {
  const a = await someone(linli)
  await signIn(a.page, zhang)
  await a.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  expect(await a.page.title()).toBe('邻里')
  const api = new Api(linli.url)
  await api.signIn(lixy.phone, password)
  const { people } = await api.get<{ people: { id: string; name: string }[] }>(`/rooms/${town.room}/people`)
  const to = [people.find((p) => p.name === zhang.shown)!.id]
  await api.act(town.room, 'text.post', { with: { to }, words: { text: '@3-1-101 张先生 快递到了' } })
  await expect.poll(() => a.page.title()).toBe('(1) 邻里')
  expect(await a.page.locator('link[rel=icon]').getAttribute('href')).toBe('/icon-unread.svg')
  await a.page.getByRole('link', { name: /和园3号楼/ }).click()
  await a.page.locator('[role=log]').getByText('快递到了').waitFor()
  await expect.poll(() => a.page.title()).toBe('邻里')
  expect(await a.page.locator('link[rel=icon]').getAttribute('href')).toBe('/icon.svg')
  await a.context.close()
  noFaults()
})

test('inside WeChat everything works, and it is said once how to get out', async () => {
  const userAgent =
    'Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/111.0 Mobile Safari/537.36 MicroMessenger/8.0.40'
  const a = await someone(linli, phone, { userAgent, serviceWorkers: 'block' })
  const b = await inRoom(linli, lixy, town.room)
  await signIn(a.page, zhang)
  await a.page.getByText('手机锁着不会响').waitFor()
  await a.page.getByRole('button', { name: '在浏览器打开' }).click()
  const guide = a.page.getByRole('dialog', { name: '在浏览器打开' })
  await guide.getByText('点右上角').waitFor()
  await guide.getByText(`${linli.url}/rooms`).waitFor()
  await guide.getByRole('button', { name: '复制链接' }).click()
  await guide.getByText(/链接已复制|长按/).waitFor()
  await a.page.keyboard.press('Escape')
  expect(await guide.count()).toBe(0)
  await a.page.getByRole('complementary', { name: '在浏览器打开' }).getByRole('button', { name: '关闭' }).click()
  await a.page.reload()
  await a.page.getByRole('link', { name: /和园3号楼/ }).click()
  await say(a.page, '微信里也能说话')
  await sees(b.page, '微信里也能说话')
  await a.page.goto('/rooms')
  await a.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  expect(await a.page.getByText('手机锁着不会响').count()).toBe(0)
  for (const s of [a, b]) await s.context.close()
  noFaults()
})

test('what another app shares is posted to the room that is chosen', async () => {
  const a = await someone(linli)
  await signIn(a.page, zhang)
  const b = await inRoom(linli, lixy, town.room)
  await worker(a.context, a.page)
  const share = async () => {
    await a.page.evaluate(async () => {
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = 40
      const picture = await new Promise<Blob>((done) => canvas.toBlob((x) => done(x!)))
      const files = new DataTransfer()
      files.items.add(new File([picture], '楼道.png', { type: 'image/png' }))
      files.items.add(new File(['%PDF-1.7'], '停水通知.pdf', { type: 'application/pdf' }))
      const form = document.createElement('form')
      Object.assign(form, { method: 'post', action: '/share', enctype: 'multipart/form-data' })
      for (const [name, value] of [
        ['text', '明天停水 https://example.cn/a'],
        ['url', 'https://example.cn/a'],
      ]) {
        const field = document.createElement('input')
        Object.assign(field, { name, value })
        form.append(field)
      }
      const input = document.createElement('input')
      Object.assign(input, { type: 'file', name: 'files', multiple: true })
      input.files = files.files
      form.append(input)
      document.body.append(form)
      form.submit()
    })
    await a.page.waitForURL('**/share')
    await a.page.getByText('楼道.png').waitFor()
  }
  await share()
  expect(await a.page.getByLabel('要说的话').inputValue()).toBe('明天停水 https://example.cn/a')
  await a.page.reload() // it is still there
  await a.page.getByLabel('要说的话').fill('明天停水')
  await a.page.getByRole('radio', { name: '和园3号楼' }).check()
  await a.page.getByRole('button', { name: '发到和园3号楼' }).click()
  await a.page.waitForURL(`**/rooms/${town.room}`)
  await sees(b.page, '明天停水')
  await b.page.locator('[role=log] .pictures img').waitFor()
  await b.page.locator('[role=log]').getByText('停水通知.pdf').waitFor()
  await a.page.goto('/share')
  await a.page.getByText('没有要发的内容').waitFor()

  // Put away, it is gone; and so it is from a device that somebody signed out of.
  await share()
  await a.page.getByRole('button', { name: '不发“楼道.png”' }).click()
  expect(await a.page.getByText('楼道.png').count()).toBe(0)
  await a.page.getByRole('button', { name: '不发了' }).click()
  await a.page.waitForURL('**/rooms')
  expect(await a.page.evaluate(() => caches.has('shared'))).toBe(false)
  await share()
  await a.page.goto('/me')
  await a.page.getByRole('button', { name: '退出登录' }).click()
  await a.page.waitForURL('**/signin**')
  await expect.poll(() => a.page.evaluate(() => caches.has('shared'))).toBe(false)

  // Where no worker takes it, the page says so.
  const answer = await a.context.request.post('/share', { multipart: { text: '早' }, maxRedirects: 0 })
  expect([answer.status(), answer.headers().location]).toEqual([303, '/share?lost'])
  for (const s of [a, b]) await s.context.close()
  noFaults()
})
