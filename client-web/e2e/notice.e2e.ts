// J4 in one room: a notice, pinned, confirmed by household; who came later is asked too.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, signIn, someone, still, withBrowser } from './page'
import { admit, family, lixy, owner, signedIn, wangli, zhang } from './town'
import { sheet } from './workbook'

const town = inject('town')
let linli: Linli
const texts: { phone: string; text: string }[] = [] // messages that were sent
const gates: Server[] = []
withBrowser()
beforeAll(async () => {
  const gate = createServer((ask, answer) => {
    let body = ''
    ask.on('data', (x) => {
      body += x
    })
    ask.on('end', () => {
      texts.push(JSON.parse(body))
      answer.end('{}')
    })
  })
  await new Promise<void>((ok) => gate.listen(0, '127.0.0.1', ok))
  gates.push(gate)
  linli = await Linli.start(
    town.data,
    'serve',
    '--sms-hook',
    `http://127.0.0.1:${(gate.address() as AddressInfo).port}/`,
  )
})
afterAll(async () => {
  await linli.stop()
  for (const g of gates) g.close()
})

test('a notice stands in the bar until a household has confirmed it, and the owner sees which doors are missing', async () => {
  const boss = await signedIn(linli, owner)
  await admit(linli, boss, town.link, family, 'family')

  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  const his = await inRoom(linli, family, town.room) // of the same household as a
  const own = await inRoom(linli, owner, town.room)

  await own.page.getByRole('button', { name: '发别的' }).click()
  await own.page.getByRole('button', { name: '发公告' }).click()
  await own.page.getByLabel('标题').fill('今晚停水')
  await own.page.getByLabel('内容').fill('22:00 至次日 5:00，请提前存水。')
  expect(await own.page.getByRole('radio', { name: '3 天' }).isChecked()).toBe(true) // unless said otherwise
  await own.page.getByRole('button', { name: '发布公告' }).click()

  for (const p of [a.page, b.page, his.page]) await p.locator('.noticebar', { hasText: '今晚停水' }).waitFor()
  // Who wrote it may confirm for their own door; it is not what their card is for.
  const written = own.page.locator('[role=log] .card', { hasText: '今晚停水' })
  await written.getByRole('button', { name: '确认收到' }).waitFor()
  expect(await written.locator('.btn.main').count()).toBe(0)
  await a.page.getByText('待确认').waitFor()
  await a.page.getByRole('button', { name: '确认收到' }).click()
  await a.page.getByText('已确认收到').waitFor()
  // One of the household has confirmed: the other need not, and is told who did.
  await his.page.getByText('已为本户确认').waitFor()
  expect(await his.page.getByRole('button', { name: '确认收到' }).count()).toBe(0)

  // Counted in homes: one of those that are in the room's charge.
  await own.page.getByText('1 / 40 户已确认 · 0 / 2 店').first().waitFor()
  await own.page.getByRole('button', { name: '查看未确认' }).click()
  const list = own.page.getByRole('dialog')
  await list.locator('.knock').getByText('3-1-102', { exact: true }).waitFor()
  expect(await list.getByText('3-1-101', { exact: true }).count()).toBe(0)
  // She has the room open and has not confirmed; behind most doors there is nobody yet.
  await list.locator('.knock li', { hasText: '3-1-102' }).getByText('看过，没确认').waitFor()
  await list.locator('.knock li', { hasText: '3-1-302' }).getByText('没有入群').waitFor()
  await list.getByText('已确认 1', { exact: true }).waitFor()
  await list.getByText('看过 1', { exact: true }).waitFor()
  await list.getByText('没收到 40', { exact: true }).waitFor() // of 40 homes and two shops
  const doors = list.getByRole('link', { name: '上门清单' })
  const [table] = await Promise.all([own.page.waitForEvent('download'), doors.click()])
  expect(table.suggestedFilename()).toMatch(/\.xlsx$/)
  // As one walks: stair 1 and then stair 2, each from the top down.
  const [head, ...rows] = sheet(readFileSync((await table.path())!))
  expect(head!.slice(0, 3)).toEqual(['楼栋', '单元', '房号'])
  const walk = rows.filter((row) => row[1]).map((row) => [Number.parseInt(row[1]!, 10), Number(row[2])] as const)
  expect(walk).toHaveLength(39)
  expect(walk).toEqual([...walk].sort(([a, x], [b, y]) => a - b || y - x))
  // Told at the door, with a note; the number changes, and a slip of the finger is taken back.
  await list.getByRole('button', { name: '3-1-302 已告知' }).click()
  await own.page.getByLabel('要记一句吗').fill('老人独居，已说明白')
  await own.page.getByRole('dialog', { name: '已上门告知 3-1-302' }).getByRole('button', { name: '已告知' }).click()
  await list.locator('p.num').getByText('2 / 40 户已确认 · 0 / 2 店').waitFor()
  await list.getByText('老人独居，已说明白').waitFor()
  await list.getByRole('button', { name: '3-1-302 撤销' }).click()
  await list.locator('p.num').getByText('1 / 40 户已确认').waitFor()
  await list.getByRole('button', { name: '3-1-302 已告知' }).click()
  await own.page.getByRole('dialog', { name: '已上门告知 3-1-302' }).getByRole('button', { name: '已告知' }).click()
  await list.locator('p.num').getByText('2 / 40 户已确认').waitFor()
  await own.page.keyboard.press('Escape')

  // Who is admitted later sees it first, and is counted.
  await admit(linli, boss, town.link, wangli)
  const late = await inRoom(linli, wangli, town.room)
  await late.page.locator('.noticebar', { hasText: '今晚停水' }).click()
  await late.page.getByRole('dialog').getByRole('button', { name: '确认收到' }).click()
  await own.page.getByText('3 / 40 户已确认 · 0 / 2 店').first().waitFor()
  await b.page.getByText('待确认').waitFor()
  for (const s of [a, b, his, own, late]) await s.context.close()
})

