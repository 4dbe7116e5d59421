// J2: a resident joins with a real name; the owner admits.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { faults, inRoom, noFaults, phone, signIn, someone, withBrowser } from './page'
import { lixy, owner, password, signedIn, wangli } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

interface Form {
  name: string
  title?: string
  phone: string
  door?: string // 2单元 501
  typed?: string
  relation?: string
}

const fill = async (page: Page, f: Form) => {
  await page.getByLabel('真实姓名').fill(f.name)
  await page.getByRole('radio', { name: f.title ?? '女士' }).check()
  await page.getByLabel('手机号').fill(f.phone)
  await page.getByRole('group', { name: '住在哪一户' }).getByRole('button').click()
  const sheet = page.getByRole('dialog', { name: '住在哪一户' })
  if (f.typed) {
    await sheet.getByLabel('门牌数字或文字').fill(f.typed)
    await sheet.getByText(`列表里没有“${f.typed}”`).waitFor()
    await sheet.getByRole('button', { name: '没找到我家，自己写门牌' }).click()
    await sheet.getByRole('button', { name: '就用这个门牌' }).click()
  } else {
    await sheet.getByRole('button', { name: f.door! }).click()
  }
  await page.getByRole('radio', { name: f.relation ?? '业主' }).check()
  await page.getByLabel('设一个登录密码').fill(password)
  await page.getByLabel(/我同意/).check()
}

test('from the poster to the first message, and what the owner sees', async () => {
  const own = await someone(linli)
  await signIn(own.page, owner)
  await own.page.getByRole('link', { name: /^审核/ }).click()
  await own.page.getByText('现在没有人等着入群').waitFor()
  const boss = await signedIn(linli, owner)
  await boss.act(town.room, 'text.post', { words: { text: '欢迎新邻居' } })
  await boss.act(town.room, 'notice.post', {
    with: { confirm: true, pin: true, importance: 'normal' },
    words: { title: '出入证换发', body: '周六在门岗' },
  })
  const neighbour = await inRoom(linli, lixy, town.room)

  // The link of the poster.
  const her = await someone(linli, phone)
  await her.page.goto(`/join/${town.link}`)
  await her.page.getByRole('heading', { name: '和园3号楼' }).waitFor()
  expect(await her.page.getByText('群主 周社工').isVisible()).toBe(true)
  expect(await her.page.getByRole('button', { name: '《个人信息怎么用》' }).isVisible()).toBe(true)
  await fill(her.page, { name: '王丽', phone: wangli.phone, door: '2单元 501' })
  expect(await her.page.getByText(/邻居看到的是“3-2-501 王女士”/).isVisible()).toBe(true)
  await her.page.getByRole('button', { name: '提交申请' }).click()
  for (let n = 0; n < 2; n++) {
    await her.page.getByText('等待群主审核').waitFor()
    // Her place, and how long it takes here: two were admitted.
    await her.page.getByText(/下一个就是您。一般 \d+ 分钟内审核。/).waitFor()
    if (!n) await her.page.reload()
  }

  // The owner's queue, live: green, since name and door match.
  await own.page.getByText('待审核 1').waitFor()
  const entry = own.page.locator('article', { hasText: '王丽' })
  expect(await entry.getByText('一致').isVisible()).toBe(true)
  expect(await entry.getByText('手机号和花名册登记的不一样').isVisible()).toBe(true)
  await entry.getByRole('button', { name: '通过', exact: true }).click()
  await own.page.getByText('现在没有人等着入群').waitFor()

  // Her page becomes the room by itself.
  await her.page.waitForURL(`**/rooms/${town.room}`)
  await her.page.locator('.noticebar', { hasText: '出入证换发' }).waitFor() // what is in force stands on top, then what was said
  await her.page.getByRole('log').getByText('欢迎新邻居').waitFor()
  for (const p of [her.page, neighbour.page])
    await p
      .getByRole('log')
      .getByText(/3-2-501 王女士.*已实名入群/)
      .waitFor()

  // The number of homes covered moves for everyone: two were in, now three.
  await own.page.goto(`/rooms/${town.room}`)
  await own.page.getByText('3/40 户').waitFor()
  for (const s of [her, own, neighbour]) await s.context.close()
})

