// Being reached, from one end to the other: the server climbs its ladder, a page or a worker shows, and what they said of it stands on the
// page of alerts.
import { type BinaryLike, createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, phone, signIn, someone, withBrowser } from './page'
import { apply, lixy, owner, signedIn, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
let service: Server // a push service, as far as the program sees one
const pushed: Buffer[] = []
withBrowser({ notifies: true })
beforeAll(async () => {
  linli = await Linli.start(town.data, 'serve', '--push-local')
  service = createServer((request, answer) => {
    const parts: Buffer[] = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      pushed.push(Buffer.concat(parts))
      answer.writeHead(201).end()
    })
  })
  await new Promise<void>((up) => service.listen(0, '127.0.0.1', up))
  const his = await signedIn(linli, zhang) // who is called at whatever hour this runs
  await his.ask('PUT', '/me/choices', { muted: {}, quiet: { from: 0, to: 0 }, topics: {} })
})
afterAll(async () => {
  service.close()
  await linli.stop()
})

const calls = async () => {
  const api = await signedIn(linli, lixy)
  const { people } = await api.get<{ people: { id: string; name: string }[] }>(`/rooms/${town.room}/people`)
  const to = [people.find((p) => p.name === zhang.shown)!.id]
  return api.act(town.room, 'text.post', { with: { to }, words: { text: `@${zhang.shown} 快递到了` } })
}

// A browser's subscription, with its keys here, since a browser without the internet gets none; and what it makes of a push (RFC 8291).
const ecdh = createECDH('prime256v1')
const p256dh = ecdh.generateKeys()
const auth = randomBytes(16)
const derive = (key: BinaryLike, salt: BinaryLike, info: BinaryLike, length: number) =>
  Buffer.from(hkdfSync('sha256', key, salt, info, length))
const read = (body: Buffer) => {
  const salt = body.subarray(0, 16)
  const theirs = body.subarray(21, 21 + body[20]!)
  const sealed = body.subarray(21 + body[20]!)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, theirs])
  const secret = derive(ecdh.computeSecret(theirs), auth, info, 32)
  const key = derive(secret, salt, 'Content-Encoding: aes128gcm\0', 16)
  const cipher = createDecipheriv('aes-128-gcm', key, derive(secret, salt, 'Content-Encoding: nonce\0', 12))
  cipher.setAuthTag(sealed.subarray(-16))
  const plain = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])
  return plain.subarray(0, plain.lastIndexOf(2)).toString()
}
const subscribes = (page: Page) =>
  page.addInitScript(
    ([endpoint, p256dh, auth]) => {
      const subscription = {
        endpoint,
        options: {},
        toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
        unsubscribe: async () => {
          held = undefined
        },
      }
      let held: unknown
      PushManager.prototype.subscribe = async () => {
        held = subscription
        return held as PushSubscription
      }
      PushManager.prototype.getSubscription = async () => held as PushSubscription
    },
    [
      `http://127.0.0.1:${(service.address() as AddressInfo).port}/one`,
      p256dh.toString('base64url'),
      auth.toString('base64url'),
    ],
  )

test('a phone that was silent is made to ring, and rings when somebody calls', async () => {
  const a = await someone(linli, phone, { permissions: ['notifications'] })
  await subscribes(a.page)
  await signIn(a.page, zhang)
  await a.page.evaluate(() => navigator.serviceWorker.ready)
  await a.page.goto('/me/alerts')
  await a.page.getByText('不会响', { exact: true }).waitFor()
  const here = a.page.getByRole('region', { name: '这台设备的推送' })
  await here.getByRole('button', { name: '打开推送' }).click()
  await here.getByText('已打开').waitFor()
  const devices = a.page.getByRole('region', { name: '能收推送的设备' })
  await devices.getByText('还没有响成功过').waitFor()

  // The push service hands on what it got, as it would to a phone.
  const cdp = await a.context.newCDPSession(a.page)
  const known = new Promise<string>((found) =>
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      if (registrations[0]) found(registrations[0].registrationId)
    }),
  )
  await cdp.send('ServiceWorker.enable')
  const registrationId = await known
  const handOn = async () => {
    await expect.poll(() => pushed.length).toBeGreaterThan(0)
    const data = read(pushed.shift()!)
    await cdp.send('ServiceWorker.deliverPushMessage', { origin: linli.url, registrationId, data })
    return JSON.parse(data) as { text: string; title: string; url: string }
  }
  const shown = () =>
    a.page.evaluate(async () =>
      (await (await navigator.serviceWorker.ready).getNotifications()).map((n) => `${n.title}|${n.body}`),
    )

  await a.page.getByRole('button', { name: '响一下试试' }).click()
  await a.page.locator('.heard button').first().waitFor() // the open page
  await handOn()
  await a.page.getByText('打开着的邻里 响到了').waitFor()
  await a.page.getByText('推送 响到了').waitFor()
  await a.page.getByText('会响', { exact: true }).waitFor()
  await devices.getByText('最近一次响成功').waitFor()

  // Now for true, and with no page open but one that cannot be seen: asleep in a pocket.
  await a.page.goto('about:blank')
  const seq = await calls()
  const alert = await handOn()
  expect(alert.url).toBe(`/rooms/${town.room}?at=${seq}`)
  expect(alert.title).toContain('和园3号楼')
  await a.page.goto('/rooms')
  await expect.poll(shown).toContain(`${alert.title}|${alert.text}`)

  // Turned off, it is no more.
  await a.page.goto('/me/alerts')
  await devices.getByRole('button', { name: /关掉/ }).click()
  await here.getByRole('button', { name: '打开推送' }).waitFor()
  expect(await devices.count()).toBe(0)
  await a.context.close()
  noFaults()
})

