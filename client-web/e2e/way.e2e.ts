// The way back is the phone's own: a sheet goes first, then the room, and nothing comes twice.
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { file, Linli } from './linli'
import { desk, inRoom, noFaults, say, signIn, someone, still, withBrowser } from './page'
import { lixy, owner, signedIn, zhang } from './town'

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

  // A picture as large as the screen is one step as well.
  await page.getByRole('link', { name: /和园3号楼/ }).click()
  await page.getByRole('button', { name: '发别的' }).click()
  await page.locator('input[data-way=album]').setInputFiles(file('../public/icon-192.png'))
  const large = page.locator('dialog.viewer')
  await page.locator('[role=log] .msg:not(.wait) .pictures button').last().click()
  await large.waitFor()
  await page.goBack()
  await large.waitFor({ state: 'detached' })
  expect(new URL(page.url()).pathname).toBe(`/rooms/${town.room}`)
  await page.getByLabel('说点什么').waitFor()
  await page.goBack()
  await page.waitForURL('**/rooms')

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
  const b = await signedIn(linli, lixy)
  for (let i = 1; i <= 40; i++) await b.act(town.room, 'text.post', { words: { text: `早 ${i}` } })
  const { context, page } = await inRoom(linli, zhang, town.room)
  await page.getByText('早 40', { exact: true }).waitFor()
  // Further up, as somebody reads; then a request.
  await page.locator('.vlist').hover()
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -900)
      return page.getByRole('button', { name: '回到最新' }).isVisible()
    })
    .toBe(true)
  await page.getByRole('button', { name: '发别的' }).click()
  await page.locator('.panel').getByRole('button', { name: '找人帮忙', exact: true }).click()
  const sheet = page.getByRole('dialog')
  await sheet.getByRole('radio', { name: '买药' }).check()
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

  // In the list of another of one's devices neither: a neighbour's word is counted there, one's own is not.
  const other = await someone(linli, desk)
  await signIn(other.page, zhang)
  const row = other.page.locator('.roomrow', { hasText: '和园3号楼' })
  await row.getByText('降压药两盒').waitFor()
  await expect.poll(() => row.locator('.count').count()).toBe(0)
  const z = await signedIn(linli, zhang)
  await z.act(town.room, 'request.post', { with: { template: '买药', door: false }, words: { text: '体温计一支' } })
  await row.getByText('体温计一支').waitFor()
  expect(await row.locator('.count').count()).toBe(0)
  await b.act(town.room, 'text.post', { words: { text: '我家有' } })
  await row.getByText('我家有').waitFor()
  await expect.poll(() => row.locator('.count').innerText()).toBe('1')
  await other.context.close()
})

test('＋ begins with 求助 and 建议, tinted, and no tile stands alone; the list has 紧急 and ＋, the room a search', async () => {
  for (const who of [zhang, owner]) {
    const { context, page } = await inRoom(linli, who, town.room)
    const head = page.locator('header.bar')
    const reach = async (button: Locator, width: number) => {
      const box = (await button.boundingBox())!
      expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(44)
      expect(box.x + box.width).toBeLessThanOrEqual(width)
    }
    for (const width of [390, 360, 320, 1280]) {
      const where = `${who.name}, ${width} wide`
      await page.setViewportSize({ width, height: 844 })
      if (width === 390)
        // it stays open, whatever the window becomes
        await page.locator('.composer2').getByRole('button', { name: '发别的' }).click()
      await page.locator('.panel input[data-way=file]').waitFor({ state: 'attached' })
      const tiles = await page.locator('.panel > button').evaluateAll((all) =>
        all.map((e) => ({
          name: e.textContent!.trim(),
          top: Math.round(e.getBoundingClientRect().top),
          tint: getComputedStyle(e.querySelector('.tile')!).backgroundColor,
        })),
      )
      expect(tiles.length, where).toBe(who === owner ? 10 : 8)
      expect(
        tiles.slice(0, 2).map((x) => x.name),
        where,
      ).toEqual(['找人帮忙', '提建议'])
      const [tinted, plain] = [tiles.slice(0, 2), tiles.slice(2)].map((list) => new Set(list.map((x) => x.tint)))
      expect([tinted!.size, plain!.size], where).toEqual([1, 1])
      expect([...tinted!], where).not.toEqual([...plain!])
      expect(tiles.filter((x) => x.top === tiles.at(-1)!.top).length, where).toBeGreaterThan(1)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBeLessThanOrEqual(width)
      if (width < 1280) await reach(head.getByRole('button', { name: '紧急' }), width)
      if (width < 1280 && width >= 360) await reach(head.getByRole('link', { name: '搜索聊天记录' }), width)
    }
    if (who === zhang) {
      await page.setViewportSize({ width: 360, height: 844 })
      await head.getByRole('link', { name: '搜索聊天记录' }).click()
      await page.waitForURL(`**/search?room=${town.room}`)
      await page.goto('/rooms')
      for (const width of [390, 320]) {
        await page.setViewportSize({ width, height: 844 })
        for (const name of ['紧急', '发别的']) await reach(head.getByRole('button', { name }), width)
      }
    }
    await context.close()
  }
})