test('asked for more, corrected, taken as family; a door that is not there is refused', async () => {
  const own = await someone(linli)
  await signIn(own.page, owner)
  await own.page.goto('/admission')

  const second = await someone(linli)
  await second.page.goto(`/join/${town.link}`)
  await fill(second.page, { name: '赵敏', phone: '13800000502', door: '2单元 501' })
  await second.page.getByRole('button', { name: '提交申请' }).click()
  await second.page.getByText('等待群主审核').waitFor()

  const entry = own.page.locator('article', { hasText: '赵敏' })
  await entry.getByText('户对，人不同').waitFor()
  await entry.getByRole('button', { name: '退回补充' }).click()
  await own.page.getByRole('textbox', { name: '请他补充什么？' }).fill('请写明和户主的关系')
  await own.page.getByRole('dialog').getByRole('button', { name: '退回补充' }).click()

  // Told live, with the owner's own words.
  await second.page.getByText('请写明和户主的关系').waitFor()
  await second.page.getByRole('link', { name: '补充后再交' }).click()
  await second.page.getByRole('radio', { name: '家属' }).check()
  await second.page.getByLabel('备注').fill('我是王丽的女儿')
  await second.page.getByRole('heading', { name: '补充资料' }).waitFor()
  expect(await second.page.getByLabel(/我同意/).count()).toBe(0)
  await second.page.getByRole('button', { name: '补充后再交' }).click()
  await second.page.getByText('等待群主审核').waitFor()
  await entry.getByText('我是王丽的女儿').waitFor()
  await entry.getByText('问过：请写明和户主的关系').waitFor()
  await entry.getByRole('button', { name: '通过', exact: true }).click()
  await second.page.waitForURL(`**/rooms/${town.room}`)
  await second.page.getByRole('button', { name: '群信息' }).click()
  const her = second.page.locator('li', { hasText: '3-2-501 赵女士' })
  await her.waitFor()
  expect(await her.getByText('家属').isVisible()).toBe(true)

  const third = await someone(linli)
  await third.page.goto(`/join/${town.link}`)
  await fill(third.page, { name: '钱无门', phone: '13800000999', typed: '9-9-999' })
  await third.page.getByRole('button', { name: '提交，请群主核实' }).click()
  const red = own.page.locator('article', { hasText: '钱无门' })
  await red.getByText('没有这一户').waitFor()
  await red.getByRole('button', { name: '拒绝' }).click()
  await own.page.getByRole('button', { name: '不是本院住户' }).click()
  await own.page.getByRole('dialog').getByRole('button', { name: '拒绝' }).click()
  await third.page.getByText('没有通过').waitFor()
  await third.page.getByText('不是本院住户').waitFor()
  await third.page.getByRole('link', { name: '重新申请' }).waitFor()

  // Who decided what, and when.
  await own.page.goto('/admission')
  await own.page.getByRole('link', { name: '已处理' }).click()
  for (const done of ['拒绝了 钱无门', '通过了 赵敏', '退回补充了 赵敏', '通过了 王丽']) {
    const line = own.page.locator('li', { hasText: `周社工 ${done}` })
    expect(await line.locator('.sub').last().innerText()).toMatch(/和园3号楼 · .*\d+:\d\d/)
  }
  await own.page.locator('li', { hasText: '拒绝了 钱无门' }).getByText('说的是：不是本院住户').waitFor()
  for (const s of [own, second, third]) await s.context.close()
})

test('a badge is given by its name, asked for by a resident, and given up', async () => {
  const own = await someone(linli)
  await signIn(own.page, owner)
  await own.page.goto('/admission')
  const officer = await someone(linli)
  await officer.page.goto(`/join/${town.link}`)
  await officer.page.getByLabel('真实姓名').fill('马警官')
  await officer.page.getByLabel('手机号').fill('13800000888')
  await officer.page.getByRole('radio', { name: '先生' }).check()
  await officer.page.getByRole('radio', { name: '其他' }).check()
  await officer.page.getByRole('radio', { name: '片警' }).check()
  await officer.page.getByLabel('设一个登录密码').fill(password)
  await officer.page.getByLabel(/我同意/).check()
  await officer.page.getByRole('button', { name: '提交申请' }).click()
  await officer.page.getByText('等待群主审核').waitFor()
  const entry = own.page.locator('article', { hasText: '马警官' })
  await entry.getByText('想要身份').waitFor()
  expect(await entry.getByRole('button', { name: '通过', exact: true }).count()).toBe(0)
  await entry.getByRole('button', { name: '给“片警”，通过' }).click()
  await officer.page.waitForURL(`**/rooms/${town.room}`)

  const her = await someone(linli, phone)
  await signIn(her.page, lixy)
  await her.page.goto(`/rooms/${town.room}`)
  await her.page.getByRole('button', { name: '群信息' }).click()
  await her.page.getByRole('button', { name: '申请当志愿者' }).click()
  await her.page.getByLabel(/能帮什么/).fill('周末有空')
  await her.page.getByRole('button', { name: '提交申请' }).click()
  await her.page.getByText('已申请“志愿者”，等群主同意').waitFor()
  const wish = own.page.locator('article', { hasText: '周末有空' })
  await wish.getByText('已在群里').waitFor()
  await wish.getByRole('button', { name: '给“志愿者”，通过' }).click()
  await own.page.goto(`/rooms/${town.room}`)
  await own.page.getByRole('button', { name: '群信息' }).click()
  const member = own.page.locator('li', { hasText: '李秀英' })
  await member.getByText('志愿者').waitFor()
  await member.getByRole('button').click()
  await own.page.getByText('身份标识').click()
  await own.page.getByRole('button', { name: '收回，按门牌算' }).click()
  await member.getByText('业主').waitFor()
  for (const s of [own, officer, her]) await s.context.close()
})

