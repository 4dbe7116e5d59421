// How a room is run: its charter and what newcomers see, set by the owner, felt by everybody.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, withBrowser } from './page'
import { admit, owner, password, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('the owner writes a charter; who is in already is asked to agree, once', async () => {
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '群信息', exact: true }).click()
  const sheet = own.page.getByRole('dialog')
  await sheet.getByText('群规和设置').click()
  await sheet.getByLabel('群规', { exact: true }).fill('文明用语\n不发广告')
  await sheet.getByRole('button', { name: '保存群规' }).click()
  await own.page.getByText('已保存').waitFor()

  const a = await inRoom(linli, zhang, town.room)
  await a.page.getByRole('button', { name: '群规有更新' }).click()
  await a.page.getByText('不发广告').waitFor()
  await a.page.getByRole('button', { name: '我同意' }).click()
  await expect.poll(() => a.page.getByRole('button', { name: '群规有更新' }).count()).toBe(0)
  await a.page.reload()
  await a.page.getByLabel('说点什么').waitFor()
  expect(await a.page.getByRole('button', { name: '群规有更新' }).count()).toBe(0)
  for (const s of [own, a]) await s.context.close()
  noFaults()
})

test('a newcomer sees no more of what was before than the owner wants', async () => {
  const boss = new Api(linli.url)
  await boss.signIn(owner.phone, password)
  await boss.act(town.room, 'text.post', { words: { text: '从前的话' } })
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '群信息', exact: true }).click()
  const sheet = own.page.getByRole('dialog')
  await sheet.getByText('群规和设置').click()
  await sheet.getByLabel('只看入群以后的').check()
  await sheet.getByRole('button', { name: '保存', exact: true }).click()
  await own.page.getByText('已保存').waitFor()

  await admit(linli, boss, town.link, wangli)
  await boss.act(town.room, 'text.post', { words: { text: '欢迎新邻居' } })
  const late = await inRoom(linli, wangli, town.room)
  await late.page.getByText('欢迎新邻居').first().waitFor()
  expect(await late.page.getByText('从前的话').count()).toBe(0)
  const old = await inRoom(linli, zhang, town.room)
  await old.page.getByText('从前的话').first().waitFor()
  for (const s of [own, late, old]) await s.context.close()
  noFaults()
})
