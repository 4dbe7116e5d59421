// Cards as people use them: what a poll, a notice, a request say, and what a touch does.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, someone, still, withBrowser } from './page'
import { lixy, owner, password, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

// Each card as it stood, to be looked at.
const shot = async (page: Page, name: string) => {
  await still(page)
  await page.screenshot({ path: `test-results/card-${name}.png` })
}
const as = (who: { phone: string }) => signedIn(linli, who)
const item = async (seq: number) =>
  (await (await as(owner)).get<{ new: { state: { votes?: number[] } }[] }>(`/rooms/${town.room}/items/${seq}`)).new[0]!

test('a poll is chosen from and then cast with a button that says so, in both looks; its form has a closing time', async () => {
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '发别的' }).click()
  await own.page.getByRole('button', { name: '发投票' }).click()
  const form = own.page.getByRole('dialog')
  await form.getByLabel('投什么').fill('西门早晚开不开')
  await form.getByLabel('第 1 项').fill('同意')
  await form.getByLabel('第 2 项').fill('不同意')
  const send = form.getByRole('button', { name: '发起投票' })
  await form.getByRole('radio', { name: '自己定' }).check()
  await expect.poll(() => send.isDisabled()).toBe(true)
  await form.locator('input[type=datetime-local]').fill('2020-01-01T20:00')
  await form.getByText('已经过了，换个时间').waitFor()
  expect(await send.isDisabled()).toBe(true)
  await form.getByRole('radio', { name: '明晚 8 点' }).check()
  await form.getByText(/20:00 截止/).waitFor()
  await shot(own.page, 'poll-form')
  await send.click()

  const a = await inRoom(linli, zhang, town.room)
  const card = a.page.locator('.card', { hasText: '西门早晚开不开' })
  await card.getByText('投票 · 每户一票').waitFor()
  await card.getByText(/20:00 截止/).waitFor()
  expect(await card.getByText('待认领').count()).toBe(0)
  expect(await card.getByRole('button', { name: '先选一项' }).isDisabled()).toBe(true)
  // A touch chooses and casts nothing.
  const seq = Number(await a.page.locator('.msg', { has: card }).getAttribute('data-seq'))
  await card.locator('.pollopt', { hasText: '不同意' }).click()
  await card.getByRole('radio', { name: '同意' }).first().check()
  await shot(a.page, 'poll-chosen')
  expect((await item(seq)).state.votes).toEqual([0, 0])
  await card.getByRole('button', { name: '投“同意”' }).click()
  await card.getByText('您家已投').waitFor()
  await expect.poll(async () => (await item(seq)).state.votes).toEqual([1, 0])
  await card.getByText('1 / 42 户投了').waitFor()
  await shot(a.page, 'poll-voted')
  // It can be changed, with a button that says to what.
  await card.getByRole('radio', { name: '不同意' }).check()
  await card.getByRole('button', { name: '改投“不同意”' }).click()
  await expect.poll(async () => (await item(seq)).state.votes).toEqual([0, 1])

  // In the large look likewise.
  const old = await someone(linli)
  await old.page.goto('/signin')
  await old.page.getByRole('button', { name: /换成长辈版/ }).click()
  await old.page.getByLabel('手机号').fill(lixy.phone)
  await old.page.getByLabel('密码').fill(password)
  await old.page.getByRole('button', { name: '登录', exact: true }).click()
  await old.page.locator('.elder-grid').waitFor()
  await old.page.goto(`/elder/${town.room}/talk`)
  const large = old.page.locator('.card', { hasText: '西门早晚开不开' })
  await large.getByRole('button', { name: '先选一项' }).waitFor()
  await large.locator('.pollopt', { hasText: '不同意' }).click()
  const verb = large.getByRole('button', { name: '投“不同意”' })
  await verb.waitFor()
  expect((await verb.boundingBox())!.height).toBeGreaterThanOrEqual(60)
  for (const o of await large.locator('.pollopt').all())
    expect((await o.boundingBox())!.height).toBeGreaterThanOrEqual(72)
  await shot(old.page, 'poll-elder')
  await verb.click()
  await large.getByText('您家已投').waitFor()
  await expect.poll(async () => (await item(seq)).state.votes).toEqual([0, 2])

  // Ended by its author: it says so, and there is nothing to press.
  await own.page.locator('.card', { hasText: '西门早晚开不开' }).getByRole('button', { name: '结束投票' }).click()
  await card.getByText('投票已结束').waitFor()
  expect(await card.getByRole('radio').count()).toBe(0)
  await shot(a.page, 'poll-over')
  for (const s of [own, a, old]) await s.context.close()
})

