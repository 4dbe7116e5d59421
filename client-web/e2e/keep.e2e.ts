// J3.5, J3.6, J3.9 and B9–B11, B19, B20: what is said once is found and passed on, on every device.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { desk, held, inRoom, noFaults, say, signIn, someone, texts, withBrowser } from './page'
import { admin, lixy, owner, password, signedIn, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
let second = '' // a room with 张建国, who is in both, and 王丽, who is only in this one
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
  const boss = await signedIn(linli, admin)
  const own = await signedIn(linli, owner)
  const { community } = await own.get<{ community: string }>(`/rooms/${town.room}`)
  second = (await boss.post<{ id: string }>('/rooms', { name: '志愿者群', community })).id
  const { link } = await boss.post<{ link: string }>(`/rooms/${second}/links`)
  const { charter } = await boss.get<{ charter: { version: number } }>(`/join/${link}`)
  const form = { relation: 'other', category: '志愿者', charter: charter.version, tokens: true }
  const a = await signedIn(linli, zhang)
  await a.post(`/join/${link}`, form)
  const { name, phone, title } = wangli
  await new Api(linli.url).post(`/join/${link}`, { ...form, name, phone, title, password })
  const { applications } = await boss.get<{ applications: { id: string; room: string; version: number }[] }>(
    '/applications?state=pending',
  )
  for (const x of applications)
    if (x.room === second) await boss.post(`/applications/${x.id}/approve`, { version: x.version, category: '志愿者' })
})
afterAll(() => linli.stop())

const log = (page: Page) => page.locator('[role=log]')
const menu = (page: Page, text: string) => log(page).getByText(text).last().click({ button: 'right' })
const red = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
const bring = async (page: Page) => {
  await page.getByRole('button', { name: '发别的' }).click()
  await page
    .locator('input[data-way=album]')
    .setInputFiles([{ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(red, 'base64') }])
}
const drawn = (page: Page, inside: string) =>
  expect.poll(() =>
    page
      .locator(`${inside} img`)
      .evaluateAll((all) => all.filter((i) => (i as HTMLImageElement).naturalWidth > 0).length),
  )

