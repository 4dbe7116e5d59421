// J3 in text: talking on two devices, with gaps in the network.
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { desk, inRoom, noFaults, phone, say, signIn, someone, texts, withBrowser } from './page'
import { lixy, owner, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const sees = (page: Page, text: string) => page.locator('[role=log]').getByText(text, { exact: true }).waitFor()
const ends = (page: Page, ...last: string[]) =>
  expect.poll(async () => (await texts(page)).slice(-last.length)).toEqual(last)

test('two devices and a neighbour hear the same, and a gap in the network loses and doubles nothing', async () => {
  const mobile = await inRoom(linli, zhang, town.room)
  const computer = await inRoom(linli, zhang, town.room, desk)
  const neighbour = await inRoom(linli, lixy, town.room)

  await say(neighbour.page, '今晚停水吗')
  for (const p of [mobile.page, computer.page, neighbour.page]) await sees(p, '今晚停水吗')
  await mobile.page.getByText('3-1-102 李女士').first().waitFor()

  // The phone goes into the lift.
  await mobile.context.setOffline(true)
  await mobile.page.getByText(/没有网络/).waitFor()
  await say(mobile.page, '我在电梯里')
  await say(mobile.page, '马上就到')
  await mobile.page.getByText('待发送').nth(1).waitFor()
  for (const text of ['停的', '十点开始', '记得存水']) await say(neighbour.page, text)
  await ends(computer.page, '停的', '十点开始', '记得存水')
  await mobile.context.setOffline(false)

  const all = ['今晚停水吗', '停的', '十点开始', '记得存水', '我在电梯里', '马上就到']
  for (const p of [mobile.page, computer.page, neighbour.page]) await ends(p, ...all)

  // What was typed and not sent survives a reload without a network, and goes out once.
  await mobile.context.setOffline(true)
  await say(mobile.page, '地下室里写的')
  await mobile.page.getByText('待发送').waitFor()
  await mobile.page.getByLabel('说点什么').fill('还没写完')
  await mobile.context.setOffline(false)
  await ends(neighbour.page, '地下室里写的')
  await mobile.page.reload()
  await ends(mobile.page, '地下室里写的')
  expect(await mobile.page.getByLabel('说点什么').inputValue()).toBe('还没写完')
  expect((await texts(neighbour.page)).filter((x) => x === '地下室里写的')).toHaveLength(1)
  for (const s of [mobile, computer, neighbour]) await s.context.close()
})

test('what is too long says by how much and is not cut, and what just fits arrives whole', async () => {
  const one = await inRoom(linli, lixy, town.room) // who has begun nothing: the other has a draft
  const other = await inRoom(linli, zhang, town.room)
  const box = one.page.getByRole('textbox', { name: '说点什么' })
  const send = one.page.getByRole('button', { name: '发送', exact: true })
  // As a paste puts it there, with characters of four bytes, each two units of the browser's.
  const most = `${'字'.repeat(3990)}${'🏠'.repeat(9)}`
  await box.focus()
  await one.page.keyboard.insertText(`${most}满了多三字`)
  await one.page.getByRole('alert').getByText('最多 4000 字，现在多了 4 字').waitFor()
  expect(await send.isDisabled()).toBe(true)
  expect(await box.inputValue()).toBe(`${most}满了多三字`)
  for (let n = 0; n < 4; n++) await one.page.keyboard.press('Backspace')
  await expect.poll(() => one.page.getByText('现在多了').count()).toBe(0)
  await send.click()
  await expect.poll(async () => (await texts(other.page)).at(-1)).toBe(`${most}满`)
  await one.context.close()
  await other.context.close()
})

test('the server dies and comes back in the middle of it', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  await say(a.page, '断电以前')
  await sees(b.page, '断电以前')
  const back = linli.restart('SIGKILL')
  await say(a.page, '断电的时候')
  await say(b.page, '我也在写')
  await back
  for (const p of [a.page, b.page]) {
    await sees(p, '断电的时候')
    await sees(p, '我也在写')
  }
  await expect.poll(async () => (await texts(a.page)).slice(-3)).toEqual((await texts(b.page)).slice(-3))
  for (const text of ['断电以前', '断电的时候', '我也在写'])
    expect((await texts(b.page)).filter((x) => x === text)).toHaveLength(1)
  await a.context.close()
  await b.context.close()
})

