// Cards as people use them: what a poll, a notice, a request say, and what a touch does.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, someone, still, withBrowser } from './page'
import { lixy, owner, password, zhang } from './town'

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
const as = async (who: { phone: string }) => {
  const api = new Api(linli.url)
  await api.signIn(who.phone, password)
  return api
}
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

test('nothing went wrong on any page', noFaults)
