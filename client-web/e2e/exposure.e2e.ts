// What people send goes as they meant it, whoever calls for help is heard, and nobody gathers phones.
import { mkdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, phone, signIn, someone, withBrowser } from './page'
import { admin, lixy, owner, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
  mkdirSync('test-results', { recursive: true })
})
afterAll(() => linli.stop())

const kept = (name: string) => readFileSync(new URL(`../../internal/blob/testdata/${name}`, import.meta.url))
const signed = async (who: { phone: string }) => {
  const api = await signedIn(linli, who)
  return api
}
const does = (api: Api, act: string, more: Record<string, unknown> = {}) => api.act(town.room, act, more)

test('a long screenshot is readable; what moves, and what cannot be opened here, goes as a file', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  const choose = async (way: string, name: string, mimeType: string) => {
    if (!(await a.page.locator('.panel').count())) await a.page.getByRole('button', { name: '发别的' }).click()
    await a.page.locator(`input[data-way=${way}]`).setInputFiles([{ name, mimeType, buffer: kept(name) }])
  }
  await choose('album', 'long-screenshot.png', 'image/png')
  const img = b.page.locator('[role=log] .pictures img').first()
  await expect.poll(() => img.evaluate((i) => (i as HTMLImageElement).naturalWidth)).toBeGreaterThan(0)
  const width = await img.evaluate(async (i) => {
    const whole = new Image()
    whole.src = (i as HTMLImageElement).src.replace('?small', '')
    await whole.decode()
    return whole.naturalWidth
  })
  expect(width).toBeGreaterThanOrEqual(700)
  await choose('album', 'animated.gif', 'image/gif')
  await a.page.getByText('已作为文件发送').waitFor()
  await b.page.getByText('animated.gif').waitFor()
  for (const [name, type] of [
    ['head.heic', 'image/heic'],
    ['scan.tiff', 'image/tiff'],
  ] as const) {
    await choose('file', name, type)
    await b.page.getByText(name).waitFor()
  }
  await b.page.screenshot({ path: 'test-results/exposure-files.png' })
  noFaults()
})

test('the office says how much one may take on, and who answers for the room sees who comes near it', async () => {
  const boss = await someone(linli, phone)
  await signIn(boss.page, admin)
  await boss.page.goto('/office')
  await boss.page.getByRole('button', { name: '接单与看电话的上限' }).click()
  const sheet = boss.page.getByRole('dialog')
  const residents = sheet.getByRole('group', { name: '居民' })
  await residents.getByLabel('24 小时内看几位的电话').fill('1')
  await boss.page.screenshot({ path: 'test-results/exposure-limits.png' })
  await sheet.getByRole('button', { name: '保存' }).click()
  await sheet.waitFor({ state: 'hidden' })
  const [a, b] = [await signed(zhang), await signed(lixy)]
  const seq = await does(a, 'request.post', { with: { template: '买药', door: false }, words: { text: '降压药' } })
  await does(b, 'request.claim', { re: seq })
  await b.get(`/rooms/${town.room}/items/${seq}/contact`)
  await does(b, 'request.release', { re: seq, words: { reason: '临时要加班' } })
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByText('李女士退回了：临时要加班').waitFor()
  await own.page.screenshot({ path: 'test-results/exposure-back.png' })
  await own.page.getByRole('button', { name: '群信息' }).click()
  await own.page.getByText('看过 1/1 位的电话').waitFor()
  await own.page.screenshot({ path: 'test-results/exposure-near.png' })
})

test('a room that nobody answers for is helped from above, by one card, and sees it', async () => {
  const above = await signed(admin)
  const { person } = await (await signed(owner)).get<{ person: string }>('/me')
  await above.ask('DELETE', `/staff/${person}?role=owner&room=${town.room}`)
  const a = await signed(zhang)
  await expect.poll(async () => (await a.get<{ owner?: string }>(`/rooms/${town.room}`)).owner).toBeUndefined()
  const seq = await does(a, 'emergency.post', { with: { category: '火情', door: true }, words: { text: '厨房着火' } })
  expect(await does(a, 'emergency.post', { with: { category: '火情' }, words: { text: '火大了' } })).toBeGreaterThan(
    seq,
  )
  const b = await inRoom(linli, lixy, town.room)
  await b.page.getByText('火大了').waitFor()
  const boss = await someone(linli, { width: 320, height: 700 })
  await signIn(boss.page, admin)
  await boss.page.goto(`/alarms/${town.room}/${seq}`)
  await boss.page.getByRole('button', { name: '查看求救' }).click()
  await boss.page.getByText('厨房着火').waitFor()
  await b.page.getByText(/管理员 .*查看了这条求救/).waitFor()
  await boss.page.getByRole('button', { name: '看门牌和电话' }).click()
  await boss.page.getByText(zhang.phone).waitFor()
  await boss.page.screenshot({ path: 'test-results/exposure-alarm.png' })
  await b.page.screenshot({ path: 'test-results/exposure-opened.png' })
})