test('an open page rings when somebody calls, and who answers for the room sees whom it reaches', async () => {
  const a = await someone(linli)
  await signIn(a.page, zhang)
  await a.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  await calls()
  const bar = a.page.locator('.heard')
  await bar.getByText('快递到了').waitFor()
  await bar.getByRole('button', { name: '去看看' }).click()
  await a.page.locator('[role=log]').getByText('快递到了').last().waitFor()

  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '群信息' }).click()
  await own.page.getByText('有事找得到多少人').click()
  const reach = own.page.locator('.reach')
  await reach.locator('li', { hasText: zhang.shown }).getByText('打开邻里').waitFor()
  expect(await reach.getByText(/\d+ 人里，找得到 \d+ 人/).isVisible()).toBe(true)
  for (const s of [a, own]) await s.context.close()
  noFaults()
})

// Whoever waits may close the page: what was decided, and what is asked, comes to the phone, without a word of what the owner wrote.
test('who applied is told by push when somebody has decided', async () => {
  const { id } = await apply(linli, town.link, wangli)
  const hers = await signedIn(linli, wangli)
  await hers.ask('PUT', '/me/choices', { muted: {}, quiet: { from: 0, to: 0 }, topics: {} })
  const a = await someone(linli, phone, { permissions: ['notifications'] })
  await subscribes(a.page)
  await signIn(a.page, wangli)
  await a.page.evaluate(() => navigator.serviceWorker.ready)
  await a.page.goto('/pending')
  await a.page.getByRole('link', { name: '有结果时提醒我' }).click()
  const here = a.page.getByRole('region', { name: '这台设备的推送' })
  await here.getByRole('button', { name: '打开推送' }).click()
  await here.getByText('已打开').waitFor()
  await a.page.goto('about:blank')
  pushed.length = 0
  const own = await signedIn(linli, owner)
  const next = async () => {
    await expect.poll(() => pushed.length).toBeGreaterThan(0)
    return JSON.parse(read(pushed.shift()!)) as { text: string; title: string; url: string }
  }
  await own.post(`/applications/${id}/ask`, { text: '请写房产证上的名字', about: 'name' })
  const asked = await next()
  expect(asked.url).toBe('/pending')
  expect(asked.title + asked.text).toContain('和园3号楼')
  expect(JSON.stringify(asked)).not.toContain('房产证')
  await own.post(`/applications/${id}/reject`, { reason: '这一户已搬走' })
  const no = await next()
  expect(no.url).toBe('/pending')
  expect(no.title + no.text).not.toBe(asked.title + asked.text)

  // It leads to the page that says why, and whom to ask.
  await a.page.goto(no.url)
  await a.page.getByText('没有通过').waitFor()
  await a.page.getByText('这一户已搬走').waitFor()

  // She asks again and is let in: that leads into the room.
  await a.page.getByRole('link', { name: '重新申请' }).click()
  await a.page.getByLabel(/我同意/).check()
  await a.page.getByRole('heading', { name: '重新申请' }).waitFor()
  await a.page.getByRole('button', { name: '提交申请' }).click()
  await a.page.getByRole('heading', { name: '等待群主审核' }).waitFor()
  await a.page.goto('about:blank')
  const [again] = (await hers.get<{ applications: { version: number }[] }>('/applications/mine')).applications
  await own.post(`/applications/${id}/approve`, { version: again!.version })
  const yes = await next()
  expect(yes.text).toContain('通过了')
  expect(yes.title).toContain('和园3号楼')
  await a.page.goto(yes.url)
  await a.page.waitForURL(`**/rooms/${town.room}`)
  await a.page.getByLabel('说点什么').waitFor()
  await a.context.close()
  noFaults()
})
