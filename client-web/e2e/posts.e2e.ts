// Whose account, door and room it is: posts that are offered, codes that are announced, one person's two homes, an owner without one, and
// a room whose log is damaged.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Page } from 'playwright-core'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, phone, signIn, someone, withBrowser } from './page'
import { admin, lixy, owner, password, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const shot = async (page: Page, name: string) => {
  if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/${name}.png` })
}

// The sheet of the room, as whoever stands above it opens it.
const roomSheet = async (page: Page) => {
  await page.goto('/office')
  await unfold(page)
  await page.getByRole('button', { name: '和园3号楼', exact: true }).click()
}
const unfold = async (page: Page) => {
  const fold = page.locator('.fold').first()
  await fold.waitFor()
  if ((await fold.getAttribute('aria-expanded')) === 'false') await fold.click()
}

test('the office’s own staff and a community’s secretary have their button in 管理; who forgot the password is told how to come back', async () => {
  const boss = await someone(linli)
  await signIn(boss.page, admin)
  await boss.page.goto('/office')
  await unfold(boss.page)
  const sheet = boss.page.getByRole('dialog')
  const appoint = async (as: string, name: string, phone: string) => {
    await sheet.getByRole('button', { name: `任命${as}` }).click()
    await sheet.getByLabel('真实姓名').fill(name)
    await sheet.getByLabel('手机号').fill(phone)
    await sheet.getByRole('button', { name: `任命${as}` }).click()
    await sheet.getByText(name).waitFor()
  }
  await boss.page.locator('.freebtns').getByRole('button', { name: '工作人员' }).click()
  await sheet.getByText(admin.name).waitFor()
  await sheet.getByRole('button', { name: '任命考核员' }).click()
  await sheet.getByLabel('真实姓名').fill('孙考核')
  await sheet.getByLabel('手机号').fill('123')
  await sheet.getByRole('button', { name: '任命考核员' }).click()
  await sheet.locator('form').getByRole('alert').getByText('手机号是 11 位数字').waitFor()
  await sheet.getByLabel('手机号').fill('13900008071')
  await sheet.getByRole('button', { name: '任命考核员' }).click()
  await sheet.getByText('孙考核').waitFor()
  await sheet.getByRole('button', { name: '关闭' }).click()
  await boss.page.locator('.levels').getByRole('button', { name: '工作人员' }).click()
  await sheet.getByText('这里还没有工作人员').waitFor()
  await appoint('社区书记', '钱书记', '13900008072')
  await sheet.getByRole('button', { name: '免去' }).click()
  await sheet.getByText('这里还没有工作人员').waitFor()
  await sheet.getByRole('button', { name: '关闭' }).click()
  await roomSheet(boss.page)
  await sheet.getByRole('button', { name: '发重置码' }).first().waitFor()
  await boss.context.close()
})

test('a post is offered to who has an account, and taken on their own page; first codes come on a sheet', async () => {
  const boss = await someone(linli)
  await signIn(boss.page, admin)
  await roomSheet(boss.page)
  await boss.page.getByRole('button', { name: '任命副群主' }).click()
  await boss.page.getByLabel('真实姓名').fill(lixy.name)
  await boss.page.getByLabel('手机号').fill(lixy.phone)
  await boss.page.getByRole('button', { name: '任命副群主' }).click()
  await boss.page.getByText('等本人接受').waitFor()
  await shot(boss.page, 'post-offered')

  const her = await someone(linli)
  await signIn(her.page, lixy)
  await her.page.goto('/me')
  await her.page.getByText(/请您担任.*副群主/).waitFor()
  await shot(her.page, 'post-offer')
  await her.page.getByRole('button', { name: '接受', exact: true }).click()
  await expect.poll(() => her.page.getByText(/请您担任/).count()).toBe(0)
  const api = await signedIn(linli, lixy)
  const me = await api.get<{ grants: { role: string }[] }>('/me')
  expect(me.grants.map((g) => g.role)).toEqual(['deputy'])

  // Whoever an appointment makes gets a first code: all of them on one sheet.
  await roomSheet(boss.page)
  await boss.page.getByRole('button', { name: '任命副群主' }).click()
  await boss.page.getByLabel('真实姓名').fill('田新人')
  await boss.page.getByLabel('手机号').fill('13900008066')
  await boss.page.getByRole('button', { name: '任命副群主' }).click()
  await boss.page.getByText('还没登录过').first().waitFor()
  const top = await signedIn(linli, admin)
  const { codes } = await top.post<{ codes: { name: string; code: string }[] }>('/staff/codes', {})
  expect(codes.map((c) => c.name)).toContain('田新人')
  await boss.page.goto('/office')
  await unfold(boss.page)
  await boss.page.getByRole('button', { name: '打印首次登录码' }).first().click()
  await boss.page.getByRole('button', { name: '生成登录码' }).click()
  await boss.page.getByRole('dialog').getByText('田新人').first().waitFor()
  await shot(boss.page, 'post-sheet')
  for (const s of [boss, her]) await s.context.close()
})

test('a code for somebody’s account is announced on their devices, who can void it', async () => {
  const him = await someone(linli)
  await signIn(him.page, zhang)
  await him.page.goto('/me')
  await him.page.getByText(zhang.phone.slice(-4)).first().waitFor()
  const own = await signedIn(linli, owner)
  const { members } = await own.post<{ members: { person: string; name: string }[] }>(`/rooms/${town.room}/members`)
  const person = members.find((m) => m.name === zhang.name)!.person
  const { code } = await own.post<{ code: string }>(`/rooms/${town.room}/members/${person}/code`)
  const banner = him.page.getByRole('alert').filter({ hasText: '有人正在用登录码登录您的账号' })
  await banner.getByText(/给您的账号发了登录码/).waitFor() // live, without a reload
  await shot(him.page, 'code-banner')
  await banner.getByRole('button', { name: '不是我要的，作废' }).click()
  await expect.poll(() => banner.count()).toBe(0)
  const stranger = new Api(linli.url)
  const body = { phone: zhang.phone, code, password: 'fremd-2020-1' }
  await expect(stranger.post('/session/code', body)).rejects.toThrow(/wrong/)
  await him.context.close()
})

test('a second door is bound by the owner; a poll then asks for which, and an owner without a home sees no dead button', async () => {
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '群信息' }).click()
  await own.page.locator('li', { hasText: zhang.name }).getByRole('button').first().click()
  await own.page.getByRole('button', { name: '再绑定一户' }).click()
  await own.page.getByLabel('找门牌').fill('1-201')
  await own.page.getByRole('button', { name: '再绑定一户 3-1-201' }).click()
  await own.page.locator('li', { hasText: zhang.name }).first().waitFor()

  const api = await signedIn(linli, owner)
  const seq = await api.act(town.room, 'poll.post', {
    with: { options: 2, closes: Date.now() + 3600_000 },
    words: { title: '楼道要不要声控灯', options: ['装', '算了'] },
  })
  const state = async () =>
    (await api.get<{ new: { state: { votes: number[] } }[] }>(`/rooms/${town.room}/items/${seq}`)) as unknown
  const him = await inRoom(linli, zhang, town.room)
  const card = him.page.locator('.card', { hasText: '楼道要不要声控灯' })
  await card.getByRole('radio', { name: '3-1-101', exact: true }).check()
  await card.locator('.pollopt', { hasText: '装' }).click()
  await card.getByRole('button', { name: '投“装”' }).click()
  await card.getByRole('radio', { name: '3-1-101，已完成' }).waitFor()
  await card.getByRole('radio', { name: '3-1-201', exact: true }).check()
  await card.locator('.pollopt', { hasText: '算了' }).click()
  await card.getByRole('button', { name: '投“算了”' }).click()
  await expect.poll(async () => JSON.stringify(await state())).toContain('"votes":[1,1]')
  await shot(him.page, 'two-homes')
  const hers = await signedIn(linli, lixy)
  await hers.act(town.room, 'signup.post', { with: { options: 1 }, words: { title: '团购鸡蛋', options: ['一箱'] } })
  await hers.act(town.room, 'suggestion.post', { words: { text: '楼道灯换成声控的' } })
  const idea = him.page.locator('.card', { hasText: '楼道灯换成声控的' })
  await idea.getByRole('radio', { name: '3-1-201', exact: true }).check()
  await idea.getByRole('button', { name: '附议' }).click()
  await idea.getByRole('radio', { name: '3-1-201，已完成' }).waitFor()

  // Who has no home here sees how it stands, and nothing to press that would be refused.
  await own.page.goto(`/rooms/${town.room}`)
  const theirs = own.page.locator('.card', { hasText: '楼道要不要声控灯' })
  await theirs.waitFor()
  expect(await theirs.getByRole('radio').count()).toBe(0)
  expect(await theirs.getByRole('button').allInnerTexts()).toEqual(['结束投票'])
  for (const [what, buttons] of [
    ['团购鸡蛋', ['结束接龙']],
    ['楼道灯换成声控的', ['答复']],
  ] as const) {
    const other = own.page.locator('.card', { hasText: what })
    await other.waitFor()
    expect(await other.getByRole('button').allInnerTexts()).toEqual(buttons)
  }
  await shot(own.page, 'no-home')

  await own.page.getByRole('button', { name: '群信息' }).click()
  await own.page.locator('li', { hasText: zhang.name }).getByRole('button').first().click()
  await own.page.getByRole('button', { name: '解绑 3-1-201' }).click()
  await own.page.locator('li', { hasText: zhang.name }).first().waitFor()
  await him.page.reload()
  await card.waitFor()
  await expect.poll(() => card.getByRole('radio', { name: '3-1-201' }).count()).toBe(0)
  for (const s of [own, him]) await s.context.close()
})

test('a damaged room says so in the list and on its page, and is left again', async () => {
  const hurt = await Linli.start(town.data)
  const api = new Api(hurt.url)
  await api.signIn(lixy.phone, password)
  const long = '邻'.repeat(1900)
  for (let n = 0; n < 60; n++) await api.act(town.room, 'text.post', { words: { text: `${long}${n}` } })
  await hurt.restart() // its frames are in tables now
  const log = join(hurt.data, 'log')
  const table = () =>
    readdirSync(log)
      .filter((f) => f.endsWith('.sst'))
      .map((f) => join(log, f))
      .sort((a, b) => statSync(b).size - statSync(a).size)[0]!
  const file = table()
  const whole = readFileSync(file)
  for (const part of [0.5, 0.6, 0.4, 0.7]) {
    const torn = Buffer.from(whole)
    torn[Math.floor(whole.length * part)]! ^= 1
    writeFileSync(file, torn)
    await hurt.restart('SIGKILL')
    if (hurt.log.includes(`log=room/${town.room}`)) break
    writeFileSync(file, whole)
  }
  expect(hurt.log).toContain(`log=room/${town.room}`)
  const her = await someone(hurt, phone)
  await signIn(her.page, lixy)
  const row = her.page.getByRole('link', { name: /和园3号楼/ })
  await row.getByText('这个群的记录坏了，暂时关闭').waitFor()
  await row.click()
  await her.page.getByRole('alert').getByText('服务器磁盘上的记录坏了').waitFor()
  await shot(her.page, 'damaged')
  await her.page.getByRole('alert').getByRole('button', { name: '返回' }).click()
  await her.page.waitForURL('**/rooms')
  await her.context.close()
  await hurt.stop()
})

test('none of it fails without a word', noFaults)
