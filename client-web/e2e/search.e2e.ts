// J3.7: what was said is found again, narrowed, and seen where it stands.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, say, withBrowser } from './page'
import { lixy, owner, password, signedIn, zhang } from './town'

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
  const boss = await signedIn(linli, owner)
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
  // The day before nothing was said; what is in the way is named, with what there would be without it.
  await a.page.getByRole('button', { name: '日期', exact: true }).click()
  const calendar = a.page.getByRole('dialog', { name: '日期' })
  const today = calendar.locator('[aria-current=date]')
  await expect.poll(() => today.getAttribute('aria-label')).toContain('有消息')
  await today.press('ArrowLeft')
  await a.page.keyboard.press('Enter')
  await a.page.getByText('没有找到“上海”').waitFor()
  await a.page.getByRole('button', { name: '去掉“日期”，有 1 条' }).click()
  await expect.poll(() => hits.count()).toBe(1)

  // By its kind; each condition is a chip that a tap, or a key, takes away.
  await a.page.getByRole('button', { name: '去掉条件：谁说的 3-1-102 李女士' }).focus()
  await a.page.keyboard.press('Enter')
  await expect.poll(() => hits.count()).toBe(2)
  await a.page.getByLabel('类型').selectOption({ label: '图片' })
  await a.page.getByRole('button', { name: '去掉“类型”，有 2 条' }).waitFor()
  await a.page.getByRole('button', { name: '去掉条件：类型 图片' }).click()
  await expect.poll(() => hits.count()).toBe(2)
  await a.page.getByRole('button', { name: '有附件' }).click()
  await a.page.getByText('没有找到“上海”').waitFor()
  await a.page.getByRole('button', { name: '去掉条件：有附件 有附件' }).click()
  await a.page.getByLabel('谁说的').selectOption({ label: '3-1-102 李女士' })
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
  await a.page.goBack()
  await expect.poll(() => hits.count()).toBe(1) // what was sought is still there
  expect(await box.inputValue()).toBe('3-1-102')

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

test('the thousandth hit is reached by going on, and a room opens at a day', async () => {
  const boss = new Api(linli.url)
  const { device } = await boss.signIn(owner.phone, password)
  let n = 100_000
  const post = (texts: string[]) =>
    boss.post(`/rooms/${town.room}/commands`, {
      do: texts.map((text) => ({ id: `${device}.${++n}`, act: 'text.post', words: { text } })),
    })
  for (let i = 0; i < 1000; i += 20) await post(Array.from({ length: 20 }, (_, k) => `团购第${i + k + 1}号`))
  const a = await inRoom(linli, zhang, town.room)
  await a.page.goto(`/search?room=${town.room}`)
  await a.page.getByRole('textbox', { name: '搜索' }).fill('团购')
  const hits = a.page.locator('.list .rowbtn')
  await expect.poll(() => hits.count()).toBeGreaterThan(0)
  expect(await hits.first().innerText()).toContain('团购第1000号')
  await expect
    .poll(async () => {
      await hits.last().scrollIntoViewIfNeeded()
      return hits.count()
    })
    .toBe(1000)
  expect(await hits.last().innerText()).toContain('团购第1号')
  await hits.last().click()
  await a.page.getByRole('dialog').getByRole('button', { name: '在群里看' }).click()
  const log = a.page.locator('[role=log]')
  await log.getByText('团购第1号', { exact: true }).waitFor()
  await log.getByText('团购第2号', { exact: true }).waitFor()
  // From there down again, page by page, to the end.
  await a.page.getByRole('button', { name: '回到最新' }).click()
  await log.getByText('团购第1000号', { exact: true }).waitFor()

  await a.page.getByRole('button', { name: '群信息', exact: true }).click()
  await a.page.getByRole('button', { name: '跳到日期' }).click()
  const calendar = a.page.getByRole('dialog', { name: '跳到日期' })
  await expect.poll(() => calendar.locator('[aria-current=date]').getAttribute('aria-label')).toContain('有消息')
  await calendar.locator('[aria-current=date]').click()
  await log.getByText('我家在上海东边').waitFor() // the first that was said today
  await say(a.page, '从前面回来')
  await log.getByText('从前面回来').waitFor()
  await a.context.close()
  noFaults()
})
