// The list of rooms: on top, without a sound, marked unread; by hand, by menu and by keys, and the same on all of one's devices.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { desk, noFaults, phone, signIn, someone, still, withBrowser } from './page'
import { admin, lixy, owner, password, signedIn, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
let neighbour: Api
let other: Api
let second = '' // a room with 张建国, who is in both, and 王丽, who is only in this one
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
  const boss = await as(admin)
  const { community } = await (await as(owner)).get<{ community: string }>(`/rooms/${town.room}`)
  second = (await boss.post<{ id: string }>('/rooms', { name: '志愿者群', community })).id
  const { link } = await boss.post<{ link: string }>(`/rooms/${second}/links`)
  const { charter } = await boss.get<{ charter: { version: number } }>(`/join/${link}`)
  const form = { relation: 'other', category: '志愿者', charter: charter.version, tokens: true }
  await (await as(zhang)).post(`/join/${link}`, form)
  await (await as(owner)).post(`/join/${link}`, form)
  const { name, phone, title } = wangli
  await new Api(linli.url).post(`/join/${link}`, { ...form, name, phone, title, password })
  const { applications } = await boss.get<{ applications: { id: string; room: string; version: number }[] }>(
    '/applications?state=pending',
  )
  for (const x of applications)
    if (x.room === second) await boss.post(`/applications/${x.id}/approve`, { version: x.version, category: '志愿者' })
  neighbour = await as(lixy)
  other = await as(wangli)
})
afterAll(() => linli.stop())

const as = (who: { phone: string }) => signedIn(linli, who)
const row = (page: Page, name = '和园3号楼') => page.locator('.roomrow', { hasText: name })
const names = (page: Page) => page.locator('.roomrow .t b').allInnerTexts()
const open = async (size = phone) => {
  const s = await someone(linli, size, size === phone ? { hasTouch: true } : {})
  await signIn(s.page, zhang)
  await row(s.page).waitFor()
  await still(s.page)
  return s
}
const finger = async (page: Page) => {
  const cdp = await page.context().newCDPSession(page)
  const at = async () => (await row(page).locator('a').boundingBox())!
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: { x: number; y: number }[]) =>
    cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points })
  return {
    sweep: async () => {
      const b = await at()
      const y = b.y + b.height / 2
      await touch('touchStart', [{ x: b.x + 330, y }])
      for (let x = 310; x >= 90; x -= 20) await touch('touchMove', [{ x: b.x + x, y: y + 2 }])
      await touch('touchEnd', [])
    },
    hold: async () => {
      const b = await at()
      await touch('touchStart', [{ x: b.x + 150, y: b.y + 30 }])
      await page.getByRole('dialog').waitFor()
      await touch('touchEnd', [])
    },
  }
}