test('a poll without an end says that it goes on', async () => {
  await (await as(owner)).act(town.room, 'poll.post', {
    with: { options: 2, per: 'person' },
    words: { title: '支部会几点开', options: ['14:00', '19:30'] },
  })
  const a = await inRoom(linli, zhang, town.room, { width: 320, height: 700 })
  const card = a.page.locator('.card', { hasText: '支部会几点开' })
  await card.getByText('投票中').waitFor()
  await card.getByText('投票 · 每人一票').waitFor()
  await shot(a.page, 'poll-320')
  await a.context.close()
})

test('a notice with a mistake is corrected, its difference is seen, who confirmed is asked again, and it is withdrawn with a reason', async () => {
  const post = (title: string, body: string) =>
    as(owner).then((o) =>
      o.act(town.room, 'notice.post', {
        with: { confirm: true, pin: true, importance: 'normal' },
        words: { title, body },
      }),
    )
  const seq = await post('今晚停水', '今晚 22:00 至次日 5:00 停水，请提前储水。')
  const a = await inRoom(linli, zhang, town.room)
  const card = a.page.locator(`.vlist [data-seq="${seq}"] .card`)
  await card.getByRole('button', { name: '确认收到' }).click()
  await card.getByText('已确认收到').waitFor()

  const own = await inRoom(linli, owner, town.room)
  const his = own.page.locator(`.vlist [data-seq="${seq}"] .card`)
  await his.getByText('1 / 40 户已确认 · 0 / 2 店').waitFor()
  await his.getByRole('button', { name: '更正' }).click()
  const sheet = own.page.getByRole('dialog')
  const send = sheet.getByRole('button', { name: '发出第 2 版' })
  expect(await send.isDisabled()).toBe(true)
  await sheet.getByLabel('内容').fill('今晚 23:00 至次日 6:00 停水，请提前储水。高层来水会晚 1 小时左右。')
  await sheet.getByLabel('为什么更正').fill('自来水公司改了施工时间')
  await sheet.getByText('确认过的 1 户会再问一遍').waitFor()
  await shot(own.page, 'notice-correct-form')
  // Who has confirmed is called to it, wherever they are; awake at whatever hour this runs.
  await (await as(zhang)).ask('PUT', '/me/choices', { muted: {}, quiet: { from: 0, to: 0 }, topics: {} })
  await a.page.goto('/rooms')
  await a.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  await send.click()
  const heard = a.page.locator('.heard')
  await heard
    .getByText(/今晚停水/)
    .first()
    .waitFor()
  await heard.getByRole('button', { name: '去看看' }).click()

  // Struck and marked where it stands; the bar asks again, with words of its own.
  await card.getByText('第 2 版 · 更正').waitFor()
  await card.locator('del', { hasText: '22:00 至次日 5:00' }).waitFor()
  expect(await card.locator('ins').allInnerTexts()).toEqual(['23:00 至次日 6:00', '高层来水会晚 1 小时左右。'])
  await card.getByText('自来水公司改了施工时间').waitFor()
  await card.getByText('您家确认过第 1 版，所以再请您看一眼').waitFor()
  await his.getByText('0 / 40 户已确认 · 0 / 2 店').waitFor()
  await shot(a.page, 'notice-corrected')
  await card.getByRole('button', { name: '看原文' }).click()
  await a.page.getByRole('dialog').getByText('今晚 22:00 至次日 5:00 停水，请提前储水。').waitFor()
  await a.page.keyboard.press('Escape')

  // The bar names the one that waits and opens it; what is settled is a line.
  const other = await post('电梯检修', '十分钟就好')
  await card.getByRole('button', { name: '更正我知道了' }).click()
  await card.getByText('您家已看过第 2 版').waitFor()
  await his.getByText('1 / 40 户已确认 · 0 / 2 店').waitFor()
  const bar = a.page.locator('.noticebar')
  await bar.getByText('电梯检修').waitFor()
  await bar.click()
  const list = a.page.getByRole('dialog')
  await list.locator('.card', { hasText: '电梯检修' }).waitFor()
  await list.locator('button.line1', { hasText: '今晚停水' }).waitFor()
  expect(await list.locator('.card').count()).toBe(1)
  await shot(a.page, 'notice-bar')
  await list.getByRole('button', { name: '确认收到' }).click()
  await list.getByText('已确认收到').waitFor()
  await a.page.keyboard.press('Escape')
  await expect.poll(() => bar.getAttribute('class')).toContain('quiet')

  // Withdrawn with a reason that everybody reads.
  await his.getByRole('button', { name: '撤下' }).click()
  const ask = own.page.getByRole('dialog')
  expect(await ask.getByRole('button', { name: '撤下' }).isDisabled()).toBe(true)
  await ask.getByLabel('为什么撤下？').fill('今晚不停了')
  await ask.getByRole('button', { name: '撤下' }).click()
  await card.getByText('已撤下').waitFor()
  await card.getByText('今晚不停了').waitFor()
  await (await as(owner)).act(town.room, 'notice.withdraw', { re: other, words: { reason: '修好了' } })
  for (const s of [a, own]) await s.context.close()
})

test('nothing went wrong on any page', noFaults)
