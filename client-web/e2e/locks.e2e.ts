// Pages that are somebody else's, as a secretary, in the large look and in the set-up: whose it is, never 没有网络, an empty queue or white.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { desk, noFaults, phone, signIn, someone, withBrowser } from './page'
import { admin, owner, password, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
const secretary = { name: '姜书记', phone: '13900008009' }
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
  const boss = await signedIn(linli, admin)
  const { communities } = await boss.get<{ communities: { id: string }[] }>('/levels')
  const community = communities[0]!.id
  await boss.post('/staff', { role: 'secretary', community, ...secretary })
  const { staff } = await boss.get<{ staff: { person: string; name: string }[] }>(`/staff?community=${community}`)
  const { person } = staff.find((x) => x.name === secretary.name)!
  const { code } = await boss.post<{ code: string }>(`/staff/${person}/code`)
  await new Api(linli.url).post('/session/code', { phone: secretary.phone, code, password })
})
afterAll(() => linli.stop())

const lock = async (page: Page, path: string) => {
  await page.goto(path)
  const card = page.locator('.locked')
  await card.waitFor()
  expect((await card.innerText()).length, path).toBeGreaterThan(15)
  expect(await page.getByText(/没有网络|现在没有人等着入群/).count(), path).toBe(0)
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path).toBe(true)
  return card
}

test('a secretary is at home in admission and office, and sees whose the others are', async () => {
  for (const size of [phone, desk]) {
    const { context, page } = await someone(linli, size)
    await signIn(page, secretary)
    for (const path of ['/office', '/admission', '/rooms', '/me', '/tasks', '/todo']) {
      await page.goto(path)
      await page.locator('main h1, section h1').first().waitFor()
      expect(await page.locator('.locked').count(), path).toBe(0)
    }
    for (const path of ['/office/audit', '/office/roster', '/rooms/r0000000000000000', '/pending/a0000000000000000'])
      await lock(page, path)
    await (await lock(page, '/office/audit')).getByRole('link', { name: '回到首页' }).click()
    await page.waitForURL('**/office')
    await context.close()
  }
})

test('in the large look a page of somebody else is the lock card too, and leads back to the four buttons', async () => {
  const { context, page } = await someone(linli, phone)
  await page.addInitScript(() => localStorage.setItem('linli.look', 'elder'))
  await page.goto('/signin')
  await page.getByLabel('手机号').fill(zhang.phone)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByRole('button', { name: '听通知' }).waitFor()
  const nobodys = 'r0000000000000000'
  const paths = ['/admission', '/office', '/office/audit', `/rooms/${nobodys}`, '/pending/a0000000000000000']
  for (const part of ['notices', 'help', 'talk', 'sos']) paths.push(`/elder/${nobodys}/${part}`)
  for (const path of paths) {
    const card = await lock(page, path)
    for (const b of await card.getByRole('link').all())
      expect((await b.boundingBox())!.height, path).toBeGreaterThanOrEqual(60)
  }
  if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/lock-elder.png` })
  await page.locator('.locked').getByRole('link', { name: '回到首页' }).click()
  await page.getByRole('button', { name: '听通知' }).waitFor()
  await context.close()
})

test('the set-up of an office that has been set up is the administrator’s, at every step', async () => {
  for (const who of [zhang, owner, secretary]) {
    const { context, page } = await someone(linli, phone)
    await signIn(page, who)
    for (const step of [2, 3]) {
      await page.goto(`/setup?step=${step}`)
      await page.locator('.locked').waitFor()
      expect(await page.getByLabel('把花名册拖到这里').count()).toBe(0)
      expect(await page.getByText(/没有网络|花名册还是空的/).count()).toBe(0)
    }
    await page.goto('/setup')
    await page.waitForURL(/\/(rooms|office)$/)
    await context.close()
  }
  const nobody = await someone(linli, phone)
  for (const path of ['/setup', '/setup?step=2']) {
    await nobody.page.goto(path)
    await nobody.page.waitForURL('**/signin')
  }
  await nobody.context.close()
})

test('none of it fails without a word', noFaults)
