// The form behind a poster's code, and the page on which one waits: what is asked, what is said, whom one may call.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { noFaults, phone, signIn, someone, still, withBrowser } from './page'
import { admin, apply, owner, signedIn, wangli } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const shot = async (page: Page, name: string) => {
  if (!process.env.SHOT) return
  await still(page)
  await page.screenshot({ path: `${process.env.SHOT}/${name}.png` })
}
const door = (page: Page) => page.getByRole('group', { name: '住在哪一户' }).getByRole('button')
const as = (who: { phone: string }) => signedIn(linli, who)

for (const [size, dark] of [
  [phone, false],
  [{ width: 320, height: 640 }, true],
] as const)
  test(`the form asks six things at most, chooses nothing and keeps its button in sight, ${size.width} wide`, async () => {
    const { context, page } = await someone(linli, size, { colorScheme: dark ? 'dark' : 'light' })
    await page.goto(`/join/${town.link}`)
    await page.getByLabel('真实姓名').waitFor()
    await shot(page, `join-${size.width}`)
    const things = page.locator('form :is(.field, .checkrow)')
    expect(await things.count()).toBeLessThanOrEqual(6)
    expect(await page.locator('form input:checked').count()).toBe(0)
    expect(
      await page
        .locator('form :is(select, input:not([type=radio], [type=checkbox]))')
        .evaluateAll((all) => all.map((e) => (e as HTMLInputElement).value).join('')),
    ).toBe('')
    expect(await page.getByText('《群规》').count()).toBe(0) // there are none
    const button = page.getByRole('button', { name: '提交申请' })
    const seen = async () => {
      const b = (await button.boundingBox())!
      expect(b.y + b.height).toBeLessThanOrEqual(size.height)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(size.width)
    }
    await seen()

    // Each press says the first thing that is missing, beside the button.
    const says = async (text: string) => {
      await button.click()
      await page.getByRole('alert').getByText(text).waitFor()
      await seen()
    }
    await says('请写真实姓名')
    await page.getByLabel('真实姓名').fill('王丽')
    await says('请选怎么称呼您')
    await page.getByRole('radio', { name: '女士' }).check()
    await says('请写手机号')
    await page.getByLabel('手机号').fill(wangli.phone)
    await says('请选择门牌')
    await door(page).click()

    // The door: by the keypad of the phone, or a tap; its keys are as large as fingers.
    const sheet = page.getByRole('dialog', { name: '住在哪一户' })
    const keys = sheet.getByLabel('门牌数字或文字')
    expect(await keys.getAttribute('inputmode')).toBe('numeric')
    expect(await keys.evaluate((e) => e === document.activeElement)).toBe(true)
    await shot(page, `door-${size.width}`)
    for (const b of await sheet.getByRole('button', { name: /单元/ }).all()) {
      const box = (await b.boundingBox())!
      expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(44)
    }
    await keys.fill('2501')
    expect(await sheet.getByRole('button', { name: /单元/ }).count()).toBe(1)
    await sheet.getByRole('button', { name: '2单元 501' }).click()
    expect(await door(page).innerText()).toContain('2单元 501')
    await page.getByText('邻居看到的是“3-2-501 王女士”').waitFor()
    await says('请选您是这一户的什么人')
    await page.getByRole('radio', { name: '业主' }).check()
    await says('请设一个登录密码')
    await page.getByLabel('设一个登录密码').fill('12')
    await page.getByRole('button', { name: '显示' }).click()
    expect(await page.getByLabel('设一个登录密码').getAttribute('type')).toBe('text')
    await says('请先勾选')
    await page.getByLabel(/我同意/).check()
    await button.click()
    await page.getByRole('alert').waitFor() // the password is too short
    await shot(page, `join-filled-${size.width}`)

    // A shop is found by its name, and a shop's door makes one of the shop.
    await page.getByRole('radio', { name: '商户' }).check()
    await page.getByRole('group', { name: '哪一家店' }).getByRole('button').click()
    const shops = page.getByRole('dialog', { name: '哪一家店' })
    expect(await shops.getByLabel('店名').getAttribute('inputmode')).toBe('search')
    await shops.locator('.doorkeys button').first().click()
    expect(await page.getByRole('radio', { name: '商户' }).isChecked()).toBe(true)
    await context.close()
  })

test('the rules of the room are a link as soon as there are some', async () => {
  const own = await as(owner)
  await own.ask('PUT', '/charter', { room: town.room, text: '一、说话和气' })
  const { context, page } = await someone(linli, phone)
  await page.goto(`/join/${town.link}`)
  await page.getByRole('button', { name: '《群规》' }).click()
  await page.getByRole('dialog', { name: '群规' }).getByText('一、说话和气').waitFor()
  await page.getByRole('button', { name: '关闭' }).click()
  expect(await page.getByLabel(/我同意/).isChecked()).toBe(false) // reading is not agreeing
  await page.getByRole('button', { name: '《个人信息怎么用》' }).click()
  await page
    .getByRole('dialog', { name: '个人信息怎么用' })
    .getByText(/每一次查看都有记录/)
    .waitFor()
  await context.close()
})

