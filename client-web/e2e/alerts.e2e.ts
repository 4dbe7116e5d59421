// Being reached: what a push shows, what an open page does, what WeChat's browser is told, what other apps share. Alerts are put into the
// socket and into the worker by hand here; ring.e2e.ts has them from the server.
import type { BrowserContext, Page, WebSocketRoute } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, phone, say, signIn, someone, withBrowser } from './page'
import { lixy, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser({ notifies: true })
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
  url: `/rooms/${town.room}?at=1`,
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
  // Below the header, as high as a button and its margin: the way back, the title and 紧急 stay in reach.
  const box = (await bar.boundingBox())!
  const head = (await a.page.locator('header.bar').boundingBox())!
  expect(box.height).toBe(56)
  expect(box.y).toBeGreaterThanOrEqual(head.y + head.height)
  await expect.poll(() => line.receipts).toEqual(['rc1'])

  // However long its two lines, and on the narrowest phone.
  const long = '3-1-102 李女士：@您 快递到了，放在门卫室第 2 个架子上，写着您家门牌，请今天 18:00 以前来取'
  const below = async () => {
    const [b, h] = [(await bar.boundingBox())!, (await a.page.locator('header.bar').boundingBox())!]
    return b.y >= h.y + h.height
  }
  await a.page.setViewportSize({ width: 320, height: 640 })
  line.hears(alert({ receipt: 'rc1b', title: '如意湖湖心社区和园小区3号楼的邻居们', text: long }))
  await bar.getByText(long).waitFor()
  expect((await bar.boundingBox())!.height).toBe(56)
  for (const text of await bar.locator('p > *').all())
    expect(await text.evaluate((e) => e.getClientRects().length)).toBe(1)
  expect(await bar.locator('p').evaluate((p) => p.scrollHeight - p.clientHeight)).toBe(0)
  expect(await below()).toBe(true)
  await a.page.setViewportSize(phone)

  await bar.getByRole('button', { name: '去看看' }).click()
  await a.page.waitForURL(`**/rooms/${town.room}?at=1`)
  await a.page.getByLabel('说点什么').waitFor()

  line.hears(alert({ receipt: 'rc2' }))
  await expect.poll(() => line.receipts).toEqual(['rc1', 'rc1b', 'rc2'])
  expect(await bar.getByRole('button').count()).toBe(0)

  await a.page.evaluate(() => {
    document.documentElement.style.fontSize = '200%'
  })
  expect((await a.page.locator('header.bar').boundingBox())!.height).toBeGreaterThan(70)
  // An emergency elsewhere stays until it was looked at.
  line.hears(alert({ receipt: 'rc3', room: 'elsewhere', url: '/rooms/elsewhere?at=1', loud: true, text: '突发疾病' }))
  await expect.poll(() => bar.getAttribute('role')).toBe('alert')
  await bar.getByText('突发疾病').waitFor()
  // With text twice as large the header of a room is higher, and it stands lower.
  await expect.poll(below).toBe(true)
  await bar.getByRole('button', { name: '关闭' }).click()
  expect(await bar.getByText('突发疾病').count()).toBe(0)
  await a.page.evaluate(() => document.documentElement.style.removeProperty('font-size'))

  // Under a dialog it would be neither seen nor heard of: it stands in the dialog, and who goes to see leaves that.
  await a.page.getByRole('button', { name: '群信息' }).click()
  const sheet = a.page.getByRole('dialog')
  line.hears(alert({ receipt: 'rc4', url: '/todo', room: undefined, text: '请看待办' }))
  await sheet.getByText('请看待办').waitFor()
  await sheet.getByRole('button', { name: '去看看' }).click()
  await a.page.waitForURL('**/todo')
  expect(await sheet.count()).toBe(0)

  // What leads to a page that is no room: the queue, and how one's own application stands.
  for (const url of ['/admission', '/pending']) {
    line.hears(alert({ receipt: `rc${url}`, room: undefined, url, text: `请看 ${url}` }))
    await bar.getByText(`请看 ${url}`).waitFor()
    await bar.getByRole('button', { name: '去看看' }).click()
    await a.page.waitForURL(`**${url}`)
    await expect.poll(() => bar.getByRole('button').count()).toBe(0)
  }
  await a.context.close()
  noFaults()
})