test('one message, and several with a picture and a card, are passed on to another room', async () => {
  const b = await inRoom(linli, lixy, town.room)
  const a = await inRoom(linli, zhang, town.room)
  const out = await inRoom(linli, wangli, second)
  await say(b.page, '明早五点来水')
  await bring(b.page)
  await drawn(a.page, '[role=log] .pictures').toBe(1)
  const api = await signedIn(linli, lixy)
  await api.act(town.room, 'request.post', {
    with: { template: '买药', door: true },
    words: { text: '降压药两盒' },
  })
  await log(a.page).getByText('降压药两盒').waitFor()

  // Who is in one room only has nowhere to pass anything on to.
  await menu(b.page, '明早五点来水')
  await b.page.getByRole('button', { name: '收藏' }).waitFor()
  expect(await b.page.getByRole('button', { name: '转发' }).count()).toBe(0)
  await b.page.keyboard.press('Escape')

  await menu(a.page, '明早五点来水')
  await a.page.getByRole('button', { name: '转发' }).click()
  const sheet = a.page.getByRole('dialog', { name: '转发' })
  expect(await sheet.getByRole('button', { name: '转到哪个群' }).isDisabled()).toBe(true)
  await sheet.getByLabel('志愿者群').check()
  await sheet.getByLabel('顺便说一句').fill('和园的消息')
  await sheet.getByRole('button', { name: '转到志愿者群' }).click()
  await a.page.getByText('已转到志愿者群').waitFor()
  await log(out.page).getByText('明早五点来水').waitFor()
  await log(out.page).getByText('和园的消息').waitFor()
  await log(out.page).getByText('转自 和园3号楼 · 李女士').waitFor()
  expect(await log(out.page).innerText()).not.toContain('3-1-102')

  await menu(a.page, '明早五点来水')
  await a.page.getByRole('button', { name: '多选' }).click()
  await a.page.getByRole('status').getByText('已选 1 条').waitFor()
  await a.page.getByRole('checkbox', { name: /\[图片\]/ }).check()
  await log(a.page).getByText('降压药两盒').click({ force: true }) // anywhere in the row
  await a.page.getByRole('status').getByText('已选 3 条').waitFor()
  await a.page.getByRole('button', { name: '转发' }).click()
  const several = a.page.getByRole('dialog', { name: '转发 3 条消息' })
  await several.getByLabel('志愿者群').check()
  await several.getByRole('button', { name: '转到志愿者群' }).click()
  await a.page.getByLabel('说点什么').waitFor()

  const card = out.page.getByRole('button', { name: /和园3号楼的 3 条消息/ })
  await card.click()
  const whole = out.page.getByRole('dialog', { name: '和园3号楼的 3 条消息' })
  await whole.getByText('明早五点来水').waitFor()
  await drawn(out.page, '.whole .pictures').toBe(1)
  await whole.getByText('[求助] 买药').waitFor()
  await whole.getByText('您不在那个群').waitFor()
  expect(await whole.innerText()).not.toContain('降压药')
  await whole.getByRole('button', { name: '图片 1 / 1' }).click()
  const viewer = out.page.locator('dialog.viewer')
  await viewer.getByText('1 / 1').waitFor()
  await drawn(out.page, '.viewer').toBe(1)
  await out.page.keyboard.press('Escape')
  await out.page.keyboard.press('Escape')

  // Who is in both rooms sees the card as it is, and as it becomes.
  await a.page.goto(`/rooms/${second}`)
  await a.page.getByRole('button', { name: /和园3号楼的 3 条消息/ }).click()
  const mine = a.page.getByRole('dialog', { name: '和园3号楼的 3 条消息' })
  await mine.getByText('降压药两盒').waitFor()
  await mine.getByText('待认领').waitFor()
  const helper = await signedIn(linli, owner)
  const { new: items } = await helper.get<{ new: { seq: number; kind: string }[] }>(
    `/rooms/${town.room}/items?limit=50`,
  )
  await helper.act(town.room, 'request.claim', { re: items.find((i) => i.kind === 'request')!.seq })
  await mine.getByText('已认领').waitFor()
  await a.page.keyboard.press('Escape')

  // In the list it is one line; in a search it is found by what was said.
  await out.page.goto('/rooms')
  await out.page
    .getByRole('link', { name: /志愿者群/ })
    .getByText('[转发] 3 条消息')
    .waitFor()
  await out.page.goto('/search')
  await out.page.getByRole('textbox', { name: '搜索' }).fill('五点来水')
  await expect.poll(() => out.page.locator('.list .rowbtn').count()).toBe(2)

  // A call for help stays in its room, and so does what came from it by the socket.
  await api.act(town.room, 'emergency.post', { with: { category: '火情' }, words: { text: '三楼冒烟' } })
  await a.page.goto(`/rooms/${town.room}`)
  await log(a.page).getByText('三楼冒烟').waitFor()
  await log(a.page).getByText('三楼冒烟').click({ button: 'right' })
  await a.page.getByRole('button', { name: '收藏' }).waitFor()
  expect(await a.page.getByRole('button', { name: '转发' }).count()).toBe(0)
  for (const s of [a, b, out]) await s.context.close()
  noFaults()
})

test('what is kept on the phone is found on the desk, and let go on both', async () => {
  const b = await inRoom(linli, lixy, town.room)
  await say(b.page, '电梯维修电话在门卫')
  await say(b.page, '这句会撤回')
  const a = await inRoom(linli, zhang, town.room)
  const large = await someone(linli, desk)
  await signIn(large.page, zhang)
  await large.page.getByRole('link', { name: '我的' }).click()
  await large.page.getByRole('link', { name: /我的收藏/ }).click()
  await large.page.getByText('还没有收藏').waitFor()

  for (const text of ['电梯维修电话在门卫', '这句会撤回']) {
    await menu(a.page, text)
    await a.page.getByRole('button', { name: '收藏', exact: true }).click()
    await a.page.getByText('已收藏').first().waitFor()
  }
  const kept = large.page.locator('.starrow')
  await expect.poll(() => kept.count()).toBe(2)
  expect(await kept.first().innerText()).toContain('这句会撤回')
  expect(await kept.first().innerText()).toContain('和园3号楼')
  await b.page.locator('[role=log] .msg').getByText('这句会撤回').click({ button: 'right' })
  await b.page.getByRole('button', { name: '撤回' }).click()
  await large.page.reload()
  await kept.getByText('已撤回').waitFor()

  await large.page.getByLabel('在收藏里找').fill('dtwx')
  await expect.poll(() => kept.count()).toBe(1)
  await kept.getByText('电梯维修电话在门卫').click()
  await large.page.getByRole('dialog').locator('.hit').getByText('电梯维修电话在门卫').waitFor()
  await large.page.keyboard.press('Escape')
  await large.page.getByRole('button', { name: '清除' }).click()
  await expect.poll(() => kept.count()).toBe(2)

  await menu(a.page, '电梯维修电话在门卫')
  await a.page.getByRole('button', { name: '取消收藏' }).click()
  await expect.poll(() => kept.count()).toBe(1)
  await large.page.getByRole('button', { name: '取消收藏' }).click()
  await large.page.getByText('还没有收藏').waitFor()
  for (const s of [a, b, large]) await s.context.close()
  noFaults()
})

