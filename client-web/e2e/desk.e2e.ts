// A desk: list, room and pane beside each other, and hands that stay on the keyboard.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { desk, inRoom, noFaults, signIn, someone, still, withBrowser } from './page'
import { lixy, owner, signedIn, zhang } from './town'

const town = inject('town')
const large = { width: 1440, height: 900 }
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
  const own = await as(owner)
  await own.act(town.room, 'notice.post', {
    with: { confirm: true, pin: true, importance: 'normal' },
    words: { title: '今晚停水', body: '22:00停水。' },
  })
  const a = await as(zhang)
  for (let n = 0; n < 30; n++) await a.act(town.room, 'text.post', { words: { text: `第 ${n} 句话` } })
  await a.act(town.room, 'request.post', { with: { template: '买药' }, words: { text: '降压药两盒' } })
})
afterAll(() => linli.stop())

const as = (who: { phone: string }) => signedIn(linli, who)

test('on a desk the talk stands in the middle, 880 px at most, and the box is focused', async () => {
  const { page, context } = await inRoom(linli, owner, town.room, { width: 1920, height: 1000 })
  await page.getByRole('heading', { name: '降压药两盒' }).waitFor()
  const box = page.getByLabel('说点什么')
  await expect.poll(() => box.evaluate((e) => e === document.activeElement)).toBe(true)
  const room = (await page.locator('.msgs').boundingBox())!
  const row = (await page.locator('.msgs .rowpad').last().boundingBox())!
  expect(row.width).toBeLessThanOrEqual(880)
  expect(row.width).toBeGreaterThan(800)
  expect(Math.abs(row.x + row.width / 2 - (room.x + room.width / 2))).toBeLessThan(12) // but for a scroll bar
  // So it is for who comes from elsewhere.
  await page.getByRole('link', { name: '帮忙' }).click()
  await page.waitForURL('**/tasks')
  await page.goBack()
  await expect.poll(() => box.evaluate((e) => e === document.activeElement)).toBe(true)
  await page.goto('/rooms')
  await page.getByRole('link', { name: /和园3号楼/ }).click()
  await expect.poll(() => box.evaluate((e) => e === document.activeElement)).toBe(true)
  await page.setViewportSize(large)
  await still(page)
  await page.screenshot({ path: 'test-results/desk-room.png' })
  await context.close()
  noFaults()
})

test('search and 发公告 are in reach of a room’s header on a desk; who may not post one sees no 发公告', async () => {
  const { page, context } = await inRoom(linli, owner, town.room, desk)
  await page.locator('header').getByRole('button', { name: '发公告' }).click()
  await page.getByRole('dialog', { name: '发公告' }).waitFor()
  await page.keyboard.press('Escape')
  await page.locator('main header').getByRole('link', { name: '搜索聊天记录' }).click()
  await page.waitForURL(/\/search\?room=/)
  await page.getByRole('textbox', { name: '搜索' }).fill('降压药')
  await page.locator('.hits .rowbtn').first().waitFor()
  await context.close()
  const other = await inRoom(linli, lixy, town.room, desk)
  await other.page.locator('main header').getByRole('link', { name: '搜索聊天记录' }).waitFor()
  expect(await other.page.locator('header').getByRole('button', { name: '发公告' }).count()).toBe(0)
  await other.context.close()
  noFaults()
})

