// A session ends only when the server says so, and even then nothing that was written is lost. After an update no tap is dead.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { faults, inRoom, kept, noFaults, phone, say, signIn, someone, withBrowser } from './page'
import { lixy, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const refresh = '**/api/v1/session/refresh'

test('a refresh that fails is no sign-out: what is written waits, also in a page that is opened cold', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  await say(b.page, '今晚停水吗')
  await a.page.locator('[role=log]').getByText('今晚停水吗').waitFor()
  await expect.poll(() => kept(a.page, town.room)).toContain('今晚停水吗')
  for (const status of [502, 507]) {
    await a.context.setOffline(true)
    await say(a.page, `第 ${status} 句`)
    await a.page.getByText('待发送').waitFor()
    await a.context.clearCookies({ name: 'linli_access' })
    const met = a.page.waitForResponse(refresh)
    await a.page.route(refresh, (r) => r.fulfill({ status, body: '<h1>Bad Gateway</h1>' }))
    await a.context.setOffline(false)
    await met
    await a.page.reload()
    await a.page.locator('[role=log]').getByText('今晚停水吗').waitFor()
    await a.page.getByText(`第 ${status} 句`).waitFor()
    await a.page.unroute(refresh)
    await b.page.locator('[role=log]').getByText(`第 ${status} 句`).waitFor()
    await expect.poll(() => a.page.getByText('待发送').count()).toBe(0)
  }
  for (const s of [a, b]) await s.context.close()
  // What the browser itself says of refusals at the door.
  faults.splice(0, faults.length, ...faults.filter((f) => !/status of 50|HTTP Authentication failed/.test(f)))
  noFaults()
})

test('who was signed out reads why, and finds what was not sent', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  await a.context.setOffline(true)
  await say(a.page, '还没发出去')
  await a.page.getByText('待发送').waitFor()
  const elsewhere = await signedIn(linli, zhang)
  const { devices } = await elsewhere.get<{ devices: { id: string; current: boolean }[] }>('/me/devices')
  for (const d of devices.filter((d) => !d.current)) await elsewhere.ask('DELETE', `/me/devices/${d.id}`)
  await a.context.setOffline(false)
  await a.page.getByText('这台设备已被退出登录').waitFor()
  await a.page.getByText('您在另一台设备上把这台设备退出了。').waitFor()
  await a.page.getByText('还没发出去').waitFor()
  await a.page.screenshot({ path: 'test-results/session-over.png', fullPage: true })
  await a.page.setViewportSize({ width: 320, height: 700 })
  expect(await a.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  await a.page.setViewportSize(phone)
  await a.page.reload() // opened cold, it is there as well
  await a.page.getByText('还没发出去').waitFor()

  await signIn(a.page, zhang)
  await a.page.goto(`/rooms/${town.room}`)
  await a.page.getByText(/这台设备退出登录时还没发出/).waitFor()
  await a.page.screenshot({ path: 'test-results/session-left.png' })
  await a.page.getByRole('button', { name: '重新发送' }).click()
  await b.page.locator('[role=log]').getByText('还没发出去').waitFor()

  // Signing out by oneself asks first.
  await a.context.setOffline(true)
  await say(a.page, '可以不要')
  await a.page.getByText('待发送').waitFor()
  await a.page.goto('/me')
  await a.page.getByRole('button', { name: '退出登录' }).click()
  await a.page.getByText('您还有 1 条没发出去。').waitFor()
  await a.page.screenshot({ path: 'test-results/session-out.png' })
  await a.page.getByRole('button', { name: '取消' }).click()
  await a.context.setOffline(false)
  await b.page.locator('[role=log]').getByText('可以不要').waitFor()
  for (const s of [a, b]) await s.context.close()
  faults.splice(0, faults.length, ...faults.filter((f) => !/HTTP Authentication failed/.test(f)))
  noFaults()
})

test('a phone whose clock is wrong by hours begins as any other: by the server’s clock it refreshes in time, and asks nothing in vain', async () => {
  for (const hours of [8, -8]) {
    const { context, page } = await someone(linli)
    await page.addInitScript((by) => {
      const real = Date.now
      Date.now = () => real() + by
    }, hours * 3_600_000)
    await signIn(page, zhang)
    await expect.poll(() => page.evaluate(() => document.cookie)).toContain('linli_ahead') // it has been connected once
    const answers: string[] = []
    page.on('response', (r) => answers.push(`${r.status()} ${new URL(r.url()).pathname}`))
    const begins = async () => {
      answers.length = 0
      await page.goto('/rooms')
      await expect.poll(() => answers.filter((a) => a === '200 /api/v1/me').length).toBe(1)
      return answers.filter((a) => a.endsWith('/session/refresh') || a.startsWith('401'))
    }
    expect(await begins(), `${hours} hours, with time left`).toEqual([])
    await page.goto('about:blank') // a page that is open would see to it by itself
    await context.clearCookies({ name: 'linli_access' })
    await context.addCookies([
      { name: 'linli_until', value: String(Date.now() - 1000), url: linli.url, sameSite: 'Lax' },
    ])
    expect(await begins(), `${hours} hours, over`).toEqual(['200 /api/v1/session/refresh'])
    await context.close()
  }
  noFaults()
})

test('what a page needs when it is opened cold it asks once', async () => {
  const { context, page } = await someone(linli)
  await signIn(page, zhang)
  await page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  const asked: string[] = []
  page.on('request', (r) => {
    const { pathname, search } = new URL(r.url())
    if (pathname.startsWith('/api/v1/') && r.method() === 'GET') asked.push(pathname + search)
  })
  for (const path of ['/rooms', `/rooms/${town.room}`]) {
    await page.goto('about:blank')
    asked.length = 0
    await page.goto(path)
    if (path === '/rooms') await page.getByRole('link', { name: /和园3号楼/ }).waitFor()
    else await page.getByLabel('说点什么').waitFor()
    await page.waitForLoadState('networkidle')
    expect(asked, path).toContain('/api/v1/me')
    expect(
      asked.filter((x, i) => asked.indexOf(x) !== i),
      path,
    ).toEqual([])
  }
  await context.close()
  noFaults()
})

test('after an update a tap on what is gone opens it anew once, and then says so', async () => {
  const s = await someone(linli, phone, { serviceWorkers: 'block' })
  await signIn(s.page, zhang)
  const gone = /\/assets\/Search-.*\.js$/
  await s.page.route(gone, (r) => r.fulfill({ status: 404, body: 'not found' }))
  let loads = 0
  s.page.on('framenavigated', () => loads++)
  await s.page.getByRole('link', { name: '搜索' }).first().click()
  await s.page.getByText('这一部分没能打开').waitFor()
  expect(new URL(s.page.url()).pathname).toBe('/search')
  expect(loads).toBeLessThanOrEqual(2)
  await s.page.unroute(gone)
  await s.page.reload()
  await s.page.getByRole('searchbox').or(s.page.getByRole('textbox')).first().waitFor()

  // Without a network it is never opened anew: what is there stays.
  await s.page.goto('/rooms')
  await s.page.getByRole('link', { name: '搜索' }).first().waitFor()
  await s.page.route(/\/assets\/Search-.*\.js$/, (r) => r.abort())
  await s.page.evaluate(() => sessionStorage.removeItem('linli.lost'))
  await s.context.setOffline(true)
  await s.page.getByRole('link', { name: '搜索' }).first().click()
  await s.page.getByText('没有网络，请连上后再试。').waitFor()
  await s.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  await s.context.close()
  faults.length = 0 // what is gone is an error to a browser
})