test('who is at the end stays there on a slow phone, whatever comes while rows are measured; who scrolls up is left where they read', async () => {
  const b = await signedIn(linli, lixy)
  const { context, page } = await inRoom(linli, zhang, town.room)
  const away = () => page.getByRole('button', { name: '回到最新' }).count()
  const cdp = await context.newCDPSession(page)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 20 })
  for (let i = 1; i <= 3; i++) {
    await b.act(town.room, 'text.post', { words: { text: `慢 ${i}\n${'一行很长的话，'.repeat(3 * i)}` } })
    await say(page, `我也说 ${i}`)
  }
  await b.act(town.room, 'text.post', { words: { text: '最后一句' } })
  const last = page.locator('[role=log]').getByText('最后一句')
  await expect.poll(() => last.isVisible()).toBe(true)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  await expect
    .poll(async () => {
      const box = await last.boundingBox()
      const bar = await page.locator('.composer2').boundingBox()
      return !!box && !!bar && box.y + box.height <= bar.y + 1
    })
    .toBe(true)
  expect(await away()).toBe(0)

  await page.locator('.vlist').hover()
  await page.mouse.wheel(0, -400)
  await expect.poll(away).toBe(1)
  await b.act(town.room, 'text.post', { words: { text: '后来的' } })
  await page.locator('[data-news]').getByText('后来的').waitFor({ state: 'attached' })
  expect(await away()).toBe(1)
  await context.close()
})

test('a hand on the keys leaves the end also while the page is on its way there', async () => {
  const b = await signedIn(linli, lixy)
  for (let i = 1; i <= 20; i++) await b.act(town.room, 'text.post', { words: { text: `晚 ${i}` } })
  const { context, page } = await inRoom(linli, zhang, town.room, desk)
  const list = page.locator('.vlist')
  const away = page.getByRole('button', { name: '回到最新' })
  for (const keys of ['Shift+Space', 'PageUp']) {
    await list.getByText('晚 20', { exact: true }).last().waitFor()
    await away.waitFor({ state: 'detached' })
    // The last row changes its height all the time: there is no end of going to the end.
    const grows = await list.evaluateHandle((el) => {
      let n = 0
      const timer = setInterval(() => {
        const last = [...el.querySelectorAll<HTMLElement>('.rowpad')].at(-1)
        if (last) last.style.paddingBottom = `${8 + (n++ % 3)}px`
      }, 30)
      return { end: () => clearInterval(timer) }
    })
    await list.focus()
    await b.act(town.room, 'text.post', { words: { text: '还有一句' } })
    await list.getByText('还有一句').last().waitFor()
    await page.keyboard.press(keys)
    await away.waitFor()
    await grows.evaluate((g) => g.end())
    await b.act(town.room, 'text.post', { words: { text: '晚 20' } })
    await away.click()
  }
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
  const b = await signedIn(linli, lixy)
  const { context, page } = await inRoom(linli, zhang, town.room, desk)
  for (const n of [12, 13]) {
    const text = Array.from({ length: n }, (_, i) => `${n} 行的第 ${i + 1} 行`).join('\n')
    await b.act(town.room, 'text.post', { words: { text } })
    const said = page.locator('.bub', { hasText: `${n} 行的第 1 行` })
    await said.waitFor()
    await still(page)
    expect(await said.getByRole('button', { name: '展开全文' }).count(), `${n} lines`).toBe(n > 12 ? 1 : 0)
  }
  await say(page, '都看完了') // somebody else between, and a face stands beside what comes next
  await page.locator('.msg[data-seq]', { hasText: '都看完了' }).waitFor() // the server has it, and so before what comes next
  const lines = Array.from({ length: 30 }, (_, i) => `第${i + 1}行`)
  await b.act(town.room, 'text.post', { words: { text: lines.join('\n') } })
  const bubble = page.locator('.bub', { hasText: '第1行' }).last()
  await bubble.waitFor()
  const low = async () => (await bubble.boundingBox())!.height
  const folded = await low()
  await bubble.getByRole('button', { name: '展开全文' }).click()
  await expect.poll(low).toBeGreaterThan(folded * 1.5)
  await still(page) // the list follows its end
  await bubble.getByRole('button', { name: '收起' }).click()
  await expect.poll(low).toBe(folded)
  await still(page) // a finger taps what has come to rest

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
  await page.getByRole('log').getByText('都看到了').waitFor()
  await context.close()
})