test('whoever has not confirmed is reminded, after what that costs is said; names stand beside the doors, shops are 店', async () => {
  const boss = await signedIn(linli, owner)
  const seq = await boss.act(town.room, 'notice.post', {
    with: { confirm: true, pin: false, importance: 'urgent' },
    words: { title: '燃气检修', body: '今天请留人在家' },
  })
  const a = await signedIn(linli, zhang)
  await a.act(town.room, 'notice.confirm', { re: seq })
  // Awake at whatever hour this runs.
  for (const who of [zhang, lixy, wangli]) {
    const api = await signedIn(linli, who)
    await api.ask('PUT', '/me/choices', { muted: {}, quiet: { from: 0, to: 0 }, topics: {} })
  }
  const b = await inRoom(linli, lixy, town.room) // has seen it, and is elsewhere now
  await b.page.getByText('燃气检修').first().waitFor()
  await b.page.goto('/rooms')
  const his = await someone(linli) // he has confirmed: nothing rings here
  await signIn(his.page, zhang)
  const own = await inRoom(linli, owner, town.room)
  const card = own.page.locator('[role=log] .card', { hasText: '燃气检修' })
  await card.getByRole('button', { name: '查看未确认' }).click()
  const list = own.page.getByRole('dialog', { name: '未确认名单' }).or(own.page.getByRole('dialog')).first()
  await list.getByText('李女士', { exact: true }).waitFor()
  await list
    .locator('.knock li', { has: own.page.locator('.badge', { hasText: '店' }) })
    .first()
    .waitFor()
  await still(own.page)
  await own.page.screenshot({ path: 'test-results/receipts.png' })
  await list.getByRole('button', { name: /^提醒 \d+ 户$/ }).click()
  const sheet = own.page.getByRole('dialog', { name: /^提醒/ })
  await sheet.getByText('不花钱').waitFor()
  await sheet.getByText(/^最多 \d+ 条短信$/).waitFor()
  expect(texts).toEqual([]) // nothing before it is asked for
  await sheet.getByRole('radio', { name: /也发短信/ }).check()
  await still(own.page)
  await own.page.screenshot({ path: 'test-results/remind.png' })
  await sheet.getByRole('button', { name: /^现在提醒/ }).click()
  await b.page
    .getByText(/请您确认/)
    .first()
    .waitFor()
  await expect.poll(() => texts.map((x) => x.phone), { timeout: 150_000 }).toContain(wangli.phone) // has no page open
  expect(texts.map((x) => x.phone)).not.toContain(zhang.phone)
  expect(await his.page.locator('.heard button').count()).toBe(0)
  await his.context.close()
  await list.getByRole('button', { name: /^提醒/ }).click()
  await sheet.getByText(/已提醒 1 次，最多 3 次/).waitFor()
  await sheet.getByRole('button', { name: /^现在提醒/ }).click()
  await sheet.getByText(/刚刚提醒过/).waitFor() // where it is seen and read out: not under the sheet
  await b.context.close()
  await own.context.close()
})

test('after its end the notice leaves the bar and stays in the list', async () => {
  const boss = await signedIn(linli, owner)
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
