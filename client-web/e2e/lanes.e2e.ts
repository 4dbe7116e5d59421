// B26: who may post in which lane of a room, said on the page of its rules.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, say, withBrowser } from './page'
import { owner, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('the owner keeps a lane for themselves: the composer says why at once, requests go on, and the same switch gives it back', async () => {
  const a = await inRoom(linli, zhang, town.room)
  await say(a.page, '早上好')
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '群信息', exact: true }).click()
  const sheet = own.page.getByRole('dialog')
  await sheet.getByText('群规和设置').click()
  const set = async (lane: RegExp, on: boolean) => {
    await sheet.getByLabel(lane).setChecked(on)
    await sheet.getByRole('button', { name: '保存', exact: true }).click()
    await expect.poll(() => sheet.getByRole('button', { name: '保存', exact: true }).isDisabled()).toBe(true)
  }
  await set(/^闲聊：/, false)

  // The page that is open hears it: no box, a reason, and what still can be done.
  const said = a.page.getByRole('status').filter({ hasText: '闲聊现在只有群主和社区能发' })
  await said.waitFor()
  expect(await a.page.getByLabel('说点什么').count()).toBe(0)
  await said.getByRole('button', { name: '找人帮忙' }).click()
  const panel = a.page.locator('.panel')
  await panel.getByRole('button', { name: '找人帮忙' }).click()
  const form = a.page.getByRole('dialog')
  expect(await form.getByRole('button', { name: '加照片' }).count()).toBe(0) // they would be talk
  await form.getByRole('radio', { name: '买菜' }).check()
  await form.getByLabel('说说要什么').fill('两斤青菜')
  await form.getByRole('button', { name: '发出求助' }).click()
  await a.page.getByText('两斤青菜').first().waitFor()
  expect(await panel.count()).toBe(0)
  await a.page.getByText('早上好', { exact: true }).click({ button: 'right', position: { x: 3, y: 3 } }) // not where a mouse brings up ···
  const menu = a.page.getByRole('dialog')
  await menu.getByRole('button', { name: '复制' }).waitFor()
  expect(await menu.getByRole('button', { name: '回复' }).count()).toBe(0)
  expect(await menu.getByRole('button', { name: '编辑' }).count()).toBe(0)
  await a.page.keyboard.press('Escape')

  // A reload changes nothing, nor does the large look.
  await a.page.reload()
  await said.waitFor()
  await a.page.goto(`/elder/${town.room}/talk`)
  await a.page.getByText('闲聊现在只有群主和社区能发').waitFor()
  expect(await a.page.getByRole('button', { name: '打字' }).count()).toBe(0)
  await a.page.goto(`/rooms/${town.room}`)
  await said.waitFor()

  await set(/^求助：/, false)
  await a.page.getByRole('status').filter({ hasText: '紧急求助照常' }).waitFor()
  expect(await a.page.getByRole('button', { name: '找人帮忙' }).count()).toBe(0)
  await a.page.getByRole('button', { name: '紧急', exact: true }).waitFor()

  await set(/^闲聊：/, true)
  await say(a.page, '又能说话了')
  await own.page.getByText('又能说话了').first().waitFor({ state: 'attached' })
  await a.page.getByRole('button', { name: '发别的' }).click()
  await panel.getByRole('button', { name: '提建议' }).waitFor()
  expect(await panel.getByRole('button', { name: '找人帮忙' }).count()).toBe(0)
  // The way back does the same, and only what the room says itself has one.
  const follow = sheet.getByRole('button', { name: /^跟随办事处设置/ })
  expect(await follow.count()).toBe(1)
  await follow.click()
  await expect.poll(() => follow.count()).toBe(0)
  expect(await sheet.getByLabel(/^求助：/).isChecked()).toBe(true)
  await panel.getByRole('button', { name: '找人帮忙' }).waitFor()
  for (const s of [own, a]) await s.context.close()
  noFaults()
})