test('a finger draws an alert away to either side; a short draw leaves it, and it leads nowhere', async () => {
  const a = await someone(linli, phone, { hasTouch: true })
  const line = await wired(a.page)
  await signIn(a.page, zhang)
  await a.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  const bar = a.page.locator('.heard')
  const cdp = await a.context.newCDPSession(a.page)
  const draw = async (by: number, from = 0.4) => {
    const box = (await bar.boundingBox())!
    const [x, y] = [box.x + box.width * from, box.y + box.height / 2]
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x?: number) =>
      cdp.send('Input.dispatchTouchEvent', { type, touchPoints: x === undefined ? [] : [{ x, y }] })
    await touch('touchStart', x)
    for (let step = 1; step <= 8; step++) await touch('touchMove', x + (by * step) / 8)
    const drawn = (await bar.boundingBox())!.x - box.x
    await touch('touchEnd')
    return drawn
  }
  let n = 0
  const rings = async (text: string) => {
    line.hears(alert({ receipt: `rc${++n}`, room: 'elsewhere', url: '/rooms/elsewhere?at=1', text, loud: true })) // it stays of itself
    await bar.getByText(text).waitFor()
  }
  await rings('快递到了')
  const at = (await bar.boundingBox())!.x
  expect(await draw(40)).toBeGreaterThan(20) // it goes with the finger
  await expect.poll(async () => (await bar.boundingBox())?.x).toBe(at)
  await bar.getByText('快递到了').waitFor()
  await draw(160)
  await expect.poll(() => bar.getByText('快递到了').count()).toBe(0)
  await rings('停水了')
  await draw(-160, 0.8) // begun on its button
  await expect.poll(() => bar.getByText('停水了').count()).toBe(0)
  expect(new URL(a.page.url()).pathname).toBe('/rooms')
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
  const api = await signedIn(linli, lixy)
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

// What the server would say of somebody's ways to be reached.
const said = (page: Page, more: Record<string, unknown> = {}) =>
  page.route('**/api/v1/me/alerts', (route) =>
    route.fulfill({
      json: {
        key: 'BEl62iUYgUivxIkv69yViEuiBIa-Ib9-SkvMeAtA3LFgDzkrxZJjSgSnfckjBJuBkr3qBUYIHBQFLXYp5Nksh8U',
        topics: { call: true, mine: true, notice: true, request: true, admission: true, chat: false },
        verdict: 'silent',
        channels: [
          { channel: 'page', state: 'untried' },
          { channel: 'push', state: 'absent' },
          { channel: 'robot', state: 'absent' },
          { channel: 'sms', state: 'absent' },
          { channel: 'door', state: 'untried' },
        ],
        pushes: [],
        ...more,
      },
    }),
  )
const alerts = async (more: Parameters<typeof someone>[2], state: Record<string, unknown> = {}) => {
  const a = await someone(linli, phone, more)
  await said(a.page, state)
  await signIn(a.page, zhang)
  if (more?.serviceWorkers !== 'block') await worker(a.context, a.page)
  await a.page.goto('/me')
  await a.page.getByRole('link', { name: '我的手机会响吗？' }).click()
  return { ...a, here: a.page.getByRole('region', { name: '这台设备的推送' }) }
}

test('the browser is asked only after a tap and a word why, and what it says no to has a way round', async () => {
  // Nobody asks on the way here, nor by opening the page.
  const a = await alerts({ permissions: ['notifications'] })
  await a.page.getByText('不会响', { exact: true }).waitFor()
  expect(await a.page.getByText('工作群机器人').count()).toBe(0) // no way of a resident's
  await a.page.evaluate(() => {
    const asked: string[] = []
    Object.assign(window, { asked })
    Object.defineProperty(Notification, 'permission', { get: () => 'default' })
    Notification.requestPermission = async () => {
      asked.push('permission')
      return asked.length > 1 ? 'granted' : 'default'
    }
    // As where the browser cannot get through to its push service.
    PushManager.prototype.subscribe = () =>
      Promise.reject(new DOMException('Registration failed - push service error', 'AbortError'))
  })
  const asked = () => a.page.evaluate(() => (window as unknown as { asked: string[] }).asked.length)
  await a.here.getByRole('button', { name: '打开推送' }).click()
  const why = a.page.getByRole('dialog', { name: '打开推送' })
  await why.getByText('请选“允许”').waitFor()
  expect(await asked()).toBe(0)
  await why.getByRole('button', { name: '以后再说' }).click()
  expect(await asked()).toBe(0)
  await a.here.getByRole('button', { name: '打开推送' }).click()
  await why.getByRole('button', { name: '好，去允许' }).click()
  await a.here.getByText('刚才没有选').waitFor()
  // Allowed, and yet nothing comes of it: as on most phones of the country.
  await a.here.getByRole('button', { name: '打开推送' }).click()
  await why.getByRole('button', { name: '好，去允许' }).click()
  await a.here.getByText('连不上它的推送服务').waitFor()
  await a.here.getByText('让邻里一直开着').waitFor()
  expect(await asked()).toBe(2)
  await a.context.close()

  const cases: [string, Parameters<typeof someone>[2], string][] = [
    [
      'WeChat',
      { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.40' },
      '微信里的网页收不到推送',
    ],
    [
      'an iPhone’s Safari',
      { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1' },
      '先把邻里放到主屏幕',
    ],
    ['a private window', { serviceWorkers: 'block', permissions: ['notifications'] }, '这个窗口关掉后什么都不留'],
  ]
  for (const [name, more, words] of cases) {
    const s = await alerts(more)
    await s.here.getByText(words).waitFor()
    expect(await s.here.getByRole('listitem').count(), name).toBeGreaterThan(1)
    await s.context.close()
  }

  // Asked, and the answer is no: the browser will not ask again.
  const no = await alerts({})
  await no.page.evaluate(() => {
    let permission: NotificationPermission = 'default'
    Object.defineProperty(Notification, 'permission', { get: () => permission })
    Notification.requestPermission = async () => {
      permission = 'denied'
      return permission
    }
  })
  await no.here.getByRole('button', { name: '打开推送' }).click()
  await no.page.getByRole('button', { name: '好，去允许' }).click()
  await no.here.getByText('不允许邻里发通知').waitFor()
  expect(await no.here.getByRole('button', { name: '打开推送' }).count()).toBe(0)
  await no.context.close()
  noFaults()
})

test('what to ring for is chosen on one device and holds on the other', async () => {
  const a = await alerts({})
  const b = await alerts({})
  const topic = (page: Page, name: string) => page.getByRole('switch', { name })
  expect(await topic(a.page, '群里的每一句话').isChecked()).toBe(false)
  expect(await topic(a.page, '有人申请入群').count()).toBe(0) // he decides on nobody
  await topic(a.page, '群里的每一句话').click()
  await expect.poll(() => topic(b.page, '群里的每一句话').isChecked()).toBe(true)
  await topic(b.page, '有人@我').click()
  await expect.poll(() => topic(a.page, '有人@我').isChecked()).toBe(false)
  const api = await signedIn(linli, zhang)
  const { choices } = await api.get<{ choices: { topics: unknown; quiet: unknown } }>('/me/pocket')
  expect(choices).toEqual({ muted: {}, quiet: { from: 22, to: 7 }, topics: { chat: true, call: false } })
  for (const s of [a, b]) await s.context.close()
  noFaults()
})

test('a page of alerts that the server cannot fill says so, and tries again', async () => {
  const a = await alerts({}, {})
  await a.page.getByText('不会响', { exact: true }).waitFor()
  await a.page.unrouteAll()
  await a.page.route('**/api/v1/me/alerts', (route) => route.abort())
  await a.page.reload()
  await a.page.getByText('这一页没打开').waitFor()
  await a.page.unrouteAll()
  await said(a.page, { verdict: 'rings' })
  await a.page.getByRole('button', { name: '再试一次' }).click()
  await a.page.getByText('会响', { exact: true }).waitFor()
  await a.context.close()
})