test('who waits sees the telephone that the owner chose to publish, and none before or after', async () => {
  await apply(linli, town.link, wangli)
  const her = await someone(linli, phone)
  await signIn(her.page, wangli)
  await her.page.getByRole('link', { name: /和园3号楼/ }).click()
  await her.page.getByRole('heading', { name: '等待群主审核' }).waitFor()
  const call = her.page.getByRole('link', { name: /打电话/ })
  await her.page.getByText('群主 周社工').waitFor()
  expect(await call.count()).toBe(0)
  expect(await her.page.content()).not.toContain(owner.phone)

  const own = await someone(linli, phone)
  await signIn(own.page, owner)
  await own.page.goto(`/rooms/${town.room}`)
  await own.page.getByRole('button', { name: '群信息' }).click()
  const tel = own.page.getByRole('region', { name: '公开的电话' })
  await tel.getByText('没有公开电话').waitFor()
  await tel.getByRole('button', { name: '公开一个号码' }).click()
  await tel.getByText('海报上也印着').waitFor()
  await tel.getByLabel('电话号码').fill('打我')
  await tel.getByLabel('什么时候打').fill('今天在岗 8:30—18:00')
  await tel.getByRole('button', { name: '公开这个号码' }).click()
  await tel.locator('form').getByRole('alert').getByText('这不像能拨通的号码').waitFor()
  expect(await own.page.locator('.toasts p').count()).toBe(0)
  await tel.getByLabel('电话号码').fill('0371-6888 1234')
  await tel.getByRole('button', { name: '公开这个号码' }).click()
  await tel.getByText('0371-6888 1234 · 今天在岗 8:30—18:00').waitFor()
  expect(await tel.getByRole('alert').count()).toBe(0)
  await shot(own.page, 'telephone')

  // What is refused in the room's sheet is said beside its button, for as long as nothing else is asked for; two presses ask once.
  let asked = 0
  let answer = () => {}
  const held = new Promise<void>((ok) => {
    answer = ok
  })
  await own.page.route('**/links/*', async (route) => {
    if (route.request().method() !== 'DELETE') return route.fallback()
    asked++
    await held
    await route.fulfill({ status: 409, json: { code: 'conflicting', reason: '' } })
  })
  const poster = own.page.getByRole('region', { name: '群二维码海报' })
  const end = poster.getByRole('button', { name: '停用' })
  await end.click()
  await expect.poll(() => end.isDisabled()).toBe(true)
  await end.dispatchEvent('click')
  answer()
  const why = poster.getByRole('alert')
  await why.waitFor()
  expect(asked).toBe(1)
  const [words, button] = [(await why.boundingBox())!, (await end.boundingBox())!]
  expect(words.y + words.height).toBeLessThanOrEqual(button.y)
  expect(await own.page.locator('.toasts p', { hasText: await why.innerText() }).count()).toBe(0)
  await own.page.unroute('**/links/*')

  await her.page.reload()
  await call.waitFor()
  expect(await call.getAttribute('href')).toBe('tel:037168881234')
  await her.page.getByText('今天在岗 8:30—18:00').waitFor()
  await shot(her.page, 'pending')
  await her.page.emulateMedia({ colorScheme: 'dark' })
  await her.page.setViewportSize({ width: 320, height: 640 })
  expect(await her.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  await shot(her.page, 'pending-320')

  await tel.getByRole('button', { name: '不再公开' }).click()
  await tel.getByText('没有公开电话').waitFor()
  await her.page.reload()
  await her.page.getByText('群主 周社工').waitFor()
  expect(await call.count()).toBe(0)

  // The office may choose one for all rooms that have none.
  const boss = await someone(linli, phone)
  await signIn(boss.page, admin)
  await boss.page.getByRole('button', { name: '公开的电话' }).click()
  const all = boss.page.getByRole('dialog')
  await all.getByRole('button', { name: '公开一个号码' }).click()
  await all.getByLabel('电话号码').fill('12345')
  await all.getByRole('button', { name: '公开这个号码' }).click()
  await all.getByText('12345').waitFor()
  await her.page.reload()
  await call.waitFor()
  expect(await call.getAttribute('href')).toBe('tel:12345')
  for (const s of [her, own, boss]) await s.context.close()
})

test('what the owner asks stands above the form and at the part that it is about', async () => {
  const her = await someone(linli, phone)
  await signIn(her.page, wangli)
  await her.page.goto('/pending')
  await her.page.getByRole('heading', { name: '等待群主审核' }).waitFor()
  const own = await someone(linli, phone)
  await signIn(own.page, owner)
  await own.page.goto('/admission')
  const entry = own.page.locator('article', { hasText: wangli.name })
  await entry.getByRole('button', { name: '退回补充' }).click()
  const sheet = own.page.getByRole('dialog')
  await sheet.getByRole('button', { name: '请重新选门牌' }).click()
  expect(await sheet.getByRole('radio', { name: '门牌' }).isChecked()).toBe(true)
  await shot(own.page, 'ask')
  await sheet.getByRole('button', { name: '退回补充', exact: true }).click()
  await her.page.getByText('请重新选门牌').waitFor() // at once, on the page that waits
  await her.page.getByRole('link', { name: '补充后再交' }).click()
  const form = her.page.locator('form')
  await form.getByRole('status').getByText('请重新选门牌').waitFor()
  await form.getByRole('group', { name: '住在哪一户' }).getByText('请重新选门牌').waitFor()
  expect(await form.locator(':is(.field, .checkrow)').count()).toBeLessThanOrEqual(6)
  expect(await form.getByText('请重新选门牌').count()).toBe(2)
  await shot(her.page, 'amend')
  await door(her.page).click()
  await her.page.getByRole('dialog').getByRole('button', { name: '2单元 501' }).click()
  await her.page.getByRole('button', { name: '补充后再交' }).click()
  await her.page.getByRole('heading', { name: '等待群主审核' }).waitFor()
  for (const s of [her, own]) await s.context.close()
})

test('none of it fails without a word', noFaults)
