// The audit log, and what an owner takes back: who looks it up finds it.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { desk, inRoom, noFaults, signIn, someone, withBrowser } from './page'
import { admin, owner, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('an owner says why they take back a message; those above read what it said', async () => {
  const a = await signedIn(linli, zhang)
  await a.act(town.room, 'text.post', { words: { text: '低价办卡，加我微信' } })
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByText('低价办卡，加我微信').click({ button: 'right' })
  await own.page.getByRole('button', { name: '撤回' }).click()
  await own.page.getByRole('button', { name: '广告' }).click()
  if (process.env.SHOTS) await own.page.screenshot({ path: `${process.env.SHOTS}/why.png` })
  await own.page.getByRole('button', { name: '撤回' }).click()
  await own.page.getByText('撤回了一条消息').waitFor()

  const boss = await someone(linli, desk)
  await signIn(boss.page, admin)
  await boss.page.goto('/office')
  await boss.page.getByRole('button', { name: '和园3号楼', exact: true }).click()
  await boss.page.getByRole('dialog').getByRole('button', { name: '查看', exact: true }).click()
  await boss.page.getByText('低价办卡，加我微信').waitFor()
  await boss.page.getByText('原因：广告').waitFor()
  if (process.env.SHOTS) await boss.page.screenshot({ path: `${process.env.SHOTS}/taken.png` })
  for (const s of [own, boss]) await s.context.close()
  noFaults()
})

test('failed sign-ins and codes are found on the page of the audit log, on a desk and on a phone', async () => {
  const nobody = new Api(linli.url)
  for (let i = 0; i < 3; i++)
    await nobody.post('/session', { phone: zhang.phone, password: 'falsch-1234' }).catch(() => {})
  for (const size of [desk, { width: 390, height: 844 }, { width: 320, height: 640 }]) {
    const boss = await someone(linli, size)
    await signIn(boss.page, admin)
    await boss.page.goto('/office')
    await boss.page.getByRole('link', { name: '操作日志' }).click()
    await boss.page.getByRole('button', { name: '没登录上' }).click()
    await boss.page.getByText(/某个手机号/).waitFor()
    expect(await boss.page.getByText(zhang.phone).count()).toBe(0)
    expect(await boss.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await boss.page.getByRole('button', { name: '全部' }).click()
    await boss.page.getByText('看操作日志').first().waitFor()
    if (process.env.SHOTS) await boss.page.screenshot({ path: `${process.env.SHOTS}/audit-${size.width}.png` })
    await boss.context.close()
  }
  noFaults()
})