test('a room is put on top, silenced and marked unread by a sweep and by holding it, and neither opens it', async () => {
  const { page, context } = await open()
  const hand = await finger(page)
  await hand.sweep()
  await row(page).getByRole('button', { name: '标为未读' }).waitFor()
  await still(page)
  await page.screenshot({ path: 'test-results/rooms-swept.png' })
  await row(page).getByRole('button', { name: '标为未读' }).click()
  await row(page).getByText('未读', { exact: true }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/rooms')
  await hand.hold()
  await still(page)
  await page.screenshot({ path: 'test-results/rooms-held.png' })
  await page.getByRole('dialog').getByRole('button', { name: '置顶' }).click()
  await row(page).getByText('置顶的群').waitFor({ state: 'attached' })
  await hand.hold()
  await page.getByRole('dialog').getByRole('button', { name: '免打扰' }).click()
  await row(page).getByText('不提醒').waitFor({ state: 'attached' })
  expect(new URL(page.url()).pathname).toBe('/rooms')
  await still(page)
  await page.screenshot({ path: 'test-results/rooms-marked.png' })
  // A tap opens it, and it is not marked unread any more.
  await row(page).locator('a').click()
  await page.getByLabel('说点什么').waitFor()
  await page.goBack()
  await expect.poll(() => row(page).getByText('未读', { exact: true }).count()).toBe(0)
  await row(page).getByText('置顶的群').waitFor({ state: 'attached' })
  await hand.hold()
  await page.getByRole('dialog').getByRole('button', { name: '取消置顶' }).click()
  await hand.hold()
  await page.getByRole('dialog').getByRole('button', { name: '恢复提醒' }).click()
  await expect.poll(() => row(page).locator('.t .vh').count()).toBe(0)
  await context.close()
  noFaults()
})

test('on a desk the same is done by the menu of the mouse and by keys, and holds on the phone', async () => {
  const large = await open(desk)
  const small = await open()
  await row(large.page).locator('a').click({ button: 'right' })
  await large.page.getByRole('dialog').getByRole('button', { name: '标为未读' }).click()
  await row(small.page).getByText('未读', { exact: true }).waitFor()
  await expect.poll(() => large.page.title()).toMatch(/^\(1\)/)
  // By keys: the button behind the row.
  await row(large.page).locator('a').focus()
  await large.page.keyboard.press('Tab')
  await large.page.keyboard.press('Enter')
  await large.page.getByRole('dialog').getByRole('button', { name: '置顶' }).focus()
  await large.page.keyboard.press('Enter')
  await row(small.page).getByText('置顶的群').waitFor({ state: 'attached' })
  // It outlives the page, and a device that signs in later has it too.
  await small.page.reload()
  await row(small.page).getByText('未读', { exact: true }).waitFor()
  const third = await open()
  await row(third.page).getByText('未读', { exact: true }).waitFor()
  // Opened on one, it is read on all.
  await row(third.page).locator('a').click()
  for (const s of [large, small])
    await expect.poll(() => row(s.page).getByText('未读', { exact: true }).count()).toBe(0)
  // What is open on the desk and marked unread is left, or the mark would mean nothing.
  await row(large.page).locator('a').click()
  await large.page.getByLabel('说点什么').waitFor()
  await row(large.page).locator('a').click({ button: 'right' })
  await large.page.getByRole('dialog').getByRole('button', { name: '标为未读' }).click()
  await large.page.waitForURL('**/rooms')
  await row(small.page).getByText('未读', { exact: true }).waitFor()
  for (const s of [large, small, third]) await s.context.close()
  noFaults()
})

test('what is unread is read by 标为已读; a room on top stays above those that are spoken in', async () => {
  const { page, context } = await open()
  const hand = await finger(page)
  await neighbour.act(town.room, 'text.post', { words: { text: '有人吗' } })
  await row(page).locator('.count', { hasText: /\d/ }).waitFor()
  await hand.hold()
  await page.getByRole('dialog').getByRole('button', { name: '标为已读' }).click()
  await expect.poll(() => row(page).locator('.count').count()).toBe(0)
  if (await row(page).getByText('置顶的群').count()) {
    await hand.hold()
    await page.getByRole('dialog').getByRole('button', { name: '取消置顶' }).click()
  }
  await other.act(second, 'text.post', { words: { text: '周末集合' } })
  await expect.poll(async () => (await names(page))[0]).toBe('志愿者群')
  await hand.hold()
  await page.getByRole('dialog').getByRole('button', { name: '置顶' }).click()
  await expect.poll(async () => (await names(page))[0]).toBe('和园3号楼')
  await other.act(second, 'text.post', { words: { text: '别忘了带水' } })
  await row(page, '志愿者群').getByText('别忘了带水').waitFor()
  expect((await names(page))[0]).toBe('和园3号楼')
  await page.reload()
  await expect.poll(async () => (await names(page))[0]).toBe('和园3号楼')
  // Who is in several rooms reads of what waits for them in which it does, and then the fact.
  await (await as(owner)).act(town.room, 'notice.post', {
    with: { confirm: true, pin: false, importance: 'normal' },
    words: { title: '健康证明开具须知', body: '22:00 到次日 5:00' },
  })
  await expect.poll(() => page.locator('.todolink .meta').allInnerTexts()).toEqual(['和园3号楼 · 22:00 到次日 5:00'])
  // Among all that waits its title is whole, on the narrowest phone too.
  await page.goto('/todo')
  const title = page.locator('.todolink b')
  for (const width of [390, 320]) {
    await page.setViewportSize({ width, height: 844 })
    await title.waitFor()
    expect(await title.evaluate((e) => [e.scrollWidth > e.clientWidth, e.scrollHeight > e.clientHeight + 1])).toEqual([
      false,
      false,
    ])
  }
  await context.close()
  noFaults()
})

test('紧急 and ＋ of the list ask in which room where there are several, offer what may be posted there, and end in it', async () => {
  const { page, context } = await open()
  const where = page.getByRole('dialog', { name: '发在哪个群' })
  const both = async () => (await where.locator('.menu button').allInnerTexts()).sort()
  const begin = (name: string) => page.locator('header.bar').getByRole('button', { name }).click()
  const more = page.getByRole('dialog', { name: '发别的' })
  await begin('紧急')
  await expect.poll(both).toEqual(['和园3号楼', '志愿者群'])
  await where.getByRole('button', { name: '志愿者群' }).click()
  const sos = page.getByRole('dialog', { name: '紧急求助' })
  await sos.getByRole('radio', { name: '突发疾病' }).check({ force: true })
  await sos.getByRole('button', { name: '发出求助' }).click()
  await page.waitForURL(`**/rooms/${second}`)
  await page.locator('section.sos').getByText('突发疾病').waitFor()
  await page.goto('/rooms')
  await begin('发别的')
  await more.getByRole('button', { name: '找人帮忙' }).waitFor()
  expect(await more.getByRole('button', { name: '发公告' }).count()).toBe(0)
  await more.getByRole('button', { name: '找人帮忙' }).click()
  await expect.poll(both).toEqual(['和园3号楼', '志愿者群'])
  await where.getByRole('button', { name: '和园3号楼' }).click()
  const form = page.getByRole('dialog', { name: '找人帮忙' })
  await form.getByRole('radio', { name: '买药' }).check()
  await form.getByLabel('说说要什么').fill('退烧药一盒')
  await form.getByRole('button', { name: '发出求助' }).click()
  await page.waitForURL(`**/rooms/${town.room}`)
  await page.getByRole('heading', { name: '退烧药一盒' }).waitFor()
  await context.close()

  // Who answers for one of their two rooms posts a notice there, and is not asked where.
  const own = await someone(linli)
  await signIn(own.page, owner)
  await expect.poll(async () => (await names(own.page)).sort()).toEqual(['和园3号楼', '志愿者群'])
  await own.page.locator('header.bar').getByRole('button', { name: '发别的' }).click()
  await own.page.getByRole('dialog', { name: '发别的' }).getByRole('button', { name: '发公告' }).click()
  const notice = own.page.getByRole('dialog', { name: '发公告' })
  await notice.getByLabel('标题').fill('周六清洗水箱')
  await notice.getByLabel('内容').fill('9:00 到 11:00，请先存水。')
  await notice.getByRole('button', { name: '发布公告' }).click()
  await own.page.waitForURL(`**/rooms/${town.room}`)
  await own.page.locator('.noticebar', { hasText: '周六清洗水箱' }).waitFor()
  await own.context.close()
  noFaults()
})
