// 谁看过我的信息: one place where a person sees who else saw their data, as what, why and when.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { noFaults, signIn, someone, still, withBrowser } from './page'
import { apply, owner, password, signedIn, volunteers, wangli } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('我的 leads to who looked: by admission, by phone, by code and by a call for help, with name, role, reason and time', async () => {
  const api = await signedIn(linli, owner)
  const { id, version } = await apply(linli, town.link, wangli)
  await api.get('/applications?state=pending')
  await api.post(`/applications/${id}/approve`, { version })
  const { members } = await api.post<{ members: { person: string; name: string }[] }>(`/rooms/${town.room}/members`)
  await api.post(`/rooms/${town.room}/members/${members.find((m) => m.name === wangli.name)!.person}/code`)
  const mine = await signedIn(linli, wangli)
  const sos = await mine.act(town.room, 'emergency.post', { with: { category: '突发疾病', door: true } })
  const helper = await signedIn(linli, volunteers[0]!)
  await helper.act(town.room, 'emergency.claim', { re: sos })
  await helper.get(`/rooms/${town.room}/items/${sos}/contact`)

  const { page, context } = await someone(linli)
  await signIn(page, wangli)
  await page.getByRole('link', { name: '我的' }).click()
  await page.getByRole('link', { name: /谁看过我的信息/ }).click()
  await page.getByRole('heading', { name: '谁看过我的信息' }).waitFor()
  const row = (...parts: string[]) => parts.reduce((l, p) => l.filter({ hasText: p }), page.locator('li'))
  await row(owner.name, '群主', '审核您的入群申请', '和园3号楼').first().waitFor()
  await row(owner.name, '群主', '看成员名册').first().waitFor()
  await row(owner.name, '群主', '给您发登录码').first().waitFor()
  await row(volunteers[0]!.name, '志愿者', '响应您的紧急求助').first().waitFor()
  for (const text of await page.locator('li .sub').allInnerTexts()) expect(text).toMatch(/\d+:\d\d · ./)
  await page.getByText(/30 天里看过 \d 次/).waitFor()
  await still(page)
  await page.screenshot({ path: 'test-results/looks.png' })
  await page.getByRole('button', { name: '返回' }).click()
  await page.waitForURL(/\/me$/)
  await context.close()
  noFaults()
})

test('who nobody looked at reads what would stand here', async () => {
  const empty = await Linli.start('')
  const boss = new Api(empty.url)
  await boss.post('/setup', {
    code: empty.code,
    office: '办事处',
    name: '周主任',
    phone: '13900008000',
    password,
    tokens: true,
  })
  const { page, context } = await someone(empty)
  await signIn(page, { phone: '13900008000' })
  await page.goto('/me/looks')
  await page.getByRole('heading', { name: '还没有人看过您的信息' }).waitFor()
  await page.getByText('什么身份、为什么看、什么时候').waitFor()
  await page.screenshot({ path: 'test-results/looks-none.png' })
  await context.close()
  await empty.stop()
  noFaults()
})