test('a slip fixes the door; its page is printed where the uncovered doors are', async () => {
  const own = await someone(linli, phone)
  await signIn(own.page, owner)
  await own.page.goto(`/rooms/${town.room}`)
  await own.page.getByRole('button', { name: '群信息' }).click()
  await own.page.getByRole('button', { name: '未入群的门牌' }).click()
  await own.page
    .getByRole('button', { name: /^做 \d+ 张$/ })
    .first()
    .click()
  await own.page
    .getByRole('link', { name: /^打印 \d+ 张$/ })
    .first()
    .waitFor()
  await own.context.close()

  // What its QR opens: nobody chooses a door, and who may live behind it is asked. The token is on the paper alone, so its answer is made.
  const her = await someone(linli, phone)
  const poster = await (await fetch(`${linli.url}/api/v1/join/${town.link}`)).json()
  const slip = { premises: 'h1', door: '3号楼 2单元 701', kind: 'home', until: Date.now() + 86_400_000 }
  let answer: { status: number; json: unknown } = { status: 200, json: { ...poster, slip } }
  await her.page.route('**/api/v1/join/s7-x', (r) => r.fulfill(answer))
  const doors = await (await fetch(`${linli.url}/api/v1/join/${town.link}/doors`)).json()
  await her.page.route('**/api/v1/join/s7-x/doors', (r) => r.fulfill({ json: doors }))
  await her.page.goto('/join/s7-x')
  await her.page.getByText('门牌码已认出您家：3号楼 2单元 701').waitFor()
  expect(await her.page.getByRole('group', { name: '住在哪一户' }).count()).toBe(0)
  expect(
    await her.page.locator('input[name=relation]').evaluateAll((all) => all.map((e) => (e as HTMLInputElement).value)),
  ).toEqual(['owner', 'tenant', 'family'])
  for (const [code, says] of [
    ['taken', '这张门牌码已经用过'],
    ['expired', '这张门牌码过期了'],
  ]) {
    answer = { status: 409, json: { code } }
    await her.page.reload()
    await her.page.getByRole('heading', { name: says }).waitFor()
  }
  await her.context.close()
  faults.splice(0, faults.length, ...faults.filter((f) => !/status of 409/.test(f))) // what the browser itself says of it
})

test('who was asked for more answers, though the poster has ended', async () => {
  const own = await someone(linli)
  await signIn(own.page, owner)
  const asked = await someone(linli, phone)
  await asked.page.goto(`/join/${town.link}`)
  await fill(asked.page, { name: '钱多', phone: '13910004247', door: '2单元 602' })
  await asked.page.getByRole('button', { name: '提交申请' }).click()
  await asked.page.getByText('等待群主审核').waitFor()
  await own.page.goto('/admission')
  const entry = own.page.locator('article', { hasText: '钱多' })
  await entry.getByText('手机号与花名册一致').waitFor()
  await entry.getByRole('button', { name: '退回补充' }).click()
  await own.page.getByRole('textbox', { name: '请他补充什么？' }).fill('请写明租期')
  await own.page.getByRole('dialog').getByRole('button', { name: '退回补充' }).click()
  await asked.page.getByText('请写明租期').waitFor()
  await own.page.goto(`/rooms/${town.room}`)
  await own.page.getByRole('button', { name: '群信息' }).click()
  await own.page.getByRole('button', { name: '停用' }).click()
  await own.page.getByText(/停用$/).first().waitFor()
  await asked.page.getByRole('link', { name: '补充后再交' }).click()
  await asked.page.getByLabel('备注').fill('租到明年三月')
  await asked.page.getByRole('button', { name: '补充后再交' }).click()
  await asked.page.getByText('等待群主审核').waitFor()
  const late = await someone(linli)
  await late.page.goto(`/join/${town.link}`)
  await late.page.getByText('此二维码已停用').waitFor()
  noFaults()
})
