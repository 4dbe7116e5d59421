// J4 in one room: a notice, pinned, confirmed by household; who came later is asked too.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, withBrowser } from './page'
import { admit, family, lixy, owner, password, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('a notice stands in the bar until a household has confirmed it, and the owner sees which doors are missing', async () => {
  const boss = new Api(linli.url)
  await boss.signIn(owner.phone, password)
  await admit(linli, boss, town.link, family, 'family')

  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  const his = await inRoom(linli, family, town.room) // of the same household as a
  const own = await inRoom(linli, owner, town.room)

  await own.page.getByRole('button', { name: '发别的' }).click()
  await own.page.getByRole('button', { name: '发公告' }).click()
  await own.page.getByLabel('标题').fill('今晚停水')
  await own.page.getByLabel('内容').fill('22:00 至次日 5:00，请提前存水。')
  await own.page.getByRole('button', { name: '发布公告' }).click()

  for (const p of [a.page, b.page, his.page]) await p.locator('.noticebar', { hasText: '今晚停水' }).waitFor()
  await a.page.getByText('待确认').waitFor()
  await a.page.getByRole('button', { name: '确认收到' }).click()
  await a.page.getByText('已确认收到').waitFor()
  // One of the household has confirmed: the other need not, and is told who did.
  await his.page.getByText('已为本户确认').waitFor()
  expect(await his.page.getByRole('button', { name: '确认收到' }).count()).toBe(0)

  // Counted in homes: one of those that are in the room's charge.
  await own.page.getByText('1 / 42 户已确认').first().waitFor()
  await own.page.getByRole('button', { name: '查看未确认' }).click()
  const list = own.page.getByRole('dialog')
  await list.locator('.knock').getByText('3-1-102', { exact: true }).waitFor()
  expect(await list.getByText('3-1-101', { exact: true }).count()).toBe(0)
  // She has the room open and has not confirmed; behind most doors there is nobody yet.
  await list.locator('.knock li', { hasText: '3-1-102' }).getByText('看过，没确认').waitFor()
  await list.locator('.knock li', { hasText: '3-1-302' }).getByText('没有入群').waitFor()
  await list.getByText('看过 1', { exact: true }).waitFor()
  const doors = list.getByRole('link', { name: '上门清单' })
  const [table] = await Promise.all([own.page.waitForEvent('download'), doors.click()])
  expect(table.suggestedFilename()).toMatch(/\.xlsx$/)
  // Told at the door, with a note; the number changes, and a slip of the finger is taken back.
  await list.getByRole('button', { name: '3-1-302 已告知' }).click()
  await own.page.getByLabel('要记一句吗').fill('老人独居，已说明白')
  await own.page.getByRole('dialog', { name: '已上门告知 3-1-302' }).getByRole('button', { name: '已告知' }).click()
  await list.locator('p.num').getByText('2 / 42 户已确认').waitFor()
  await list.getByText('老人独居，已说明白').waitFor()
  await list.getByRole('button', { name: '3-1-302 撤销' }).click()
  await list.locator('p.num').getByText('1 / 42 户已确认').waitFor()
  await list.getByRole('button', { name: '3-1-302 已告知' }).click()
  await own.page.getByRole('dialog', { name: '已上门告知 3-1-302' }).getByRole('button', { name: '已告知' }).click()
  await list.locator('p.num').getByText('2 / 42 户已确认').waitFor()
  await own.page.keyboard.press('Escape')

  // Who is admitted later sees it first, and is counted.
  await admit(linli, boss, town.link, wangli)
  const late = await inRoom(linli, wangli, town.room)
  await late.page.locator('.noticebar', { hasText: '今晚停水' }).click()
  await late.page.getByRole('dialog').getByRole('button', { name: '确认收到' }).click()
  await own.page.getByText('3 / 42 户已确认').first().waitFor()
  await b.page.getByText('待确认').waitFor()
  for (const s of [a, b, his, own, late]) await s.context.close()
})

test('after its end the notice leaves the bar and stays in the list', async () => {
  const boss = new Api(linli.url)
  await boss.signIn(owner.phone, password)
  const until = Date.now() + 4000
  await boss.act(town.room, 'notice.post', {
    with: { confirm: false, pin: true, importance: 'important', until },
    words: { title: '快递柜检修', body: '十分钟就好' },
  })
  const a = await inRoom(linli, zhang, town.room)
  await a.page.getByText('快递柜检修').first().waitFor() // whether its time is over by then or not
  await a.page.getByText('已过期').waitFor()
  await a.page.locator('.noticebar').click()
  await expect.poll(() => a.page.getByRole('dialog').getByText('快递柜检修').count()).toBe(0)
  await a.page.keyboard.press('Escape')
  await a.page.getByRole('link', { name: '公告' }).click()
  await a.page.getByText('快递柜检修').waitFor()
  await a.context.close()
  noFaults()
})