test('what is begun on the phone is gone on with on the desk', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const large = await someone(linli, desk)
  await signIn(large.page, zhang)
  const row = large.page.getByRole('link', { name: /和园3号楼/ })
  await a.page.getByLabel('说点什么').pressSequentially('写到一半')
  await row.getByText('[草稿]').waitFor()
  await row.getByText('写到一半').waitFor()
  await row.click()
  const box = large.page.getByLabel('说点什么')
  expect(await box.inputValue()).toBe('写到一半')
  expect(await row.getByText('[草稿]').count()).toBe(0) // not beside the box
  await box.focus()
  await large.page.keyboard.press('End')
  await large.page.keyboard.type('，在电脑上写完')
  await expect.poll(() => a.page.getByLabel('说点什么').inputValue()).toBe('写到一半，在电脑上写完')
  await large.page.getByRole('button', { name: '发送', exact: true }).click()
  await log(a.page).getByText('写到一半，在电脑上写完').waitFor()
  await expect.poll(() => a.page.getByLabel('说点什么').inputValue()).toBe('')

  // Without a network it stays here, and is told when there is one.
  await a.context.setOffline(true)
  await a.page.getByLabel('说点什么').pressSequentially('电梯里写的')
  await a.page.waitForTimeout(1500)
  expect(await box.inputValue()).toBe('')
  await a.context.setOffline(false)
  await expect.poll(() => box.inputValue()).toBe('电梯里写的')
  for (const s of [a, large]) await s.context.close()
  noFaults()
})

test('an edit leaves a trace for its author and for who answers for the room', async () => {
  const b = await inRoom(linli, lixy, town.room)
  const own = await inRoom(linli, owner, town.room)
  const a = await inRoom(linli, zhang, town.room)
  await say(b.page, '今晚提水')
  await menu(b.page, '今晚提水')
  await b.page.getByRole('button', { name: '编辑', exact: true }).click()
  await say(b.page, '今晚停水')
  for (const s of [b, own]) {
    await log(s.page).getByText('已编辑').waitFor()
    await menu(s.page, '今晚停水')
    await s.page.getByRole('button', { name: '编辑记录' }).click()
    const sheet = s.page.getByRole('dialog', { name: '编辑记录' })
    await expect.poll(() => sheet.locator('.prewrap').allInnerTexts()).toEqual(['今晚停水', '今晚提水'])
    await s.page.keyboard.press('Escape')
  }
  await log(a.page).getByText('已编辑').waitFor()
  await menu(a.page, '今晚停水')
  await a.page.getByRole('button', { name: '回复' }).waitFor()
  expect(await a.page.getByRole('button', { name: '编辑记录' }).count()).toBe(0)
  for (const s of [a, b, own]) await s.context.close()
  noFaults()
})

test('a picture taken in the lift survives the page, and goes out once', async () => {
  const a = await inRoom(linli, zhang, second)
  const out = await inRoom(linli, wangli, second)
  const before = await out.page.locator('[role=log] .pictures img').count()
  await a.page.evaluate(() => navigator.serviceWorker.ready)
  await expect.poll(() => held(a.page, 'rooms')).toBeGreaterThan(0)
  await expect.poll(() => held(a.page, 'meta')).toBeGreaterThan(0)
  await a.context.setOffline(true)
  await bring(a.page)
  await a.page.locator('.msg.wait .pictures img').waitFor()
  await expect.poll(() => held(a.page, 'outbox')).toBe(1)
  await a.page.reload()
  await a.page.locator('.msg.wait .pictures img').waitFor() // still without a network
  await drawn(a.page, '.msg.wait .pictures').toBe(1)
  await say(a.page, '图在后面')
  await a.context.setOffline(false)
  await drawn(out.page, '[role=log] .pictures').toBe(before + 1)
  await log(out.page).getByText('图在后面').waitFor()
  await expect.poll(() => a.page.getByText('待发送').count()).toBe(0)
  await a.page.reload()
  await log(a.page).getByText('图在后面').waitFor()
  await say(a.page, '再没有了') // what would be sent twice goes out before it
  await log(out.page).getByText('再没有了').waitFor()
  expect(await out.page.locator('[role=log] .pictures img').count()).toBe(before + 1)
  expect((await texts(out.page)).filter((x) => x === '图在后面')).toHaveLength(1)
  for (const s of [a, out]) await s.context.close()
  noFaults()
})