test('a reply jumps to what it answers; a reaction is seen; a message is taken back while it may be', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  await say(a.page, '谁家有梯子')
  await sees(b.page, '谁家有梯子')
  await b.page.getByText('谁家有梯子', { exact: true }).click({ button: 'right' })
  await b.page.getByRole('button', { name: '回复' }).click()
  await say(b.page, '我家有')
  const quote = a.page.locator('.quote', { hasText: '谁家有梯子' })
  await quote.waitFor()
  await quote.click()

  await a.page.getByText('我家有', { exact: true }).click({ button: 'right' })
  await a.page.getByRole('button', { name: '谢谢' }).click()
  await b.page.getByRole('button', { name: '谢谢 1' }).waitFor()

  // Not another's message, and one's own only for two minutes.
  await a.page.getByText('我家有', { exact: true }).click({ button: 'right' })
  expect(await a.page.getByRole('button', { name: '撤回' }).count()).toBe(0)
  await a.page.keyboard.press('Escape')
  await b.page.getByText('我家有', { exact: true }).click({ button: 'right' })
  await b.page.getByRole('button', { name: '撤回' }).click()
  await b.page.getByText('您撤回了一条消息').waitFor()
  await a.page.getByText('3-1-102 李女士撤回了一条消息').waitFor()
  expect(await a.page.getByText('我家有', { exact: true }).count()).toBe(0)
  await a.context.close()
  await b.context.close()
})

test('unread is counted, and the first unread one is a tap away', async () => {
  const b = await signedIn(linli, lixy)
  const a = await inRoom(linli, zhang, town.room)
  await sees(a.page, '谁家有梯子')
  await a.page.getByRole('button', { name: '返回' }).click()
  await a.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  for (let i = 1; i <= 30; i++) await b.act(town.room, 'text.post', { words: { text: `第 ${i} 句` } })
  const row = a.page.getByRole('link', { name: /和园3号楼/ })
  await row.getByText('30', { exact: true }).waitFor()
  expect(await row.innerText()).toContain('李女士：第 30 句')
  await row.click()
  await sees(a.page, '第 30 句')
  const pill = a.page.getByRole('button', { name: '30 条新消息' })
  const box = async (part: Locator) => (await part.boundingBox())!
  for (const size of [phone, { width: 320, height: 480 }]) {
    await a.page.setViewportSize(size)
    await expect
      .poll(async () => {
        const [log, at, last] = [
          await box(a.page.getByRole('log')),
          await box(pill),
          await box(a.page.locator('[role=log] .msg').last()),
        ]
        return [log.x + log.width - at.x - at.width <= 12, at.y - log.y <= 12, at.y + at.height <= last.y]
      })
      .toEqual([true, true, true]) // top right, and not over the last one
  }
  await a.page.setViewportSize(phone)
  await pill.click()
  await a.page.getByText('以下是新消息').waitFor()
  await sees(a.page, '第 1 句')
  await a.page.getByRole('button', { name: '返回' }).click()
  await expect.poll(() => row.innerText()).not.toContain('30\n')

  // Read on one device is read on the other.
  const again = await someone(linli, desk)
  await signIn(again.page, zhang)
  const there = again.page.getByRole('link', { name: /和园3号楼/ })
  await there.waitFor()
  expect(await there.locator('.count').count()).toBe(0)
  await a.context.close()
  await again.context.close()
})

test('read is what was in view: what comes while one reads further up is unread until it is reached', async () => {
  const b = await signedIn(linli, lixy)
  const { page, context } = await inRoom(linli, zhang, town.room, desk)
  const log = page.locator('.vlist')
  await log.getByText('第 30 句').waitFor()
  await log.hover()
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -300)
      return page.getByRole('button', { name: '回到最新' }).isVisible()
    })
    .toBe(true)
  const unread = () =>
    page
      .getByRole('link', { name: /和园3号楼/ })
      .locator('.count')
      .allInnerTexts()
  for (let i = 1; i <= 4; i++)
    await b.act(town.room, 'text.post', { words: { text: `后来 ${i}${'\n一行'.repeat(10)}` } })
  await expect.poll(unread).toEqual(['4'])
  // Step by step down: as many are read as have been seen, by more than an edge of them.
  const steps = new Set<string>()
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, 60)
      const seen = await log.evaluate((el) => {
        const low = el.getBoundingClientRect().bottom - 24
        const all = [...el.querySelectorAll('.rowpad')].filter((e) => /后来 \d/.test(e.textContent!))
        const at = all.filter((e) => e.getBoundingClientRect().top < low).at(-1)
        return Number(/后来 (\d)/.exec(at?.textContent ?? '')?.[1] ?? 0)
      })
      const [left = '0'] = await unread()
      if (Number(left) === 4 - seen) steps.add(left)
      return [...steps].sort().join('')
    })
    .toBe('01234')
  await context.close()
  noFaults()
})

