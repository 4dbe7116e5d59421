// The way back is the phone's own: a sheet goes first, then the room, and nothing comes twice.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { desk, inRoom, noFaults, say, signIn, someone, withBrowser } from './page'
import { lixy, password, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('from the list into a room and back by the arrow: the phone’s way back leaves, it does not lead into the room again', async () => {
  const { context, page } = await someone(linli)
  await signIn(page, zhang)
  const room = page.getByRole('link', { name: /和园3号楼/ })
  await page.getByRole('link', { name: '我的' }).click()
  await page.waitForURL('**/me')
  await page.getByRole('link', { name: /群/ }).first().click()
  await room.click()
  await page.getByLabel('说点什么').waitFor()
  await page.getByRole('button', { name: '返回' }).click()
  await room.waitFor()
  const before = await page.evaluate(() => history.state.position)
  await room.click()
  await page.getByLabel('说点什么').waitFor()
  await page.getByRole('button', { name: '返回' }).click()
  await room.waitFor()
  expect(await page.evaluate(() => history.state.position)).toBe(before)
  await context.close()
})

test('back closes an open sheet or picture and stays in the room; what was closed by its own button is stepped over', async () => {
  const { context, page } = await someone(linli)
  await signIn(page, zhang)
  await page.getByRole('link', { name: /和园3号楼/ }).click()
  await page.getByLabel('说点什么').waitFor()
  const sheet = page.getByRole('dialog')
  const info = () => page.getByRole('button', { name: '群信息' }).click()

  await info()
  await sheet.waitFor()
  await page.goBack()
  await sheet.waitFor({ state: 'detached' })
  await page.getByLabel('说点什么').waitFor()

  // A sheet upon a sheet: one at a time.
  await info()
  await page.getByRole('button', { name: '跳到日期' }).click()
  await page.getByRole('dialog', { name: '跳到日期' }).waitFor()
  await page.goBack()
  await expect.poll(() => page.getByRole('dialog', { name: '跳到日期' }).count()).toBe(0)
  await sheet.getByRole('button', { name: '关闭' }).click()
  await sheet.waitFor({ state: 'detached' })

  // Opened and closed again and again, it is still one step to the list.
  for (let i = 0; i < 3; i++) {
    await info()
    await sheet.getByRole('button', { name: '关闭' }).click()
    await sheet.waitFor({ state: 'detached' })
  }
  await page.goBack()
  await page.waitForURL('**/rooms')
  await page.getByRole('link', { name: /和园3号楼/ }).waitFor()

  // From a sheet to another page: back is the room, back again the list.
  await page.getByRole('link', { name: /和园3号楼/ }).click()
  await info()
  await sheet.getByRole('link', { name: '搜索聊天记录' }).click()
  await page.waitForURL('**/search**')
  await page.goBack()
  await page.getByLabel('说点什么').waitFor()
  await page.goBack()
  await page.waitForURL('**/rooms')
  await context.close()
})

test('what one posts from + stands at the end, is never unread, and nothing hides it', async () => {
  const b = new Api(linli.url)
  await b.signIn(lixy.phone, password)
  for (let i = 1; i <= 40; i++) await b.act(town.room, 'text.post', { words: { text: `早 ${i}` } })
  const { context, page } = await inRoom(linli, zhang, town.room)
  await page.getByText('早 40', { exact: true }).waitFor()
  // Further up, as somebody reads; then a request.
  await page.locator('.vlist').hover()
  await expect
    .poll(
      async () => {
        await page.mouse.wheel(0, -900)
        return page.getByRole('button', { name: '回到最新' }).isVisible()
      },
      { timeout: 30_000 },
    )
    .toBe(true)
  await page.getByRole('button', { name: '发别的' }).click()
  await page.locator('.panel').getByRole('button', { name: '找人帮忙', exact: true }).click()
  const sheet = page.getByRole('dialog')
  await sheet.getByLabel('要什么').fill('降压药两盒')
  await sheet.getByRole('button', { name: /发出|发布/ }).click()
  await sheet.waitFor({ state: 'detached' })
  const card = page.locator('.card', { hasText: '降压药两盒' })
  await card.waitFor()
  await expect.poll(() => page.getByRole('button', { name: '回到最新' }).count()).toBe(0)
  await expect
    .poll(async () => {
      const box = await card.boundingBox()
      const bar = await page.locator('.composer2').boundingBox()
      return !!box && !!bar && box.y + box.height <= bar.y + 1
    })
    .toBe(true)
  await context.close()
})

test('the emoji stay beside the box, and + stays when something is written', async () => {
  for (const size of [
    { width: 390, height: 844 },
    { width: 320, height: 640 },
  ]) {
    const { context, page } = await inRoom(linli, zhang, town.room, size)
    await page.getByLabel('说点什么').fill('写到一半')
    for (const name of ['表情', '发别的', '发送'])
      expect(await page.locator('.composer2').getByRole('button', { name, exact: true }).isVisible()).toBe(true)
    await page.getByRole('button', { name: '表情' }).click()
    await page.getByRole('button', { name: '👍', exact: true }).click()
    expect(await page.getByLabel('说点什么').inputValue()).toBe('写到一半👍')
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await say(page, '写完了')
    await context.close()
  }
})

test('twelve lines of a long message, the rest a tap away; a face says who it is and calls them; ↑ takes the last message', async () => {
  const b = new Api(linli.url)
  await b.signIn(lixy.phone, password)
  const lines = Array.from({ length: 30 }, (_, i) => `第${i + 1}行`)
  await b.act(town.room, 'text.post', { words: { text: lines.join('\n') } })
  const { context, page } = await inRoom(linli, zhang, town.room, desk)
  const bubble = page.locator('.bub', { hasText: '第1行' }).last()
  await bubble.waitFor()
  const low = async () => (await bubble.boundingBox())!.height
  const folded = await low()
  await bubble.getByRole('button', { name: '展开全文' }).click()
  await expect.poll(low).toBeGreaterThan(folded * 1.5)
  await bubble.getByRole('button', { name: '收起' }).click()
  await expect.poll(low).toBe(folded)

  await page.locator('.msg', { hasText: '第1行' }).last().getByRole('button', { name: '3-1-102 李女士' }).click()
  await page.getByRole('dialog').getByText('3-1-102 李女士').waitFor()
  await page.getByRole('button', { name: /李女士，说句话/ }).click()
  const box = page.getByLabel('说点什么')
  await expect.poll(() => box.inputValue()).toBe('@3-1-102 李女士 ')
  await box.pressSequentially('看到了')
  await box.press('Enter')
  await page.locator('.bub b.call', { hasText: '李女士' }).waitFor()
  await box.press('ArrowUp')
  await page.getByText('正在修改').waitFor()
  await box.fill('@3-1-102 李女士 都看到了')
  await box.press('Enter')
  await page.getByText('都看到了').waitFor()
  await context.close()
})

test('laid down, and at 200 %, lanes and the notice stand in the header and nothing overlaps', async () => {
  for (const size of [
    { width: 844, height: 390 },
    { width: 195, height: 422 },
  ]) {
    const { context, page } = await inRoom(linli, zhang, town.room, size)
    expect(await page.locator('.lanes').count()).toBe(0)
    await page.getByLabel('只看').selectOption({ label: '求助' })
    await page.getByLabel('只看').selectOption({ label: '全部' })
    const overlaps = await page.evaluate(() => {
      const seen = [...document.querySelectorAll('.bar > *, .composer2 > *')].map((e) => e.getBoundingClientRect())
      return seen.some((a, i) =>
        seen.some(
          (b, j) =>
            j > i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1,
        ),
      )
    })
    expect(overlaps).toBe(false)
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await context.close()
  }
})

test('nothing went wrong on any page', noFaults)