test('laid down, and at 200 %, lanes and the notice stand in the header and nothing overlaps, also while somebody calls for help', async () => {
  const own = await signedIn(linli, owner)
  await own.act(town.room, 'notice.post', {
    with: { confirm: true, pin: true, importance: 'normal' },
    words: { title: '明早停水', body: '8:00 到 10:00' },
  })
  const raise = async () => {
    const her = await signedIn(linli, lixy)
    await her.act(town.room, 'emergency.post', { with: { category: '突发疾病' } })
  }
  const sizes = [
    { width: 844, height: 390 },
    { width: 195, height: 422 },
  ]
  for (const help of [false, true]) {
    if (help) await raise()
    for (const size of sizes) {
      const where = `${size.width} wide${help ? ', somebody calls for help' : ''}`
      const { context, page } = await inRoom(linli, zhang, town.room, size)
      const pin = page.locator('header.bar').getByRole('button', { name: /明早停水/ })
      await pin.waitFor()
      expect(await page.locator('.lanes, .noticebar').count(), where).toBe(0)
      if (help) await page.locator('section.sos').getByText('突发疾病').waitFor()
      await page.getByLabel('只看').selectOption({ label: '求助' })
      await page.getByLabel('只看').selectOption({ label: '全部' })
      const overlaps = await page.evaluate(() => {
        const all = document.querySelectorAll('.bar > *, .sos, .msgs, .composer2 > *')
        const seen = [...all].map((e) => e.getBoundingClientRect())
        return seen.some((a, i) =>
          seen.some(
            (b, j) =>
              j > i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1,
          ),
        )
      })
      await page.screenshot({ path: `test-results/way-low-${size.width}${help ? '-sos' : ''}.png` })
      expect(overlaps, where).toBe(false)
      const fits = () =>
        page.evaluate(() => {
          const { bottom } = document.querySelector('.composer2')!.getBoundingClientRect()
          return document.documentElement.scrollWidth <= innerWidth && bottom <= innerHeight + 1
        })
      expect(await fits(), where).toBe(true)
      expect((await page.locator('.msgs').boundingBox())!.height, where).toBeGreaterThan(30)
      if (help) {
        const act = (await page.locator('section.sos').getByRole('button', { name: '我来处理' }).boundingBox())!
        const talk = (await page.locator('.msgs').boundingBox())!
        expect(act.y + act.height, where).toBeLessThanOrEqual(talk.y)
      }
      await pin.click()
      await page.getByRole('dialog').getByText('8:00 到 10:00').first().waitFor()
      await context.close()
    }
  }
})

test('nothing went wrong on any page', noFaults)
