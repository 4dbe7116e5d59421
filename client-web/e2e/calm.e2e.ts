// B26, G15, B27 and what makes a busy room calm: lanes that mute, a list of what waits, a way back after an absence.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { desk, inRoom, noFaults, phone, signIn, someone, withBrowser } from './page'
import { lixy, owner, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const as = (who: { phone: string }) => signedIn(linli, who)
const said = (text: string) => ({ words: { text } })
const notice = (title: string, confirm = false) => ({
  with: { confirm, pin: false, importance: 'normal' },
  words: { title, body: `${title}的说明` },
})

test('a lane is muted on one device and is quiet on the other; a notice is not; a lane is read alone', async () => {
  const here = await inRoom(linli, zhang, town.room)
  const there = await someone(linli, desk)
  await signIn(there.page, zhang)
  const row = there.page.getByRole('link', { name: /和园3号楼/ })
  await row.waitFor()

  await here.page.getByRole('button', { name: '群信息' }).click()
  const sheet = here.page.getByRole('dialog')
  const chat = sheet.getByRole('switch', { name: '闲聊不提醒' })
  expect(await chat.isChecked()).toBe(false)
  await chat.click()
  await row.getByText('闲聊不提醒').waitFor({ state: 'attached' })
  await sheet.getByText(/要确认的公告和紧急求助总会提醒/).waitFor()
  await here.page.keyboard.press('Escape')
  await here.page.getByRole('button', { name: '返回' }).click()

  const b = await as(lixy)
  const tab = there.page.getByRole('link', { name: /^群/ }).locator('.count')
  for (const text of ['早', '菜到了吗', '到了']) await b.act(town.room, 'text.post', said(text))
  await row.locator('.count.quiet').getByText('3').waitFor()
  expect(await tab.count()).toBe(0)
  expect(await there.page.title()).toBe('邻里')

  const own = await as(owner)
  await own.act(town.room, 'notice.post', notice('周六讲座'))
  await row.locator('.count:not(.quiet)').getByText('4').waitFor()
  await tab.getByText('1').waitFor()
  await expect.poll(() => there.page.title()).toBe('(1) 邻里')

  // Read here is read there.
  await here.page.getByRole('link', { name: /和园3号楼/ }).click()
  await here.page.getByRole('log').getByText('周六讲座', { exact: true }).waitFor()
  await expect.poll(() => row.locator('.count').count()).toBe(0)
  await here.context.close()
  await there.context.close()

  // A lane alone: the mark of the whole stays where it is.
  const again = await inRoom(linli, zhang, town.room)
  await again.page.getByRole('navigation', { name: '只看' }).getByRole('link', { name: '公告' }).click()
  for (let i = 1; i <= 2; i++) await own.act(town.room, 'notice.post', notice(`通知 ${i}`))
  await b.act(town.room, 'text.post', said('楼下见'))
  await again.page.locator('[role=log]').getByText('通知 2', { exact: true }).waitFor()
  const unread = async () => {
    const r = await (await as(zhang)).get<{
      lanes: Record<string, number>
      read: { lanes: Record<string, number> }
    }>(`/rooms/${town.room}`)
    return ['notice', 'chat'].map((l) => (r.lanes[l] ?? 0) - (r.read.lanes[l] ?? 0))
  }
  await expect.poll(unread).toEqual([0, 1])
  await again.context.close()
  noFaults()
})

test('what waits is done where it is listed, put aside, taken back, and gone on the other device', async () => {
  const own = await as(owner)
  const stop = await own.act(town.room, 'notice.post', notice('今晚停水', true))
  await own.act(town.room, 'poll.post', {
    with: { options: 2, per: 'household' },
    words: { title: '装快递柜', options: ['装', '不装'] },
  })
  const here = await someone(linli)
  await signIn(here.page, zhang)
  const there = await someone(linli)
  await signIn(there.page, zhang)
  const waits = (p: typeof here.page) => p.getByRole('region', { name: '待我处理' }).locator('li')
  const list = waits(here.page)
  await expect
    .poll(() => list.allInnerTexts())
    .toEqual([expect.stringContaining('今晚停水，请确认收到'), expect.stringContaining('装快递柜，您还没投')])
  await here.page.getByRole('link', { name: /^待办/ }).getByText('2').waitFor()
  // What there is to do in one line; below it the fact, and no room, since there is one only.
  const about = list.locator('.todolink .meta')
  expect(await about.allInnerTexts()).toEqual(['今晚停水的说明', '周社工'])
  for (const width of [320, 390]) {
    await here.page.setViewportSize({ width, height: 844 })
    for (const title of await list.locator('.todolink b').all())
      expect(
        await title.evaluate((e) => e.clientHeight / Number.parseFloat(getComputedStyle(e).lineHeight)),
      ).toBeCloseTo(1, 1)
  }

  await list.first().getByRole('button', { name: '确认' }).click()
  await expect.poll(() => list.count()).toBe(1)
  await expect.poll(() => waits(there.page).count()).toBe(1)
  const r = await own.get<{ confirmed: unknown[] }>(`/rooms/${town.room}/items/${stop}/receipts`)
  expect(r.confirmed).toHaveLength(1)

  // The card is answered in a sheet, without leaving the page.
  await list.getByRole('button', { name: '投票' }).click()
  const sheet = here.page.getByRole('dialog')
  await sheet.getByRole('radio', { name: '不装' }).check()
  await sheet.getByRole('radio', { name: '装', exact: false }).first().check()
  await sheet.getByRole('button', { name: '投“装”' }).click()
  await sheet.getByText('您家已投').waitFor()
  await here.page.keyboard.press('Escape')
  await expect.poll(() => list.count()).toBe(0)
  await expect.poll(() => waits(there.page).count()).toBe(0)

  // Talk does not make anybody ask again; something new does.
  const asked: string[] = []
  there.page.on('request', (q) => q.url().endsWith('/me/todo') && asked.push(q.url()))
  const b = await as(lixy)
  for (let i = 0; i < 5; i++) await b.act(town.room, 'text.post', said(`聊 ${i}`))
  await there.page.getByRole('link', { name: /聊 4/ }).waitFor()
  await there.page.waitForTimeout(500)
  expect(asked).toEqual([])
  await own.act(town.room, 'notice.post', notice('电梯检修', true))
  await waits(there.page).getByText('电梯检修，请确认收到').waitFor()

  await here.page.goto('/todo')
  const line = here.page.locator('.todorow')
  await line.getByText('电梯检修，请确认收到').waitFor()
  await line.getByRole('button', { name: '先放一边' }).click()
  await line.getByText('已放到一边').waitFor()
  await expect.poll(() => waits(there.page).count()).toBe(0)
  await line.getByRole('button', { name: '撤销' }).click()
  await waits(there.page).getByText('电梯检修，请确认收到').waitFor()

  // Without a network it is the last list, and what is tapped goes out when there is one.
  await here.context.setOffline(true)
  await here.page.getByText(/没有网络/).waitFor()
  await line.getByRole('button', { name: '确认' }).click()
  await line.getByRole('button', { name: '待发送' }).waitFor()
  await here.context.setOffline(false)
  await here.page.getByText('都办完了').waitFor()
  for (const s of [here, there]) await s.context.close()
  noFaults()
})

test('who comes back to very much has it in short, marks all of it seen, and may take that back', async () => {
  const a = await inRoom(linli, zhang, town.room)
  await a.page.getByRole('button', { name: '返回' }).click()
  const own = await as(owner)
  const b = await as(lixy)
  const me = await (await as(zhang)).get<{ person: string }>('/me')
  await own.act(town.room, 'notice.post', notice('出入证换发', true))
  await own.act(town.room, 'notice.post', notice('周末电影'))
  await b.act(town.room, 'text.post', { ...said('您家的快递在我这'), with: { to: [me.person] } })
  await b.act(town.room, 'request.post', {
    with: { template: '打印', door: false },
    words: { text: '孩子的作业两页' },
  })
  for (let i = 0; i < 98; i++) await b.act(town.room, 'text.post', said(`第 ${i} 句`))

  await a.page.reload()
  await a.page.getByRole('link', { name: /102 条新消息.*看要点/ }).click()
  await a.page.getByRole('heading', { name: '您不在的时候' }).waitFor()
  const part = (name: string) => a.page.locator('section', { has: a.page.getByRole('heading', { name }) }).locator('li')
  await part('要您确认').getByText('出入证换发，请确认收到').waitFor()
  expect(await part('和您有关').allInnerTexts()).toEqual([expect.stringContaining('您家的快递在我这')])
  await expect
    .poll(() => part('我们楼的公告和求助').allInnerTexts())
    .toEqual([expect.stringContaining('孩子的作业两页'), expect.stringContaining('周末电影')])
  await part('其余的').getByText('公告 2 · 求助 1 · 闲聊 99').waitFor()

  // Thought better of.
  await a.page.getByRole('button', { name: '全部看过了' }).click()
  await a.page.getByRole('button', { name: '撤销' }).click()
  await a.page.getByRole('button', { name: '返回' }).click()
  const row = a.page.locator('a.rowbtn', { hasText: '和园3号楼' })
  await row.locator('.count').getByText('99+').waitFor()
  expect(await a.page.getByText('看要点').count()).toBe(0) // offered once

  await a.page.goto('/catchup')
  await a.page.getByRole('button', { name: '全部看过了' }).click()
  await a.page.getByRole('button', { name: '返回' }).click()
  await expect.poll(() => row.locator('.count').count()).toBe(0)
  await a.page.reload()
  await a.page.getByText('出入证换发，请确认收到').waitFor()
  await expect.poll(() => row.locator('.count').count()).toBe(0)
  await a.context.close()
  noFaults()
})

test('a flood of 收到 is one line that opens in place, and what is over stands folded', async () => {
  const own = await as(owner)
  const b = await as(lixy)
  await own.act(town.room, 'text.post', said('明早六点停水，看到请回一声'))
  let last = 0
  for (const text of ['收到', '好的，收到', '收到👍']) last = await b.act(town.room, 'text.post', said(text))
  await b.act(town.room, 'text.post', said('几点来水？'))
  for (let i = 1; i <= 5; i++) {
    const seq = await b.act(town.room, 'request.post', {
      with: { template: '打印', door: false },
      words: { text: `打印 ${i}` },
    })
    await b.act(town.room, 'request.cancel', { re: seq })
  }
  const a = await inRoom(linli, zhang, town.room)
  const log = a.page.getByRole('log')
  const heard = log.getByRole('button', { name: '1 位邻居说收到' })
  await heard.waitFor()
  expect(await log.getByText('好的，收到', { exact: true }).count()).toBe(0)
  await heard.focus()
  await a.page.keyboard.press('Enter')
  await log.getByText('好的，收到', { exact: true }).waitFor()
  expect(await heard.getAttribute('aria-expanded')).toBe('true')
  await heard.click()
  await log.getByText('好的，收到', { exact: true }).waitFor({ state: 'detached' })
  await log.evaluate((el) => el.scrollTo(0, el.scrollHeight))
  const ended = log.getByRole('button', { name: /还办结了 3 件/ })
  await ended.waitFor()
  await expect.poll(() => log.locator('.line1', { hasText: '打印' }).count()).toBe(2)
  await ended.click()
  await expect.poll(() => log.locator('.line1', { hasText: '打印' }).count()).toBe(5)

  // A jump to what is folded away opens it.
  await a.page.goto(`/rooms/${town.room}?at=${last}`)
  await log.getByText('收到👍', { exact: true }).waitFor()
  await a.context.close()
  noFaults()
})

test('the lanes step aside while one reads on, and come back', async () => {
  const b = await as(lixy)
  for (let i = 0; i < 25; i++) await b.act(town.room, 'text.post', said(`很长的一天 ${i}`))
  const a = await inRoom(linli, zhang, town.room, phone)
  const lanes = a.page.getByRole('navigation', { name: '只看' })
  await a.page.getByRole('log').getByText('很长的一天 24').waitFor()
  const high = async () => (await lanes.boundingBox())?.height ?? 0
  expect(await high()).toBeGreaterThanOrEqual(48)
  await a.page.mouse.move(200, 400)
  await a.page.mouse.wheel(0, -900)
  await a.page.waitForTimeout(600)
  expect(await high()).toBeGreaterThanOrEqual(48)
  await a.page.mouse.wheel(0, 300)
  await expect.poll(high).toBe(0)
  await a.page.waitForTimeout(400)
  await a.page.mouse.wheel(0, -300)
  await expect.poll(high).toBeGreaterThanOrEqual(48)
  await a.context.close()
  noFaults()
})
