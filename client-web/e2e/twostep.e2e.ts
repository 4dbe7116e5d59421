// The second step of signing in: digits, a passkey and a code on paper at the pages of an owner, the office's word, and being let in anew.
import { createHmac } from 'node:crypto'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { desk, faults, inRoom, kept, noFaults, phone, say, signIn, someone, withBrowser } from './page'
import { admin, owner, password, zhang } from './town'

const town = inject('town')
let linli: Linli
let at: { baseURL: string } // passkeys are for names, not for numbers
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
  at = { baseURL: linli.url.replace('127.0.0.1', 'localhost') }
})
afterAll(() => linli.stop())

// An authenticator's digits (RFC 6238), so many periods from now.
const digits = (secret: string, by = 0) => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret.replaceAll(' ', '')].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g)!.map((b) => Number.parseInt(b, 2)))
  const period = Buffer.alloc(8)
  period.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + by))
  const h = createHmac('sha1', key).update(period).digest()
  return String((h.readUInt32BE(h[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
const shoot = (page: Page, name: string) =>
  page.screenshot({ path: `test-results/twostep-${name}.png`, fullPage: true })
const narrow = async (page: Page) => {
  await page.setViewportSize({ width: 320, height: 700 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  await page.setViewportSize(phone)
}
// The phone's finger: it makes passkeys and says yes.
const finger = async (context: BrowserContext, page: Page) => {
  const client = await context.newCDPSession(page)
  await client.send('WebAuthn.enable')
  await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}
const password1 = async (page: Page, who: { phone: string }) => {
  await page.goto('/signin')
  await page.getByLabel('手机号').fill(who.phone)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
}

let secret = ''
let paper: string[] = []
let bossPaper: string[] = []

test('an owner sets up an authenticator, keeps the codes, signs out, and signs in with the digits', async () => {
  const { context, page } = await someone(linli, phone, at)
  await signIn(page, owner)
  await page.goto('/me')
  await page.getByRole('link', { name: '第二步登录' }).click()
  await page.getByRole('heading', { name: '或者，验证器里的 6 位数' }).waitFor()
  await page.getByText('密码一个人知道不够').waitFor()
  await shoot(page, 'setup')
  await page.emulateMedia({ colorScheme: 'dark' })
  await shoot(page, 'setup-dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await narrow(page)
  secret = await page.locator('.secret').innerText()
  expect(secret).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
  const six = page.getByLabel('验证器上现在的 6 位数')
  await six.fill('000000')
  await page.getByRole('button', { name: '对一对' }).click()
  await page.getByText('没对上，或已经用过。').waitFor()
  await six.fill(digits(secret, -1))
  await page.getByRole('button', { name: '对一对' }).click()
  const codes = page.getByRole('dialog', { name: '备用码' })
  await expect.poll(() => codes.locator('.codes li').count()).toBe(8)
  paper = await codes.locator('.codes li').allInnerTexts()
  await shoot(page, 'codes')
  await codes.getByRole('button', { name: '抄好了' }).click()
  await page.getByText('备用码还剩 8 个').first().waitFor()
  await page.getByText('第二步：验证器').waitFor()
  await shoot(page, 'on')
  await page.getByRole('button', { name: '返回' }).click()
  await page.waitForURL(/\/me$/)
  await page.getByRole('button', { name: '退出登录' }).click()
  await page.waitForURL(/\/signin/)

  await password1(page, owner)
  await page.getByText('密码对了，还差一步。').waitFor()
  await shoot(page, 'signin')
  await narrow(page)
  await page.getByLabel('验证器上现在的 6 位数').fill('111 111')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByText('没对上，或已经用过。').waitFor()
  await page.getByLabel('验证器上现在的 6 位数').fill(digits(secret))
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL(/\/(rooms|office)$/)
  await context.close()
  noFaults()
})

test('a passkey is set up after a fresh second step, and signs in by one tap; a code on paper does once, and the device is remembered', async () => {
  const { context, page } = await someone(linli, phone, at)
  await finger(context, page)
  await password1(page, owner)
  await page.getByRole('button', { name: '手机不在身边，用备用码' }).click()
  await page.getByLabel('备用码').fill(paper[0]!.toLowerCase())
  await page.getByText('记住这台设备').click()
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL(/\/(rooms|office)$/)
  await page.goto('/me/second')
  await page.getByText('备用码还剩 7 个').first().waitFor()
  await page.getByRole('button', { name: '用这台设备的指纹' }).click()
  await page.getByText('通行密钥开好了').waitFor()
  await page.getByText('在用').or(page.getByText(/加的/)).first().waitFor()
  await shoot(page, 'passkey')

  await page.goto('/me')
  await page.getByRole('button', { name: '退出登录' }).click()
  await page.waitForURL(/\/signin/)
  await signIn(page, owner) // a remembered device is not asked
  await page.goto('/me/second')
  await page.getByText('第二步：记住的设备').waitFor()
  // But to change something it is.
  await page.getByRole('button', { name: '重新给一套备用码' }).click()
  const fresh = page.getByRole('dialog', { name: '先过一次第二步' })
  await shoot(page, 'fresh')
  await fresh.getByRole('button', { name: '用指纹或面容' }).click()
  const codes = page.getByRole('dialog', { name: '备用码' })
  await expect.poll(() => codes.locator('.codes li').count()).toBe(8)
  paper = await codes.locator('.codes li').allInnerTexts()
  await codes.getByRole('button', { name: '抄好了' }).click()

  await page.goto('/me')
  await page.getByRole('button', { name: '退出登录' }).click()
  await page.waitForURL(/\/signin/)
  await context.clearCookies({ name: 'linli_trust' })
  await password1(page, owner)
  await shoot(page, 'signin-passkey')
  await page.getByRole('button', { name: '用指纹或面容' }).click()
  await page.waitForURL(/\/(rooms|office)$/)
  await context.close()
  noFaults()
})

test('turning it off asks, and the other device reads it', async () => {
  const one = await someone(linli, phone, at)
  await password1(one.page, owner)
  await one.page.getByRole('button', { name: '手机不在身边，用备用码' }).click()
  await one.page.getByLabel('备用码').fill(paper[0]!)
  await one.page.getByRole('button', { name: '登录', exact: true }).click()
  await one.page.waitForURL(/\/(rooms|office)$/)
  const two = await someone(linli, phone, at)
  await password1(two.page, owner)
  await two.page.getByRole('button', { name: '手机不在身边，用备用码' }).click()
  await two.page.getByLabel('备用码').fill(paper[1]!)
  await two.page.getByRole('button', { name: '登录', exact: true }).click()
  await two.page.waitForURL(/\/(rooms|office)$/)
  await two.page.goto('/me')
  await one.page.goto('/me/second')
  await one.page.getByRole('button', { name: '关掉第二步登录' }).click()
  await one.page.getByRole('button', { name: '先不开' }).waitFor()
  await two.page.getByText(/在另一台设备上关了第二步登录/).waitFor()
  await shoot(two.page, 'told')
  for (const s of [one, two]) await s.context.close()
  noFaults()
})

test('the office asks for it: from a day on it is told, from now on nothing else is done, and what was not sent is sent after it', async () => {
  const boss = await someone(linli, desk, at)
  await signIn(boss.page, admin)
  const open = async () => {
    await boss.page.goto('/office')
    await boss.page.getByRole('button', { name: '第二步登录' }).click()
    return boss.page.getByRole('dialog', { name: '第二步登录' })
  }
  let sheet = await open()
  await sheet.getByLabel('现在起要求').check()
  await sheet.getByText('先把您自己的开了').waitFor()
  await shoot(boss.page, 'policy-first')
  await sheet.getByLabel('从某天起要求').first().check()
  await shoot(boss.page, 'policy')
  await sheet.getByRole('button', { name: '保存' }).click()
  await boss.page.getByText('已保存').waitFor()

  const o = await inRoom(linli, owner, town.room)
  await o.page.goto('/me')
  await o.page.getByText(/前要开第二步登录/).click()
  await o.page.getByRole('button', { name: /先不开，还剩 1[34] 天/ }).waitFor()
  await shoot(o.page, 'before')
  await o.page.emulateMedia({ colorScheme: 'dark' })
  await shoot(o.page, 'before-dark')
  await o.page.emulateMedia({ colorScheme: 'light' })
  await o.page.getByRole('button', { name: /先不开/ }).click()
  await o.page.goto(`/rooms/${town.room}`)
  await o.page.getByLabel('说点什么').waitFor()
  await o.context.setOffline(true)
  await say(o.page, '要求以前写的')
  await o.page.getByText('待发送').waitFor()

  await boss.page.goto('/me/second')
  const mine = await boss.page.locator('.secret').innerText()
  await shoot(boss.page, 'desk')
  await boss.page.getByLabel('验证器上现在的 6 位数').fill(digits(mine, -1))
  await boss.page.getByRole('button', { name: '对一对' }).click()
  const codes = boss.page.getByRole('dialog', { name: '备用码' })
  await expect.poll(() => codes.locator('.codes li').count()).toBe(8)
  bossPaper = await codes.locator('.codes li').allInnerTexts()
  await codes.getByRole('button', { name: '抄好了' }).click()
  sheet = await open()
  await sheet.getByLabel('现在起要求').check()
  await sheet.getByRole('button', { name: '保存' }).click()
  await boss.page.getByText('已保存').waitFor()

  const a = await inRoom(linli, zhang, town.room) // residents notice nothing
  await o.context.setOffline(false)
  await o.page.waitForURL(/\/me\/second/)
  await o.page.getByText('现在要先开，才能做别的。').waitFor()
  await shoot(o.page, 'must')
  await o.page.goto('/rooms')
  await o.page.waitForURL(/\/me\/second/)
  expect(await kept(o.page, town.room)).toBeTruthy()
  secret = await o.page.locator('.secret').innerText()
  await o.page.getByLabel('验证器上现在的 6 位数').fill(digits(secret, -1))
  await o.page.getByRole('button', { name: '对一对' }).click()
  await o.page.getByRole('button', { name: '抄好了' }).click()
  await o.page.waitForURL(/\/rooms/)
  await a.page.locator('[role=log]').getByText('要求以前写的').waitFor()
  for (const s of [boss, o, a]) await s.context.close()
  faults.splice(
    0,
    faults.length,
    ...faults.filter((f) => !/HTTP Authentication failed|Unexpected response code: 403/.test(f)),
  )
  noFaults()
})

test('all is lost: who stands above gives a code, and the owner comes in anew', async () => {
  const boss = await someone(linli, desk, at)
  await password1(boss.page, admin)
  await boss.page.getByRole('button', { name: '手机不在身边，用备用码' }).click()
  await boss.page.getByLabel('备用码').fill(bossPaper[0]!)
  await boss.page.getByRole('button', { name: '登录', exact: true }).click()
  await boss.page.waitForURL(/\/office$/)
  await boss.page.getByRole('button', { name: '和园3号楼', exact: true }).click()
  const sheet = boss.page.getByRole('dialog')
  await sheet.getByText('有第二步').waitFor()
  await sheet.getByRole('button', { name: '发重置码' }).click()
  const code = await sheet.locator('.code').innerText()
  await boss.page.screenshot({ path: 'test-results/twostep-reset.png' })

  const { context, page } = await someone(linli, phone, at)
  await page.goto('/signin')
  await page.getByRole('button', { name: '我有登录码' }).click()
  await page.getByLabel('手机号').fill(owner.phone)
  await page.getByLabel('登录码').fill(code)
  await page.getByLabel('新密码').fill('liuyuan-2021')
  await page.locator('form button[type=submit]').click()
  await page.waitForURL(/\/me\/second/) // the office asks for it: it is set up anew
  await page.getByText('现在要先开，才能做别的。').waitFor()
  await page.getByRole('button', { name: '退出登录' }).click()
  await page.waitForURL(/\/signin/)
  for (const c of [boss.context, context]) await c.close()
  noFaults()
})