test('what belongs to the room stands in the right pane, one thing at a time, and the talk goes on beside it', async () => {
  const { page, context } = await inRoom(linli, owner, town.room, large)
  const pane = page.locator('#pane')
  const box = page.getByLabel('说点什么')
  await page.getByRole('button', { name: '群信息' }).click()
  await pane.getByRole('dialog', { name: '和园3号楼' }).waitFor()
  expect((await pane.boundingBox())!.width).toBe(352)
  // Nothing lies over the talk: one goes on writing.
  await box.fill('边看边说')
  await box.press('Enter')
  await page.getByRole('article', { name: /^我 / }).getByText('边看边说').waitFor()
  await pane.getByRole('dialog').waitFor()
  await page.locator('.noticebar', { hasText: '今晚停水' }).click()
  await pane.getByRole('dialog', { name: '公告' }).waitFor()
  expect(await pane.getByRole('dialog').count()).toBe(1)
  await still(page)
  await page.screenshot({ path: 'test-results/desk-pane.png' })
  await page.keyboard.press('Escape')
  await expect.poll(() => pane.getByRole('dialog').count()).toBe(0)
  expect(await pane.isVisible()).toBe(false)
  // A request that is looked at stays while its card goes out of sight.
  const helper = await as(owner)
  const seq = await (await as(zhang)).act(town.room, 'request.post', {
    with: { template: '打印' },
    words: { text: '十页' },
  })
  await helper.act(town.room, 'request.claim', { re: seq })
  await page.locator('.card', { hasText: '十页' }).getByRole('button', { name: '退回' }).click()
  await pane.getByRole('dialog', { name: '打印' }).waitFor()
  const ofSight = async () => {
    await page.getByRole('log').evaluate((e) => e.scrollTo({ top: 0 }))
    return (
      (await page.getByText('第 0 句话').count()) === 1 && !(await page.locator('.card', { hasText: '十页' }).count())
    )
  }
  await expect.poll(ofSight).toBe(true)
  await pane.getByRole('dialog', { name: '打印' }).getByText('十页').waitFor()
  await pane.getByRole('button', { name: '关闭' }).click()
  // Narrower, it is a drawer over the talk, and goes the same way.
  await page.setViewportSize({ width: 1000, height: 800 })
  await page.getByRole('button', { name: '群信息' }).click()
  await pane.getByRole('dialog', { name: '和园3号楼' }).waitFor()
  expect((await pane.boundingBox())!.x).toBe(1000 - 352)
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  await page.keyboard.press('Escape')
  await expect.poll(() => pane.getByRole('dialog').count()).toBe(0)
  await context.close()
  noFaults()
})

test('Ctrl+K leads to a room by a few letters of its name, from every page, and else into the search', async () => {
  const { page, context } = await someone(linli, desk)
  await signIn(page, owner)
  for (const from of ['/me', '/admission', '/rooms']) {
    await page.goto(from)
    await page.locator('h1').first().waitFor({ state: 'attached' })
    await page.keyboard.press('Control+k')
    const jump = page.getByRole('dialog', { name: '去哪个群' })
    await jump.getByRole('combobox').fill('3号')
    expect(await jump.getByRole('option').first().getAttribute('aria-selected')).toBe('true')
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/rooms/${town.room}`)
    const box = page.getByLabel('说点什么')
    await expect.poll(() => box.evaluate((e) => e === document.activeElement)).toBe(true)
  }
  // The box above the list says so, and does the same.
  await page.getByRole('button', { name: /找群、搜消息.*Ctrl K/ }).click()
  await page.getByRole('combobox').fill('降压药')
  await still(page)
  await page.screenshot({ path: 'test-results/desk-jump.png' })
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/search$/) // no word of it in the address
  await page.locator('.hits .rowbtn', { hasText: '降压药' }).first().waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await context.close()
  noFaults()
})

test('⏎ sends, ⇧⏎ begins a line, the box says so; ↑ edits what one said last while that may be changed', async () => {
  const { page, context } = await inRoom(linli, lixy, town.room, desk)
  const box = page.getByLabel('说点什么')
  expect(await box.getAttribute('placeholder')).toMatch(/⏎ 发送.*⇧⏎ 换行/)
  expect(await page.getByRole('button', { name: '发送', exact: true }).isDisabled()).toBe(true)
  await page.keyboard.type('一行')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('两行')
  await page.keyboard.press('Enter')
  const own = page.getByRole('article', { name: /^我 / }).last()
  await own.getByText(/一行\s*两行/).waitFor()
  await expect.poll(() => box.inputValue()).toBe('')
  await page.keyboard.press('ArrowUp')
  await page.getByText('正在修改').waitFor()
  await box.fill('改过了')
  await page.keyboard.press('Enter')
  await own.getByText('改过了').waitFor()
  // With words in the box the arrow moves the caret.
  await box.fill('写到一半')
  await page.keyboard.press('ArrowUp')
  expect(await page.getByText('正在修改').count()).toBe(0)
  await context.close()
  noFaults()
})