test('devices are listed, and the others can be signed out from here', async () => {
  const here = await someone(linli)
  await signIn(here.page, zhang)
  const other = await inRoom(linli, zhang, town.room, desk)
  await here.page.getByRole('link', { name: '我的' }).click()
  await here.page.getByText('这台设备').waitFor()
  await here.page.getByRole('button', { name: '退出其他设备' }).click()
  await other.page.waitForURL('**/signin**')
  await other.page.getByText('这台设备已被退出登录').waitFor()
  await other.page.goto(`/rooms/${town.room}`)
  await other.page.waitForURL('**/signin**')
  await here.page.getByRole('link', { name: '群聊' }).click()
  await here.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  await here.context.close()
  await other.context.close()
})

test('muted and removed members are stopped at once, with the reason', async () => {
  const her = await inRoom(linli, lixy, town.room)
  const own = await inRoom(linli, owner, town.room)
  const pick = async () => {
    await own.page.getByRole('button', { name: '群信息' }).click()
    await own.page.getByPlaceholder('找姓名或门牌').fill('李秀英')
    await own.page
      .getByRole('dialog')
      .getByRole('button', { name: /3-1-102 李女士/ })
      .click()
  }
  await pick()
  await own.page.getByLabel('禁言的原因').fill('刷屏')
  await own.page.getByRole('button', { name: '禁言 1 小时' }).click()
  await her.page.getByText(/禁言到/).waitFor()
  expect(await her.page.getByLabel('说点什么').count()).toBe(0)
  await own.page.getByRole('button', { name: '关闭' }).click()

  await pick()
  await own.page.getByRole('button', { name: '解除禁言' }).click()
  await her.page.getByLabel('说点什么').waitFor()
  await own.page.getByRole('button', { name: '关闭' }).click()

  await pick()
  await own.page.getByRole('button', { name: '移出…' }).click()
  await own.page.getByLabel('移出的原因').fill('已搬走')
  await own.page.getByLabel('30 天').check()
  await own.page.getByRole('button', { name: '移出', exact: true }).click()
  await her.page.getByText('您已不在这个群').waitFor()
  await her.page.getByText(/已搬走/).waitFor()
  await her.page.reload()
  await her.page.getByText('您不在这个群里').waitFor()
  expect(await her.page.getByText('谁家有梯子').count()).toBe(0)
  expect(await her.page.getByLabel('说点什么').count()).toBe(0)

  // It stands there with who, until when and why, and is taken back by a button.
  const removed = own.page.getByRole('region', { name: '已移出的人' })
  await removed.getByText(/从和园3号楼移出 · 到/).waitFor()
  await removed.getByText(/已搬走/).waitFor()
  await removed.getByRole('button', { name: '解除移出' }).click()
  await removed.waitFor({ state: 'detached' })
  await her.page.goto(`/rooms/${town.room}`)
  await her.page.getByLabel('说点什么').waitFor()
  await her.context.close()
  await own.context.close()
  noFaults()
})

test('an address is a link, markup is text, and /求助 opens its form', async () => {
  const a = await inRoom(linli, zhang, town.room)
  await say(a.page, '看 https://example.cn/通知 <img src=x onerror=alert(1)>')
  const link = a.page.locator('[role=log] a').last()
  expect(await link.getAttribute('href')).toBe('https://example.cn/')
  expect(await link.getAttribute('rel')).toContain('noopener')
  expect(await a.page.locator('[role=log] img').count()).toBe(0)
  await a.page.getByLabel('说点什么').fill('/求助')
  await a.page.keyboard.press('Enter')
  await a.page.getByRole('dialog').getByText('找人帮忙').waitFor()
  await a.page.keyboard.press('Escape')
  expect((await texts(a.page)).at(-1)).not.toBe('/求助')
  await a.context.close()
  noFaults()
})

test('a message is said better for a while, and everybody sees that it was changed', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, owner, town.room)
  await say(a.page, '今晚提水')
  await sees(b.page, '今晚提水')
  await a.page.getByLabel('说点什么').fill('还没写完的')
  await a.page.locator('[role=log]').getByText('今晚提水').click({ button: 'right' })
  await a.page.getByRole('button', { name: '编辑' }).click()
  expect(await a.page.getByLabel('说点什么').inputValue()).toBe('今晚提水')
  await a.page.getByLabel('说点什么').fill('今晚停水')
  await a.page.keyboard.press('Enter')
  for (const p of [a.page, b.page]) {
    await sees(p, '今晚停水')
    await p.getByText('已编辑').waitFor()
    expect(await p.locator('[role=log]').getByText('今晚提水').count()).toBe(0)
  }
  expect(await a.page.getByLabel('说点什么').inputValue()).toBe('还没写完的')
  await b.page.reload()
  await sees(b.page, '今晚停水')
  for (const s of [a, b]) await s.context.close()
  noFaults()
})
