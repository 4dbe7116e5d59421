// J3.7: what was said is found again, narrowed, and seen where it stands.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, say, withBrowser } from './page'
import { lixy, owner, password, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('上海 is found in 我家在上海东边, narrowed by who and when, and seen where it stands', async () => {
  const b = await inRoom(linli, lixy, town.room)
  await say(b.page, '我家在上海东边')
  const boss = new Api(linli.url)
  await boss.signIn(owner.phone, password)
  for (let i = 0; i < 45; i++) await boss.act(town.room, 'text.post', { words: { text: `第${i}条` } })
  await boss.act(town.room, 'text.post', { words: { text: '上海路今晚停水' } })

  const a = await inRoom(linli, zhang, town.room)
  await a.page.goto('/rooms')
  await a.page.getByRole('link', { name: '搜索' }).click()
  const box = a.page.getByRole('textbox', { name: '搜索' })
  await box.fill('上海')
  const hits = a.page.locator('.list .rowbtn')
  await expect.poll(() => hits.count()).toBe(2)
  expect(await hits.nth(0).innerText()).toContain('上海路今晚停水')
  expect(await hits.nth(1).locator('mark').innerText()).toBe('上海')

  await a.page.getByLabel('谁说的').selectOption({ label: '3-1-102 李女士' })
  await expect.poll(() => hits.count()).toBe(1)
  await a.page.getByLabel('日期').fill('2020-01-01')
  await a.page.getByText('没有找到').waitFor()
  await a.page.getByLabel('日期').fill('')
  await expect.poll(() => hits.count()).toBe(1)

  // By its first letters, and by the door.
  await box.fill('wjzsh')
  await expect.poll(() => hits.first().innerText()).toContain('我家在上海东边')
  await box.fill('3-1-102')
  await expect.poll(() => hits.first().innerText()).toContain('我家在上海东边')

  await hits.first().click()
  const sheet = a.page.getByRole('dialog')
  await sheet.getByText('我家在上海东边').waitFor()
  await sheet.getByText('第3条').waitFor()
  await sheet.getByRole('button', { name: '在群里看' }).click()
  await a.page.locator('[role=log]').getByText('我家在上海东边').waitFor()
  expect(await a.page.locator('[role=log]').getByText('我家在上海东边').isVisible()).toBe(true)

  // Taken back, it is found no more.
  await say(b.page, '说错了的话')
  await b.page.locator('[role=log]').getByText('说错了的话').click({ button: 'right' })
  await b.page.getByRole('button', { name: '撤回' }).click()
  await a.page.goto('/search')
  await a.page.getByRole('textbox', { name: '搜索' }).fill('说错')
  await a.page.getByText('没有找到').waitFor()
  for (const s of [a, b]) await s.context.close()
  noFaults()
})
