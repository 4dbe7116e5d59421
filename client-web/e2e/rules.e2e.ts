// How a room is run: its charter and what newcomers see, set by the owner, felt by everybody.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { desk, inRoom, noFaults, signIn, someone, withBrowser } from './page'
import { admin, admit, owner, signedIn, wangli, zhang } from './town'

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
  const boss = await signedIn(linli, owner)
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

test('the office says how all rooms are run, and takes it back; an owner reads it beside what their room says itself', async () => {
  const boss = await someone(linli, desk)
  await signIn(boss.page, admin)
  await boss.page.getByRole('button', { name: '全部群的群规和设置' }).click()
  const all = boss.page.getByRole('dialog', { name: '全部群的群规和设置' })
  const set = async (on: boolean) => {
    await all.getByLabel('可以发贴图').setChecked(on)
    await all.getByRole('button', { name: '保存', exact: true }).click()
    await expect.poll(() => all.getByRole('button', { name: '保存', exact: true }).isDisabled()).toBe(true)
  }
  const own = await signedIn(linli, owner)
  const room = async () =>
    (await own.get<{ policy: { history: string; stickers: boolean } }>(`/rooms/${town.room}`)).policy
  await own.ask('PUT', '/policy', { room: town.room, history: 'none' }).catch(() => {}) // it may say so already
  await set(false)
  expect(await room()).toMatchObject({ history: 'none', stickers: false })

  const o = await inRoom(linli, owner, town.room)
  await o.page.getByRole('button', { name: '群信息', exact: true }).click()
  const sheet = o.page.getByRole('dialog')
  await sheet.getByText('群规和设置').click()
  await sheet.getByText('本群自己定的，办事处定的是“都能看到”').waitFor()
  await sheet.getByRole('button', { name: '跟随办事处设置：新成员能看到以前的消息吗' }).click()
  await o.page.getByText('已保存').waitFor()

  await set(true)
  expect(await room()).toMatchObject({ history: 'all', stickers: true })
  for (const s of [boss, o]) await s.context.close()
  noFaults()
})

test('how much one person may take on is set in the office, and what was not touched stays', async () => {
  const boss = await someone(linli, desk)
  await signIn(boss.page, admin)
  const sheet = boss.page.getByRole('dialog', { name: '接单与看电话的上限' })
  const open = () => boss.page.getByRole('button', { name: '接单与看电话的上限' }).click()
  const claims = sheet.getByRole('group', { name: '居民' }).getByLabel('同时接几件')
  await open()
  await expect.poll(() => claims.inputValue()).toBe('5')
  await (await signedIn(linli, admin)).ask('PUT', '/limits', { volunteers: { contacts: 90 } }) // meanwhile, elsewhere
  await claims.fill('3')
  await sheet.getByRole('button', { name: '保存', exact: true }).click()
  await expect.poll(() => sheet.count()).toBe(0)
  await open()
  await expect.poll(() => claims.inputValue()).toBe('3')
  expect(await sheet.getByRole('group', { name: '志愿者' }).getByLabel('24 小时内看几位的电话').inputValue()).toBe('90')
  // What is no number is refused in words, and the form stays.
  await claims.fill('0')
  await sheet.getByRole('button', { name: '保存', exact: true }).click()
  await sheet.getByRole('alert').waitFor()
  await sheet.getByRole('button', { name: '保存', exact: true }).waitFor()
  await boss.context.close()
  noFaults()
})
