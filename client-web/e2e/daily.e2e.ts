// What one meets every day in a room: quotes, lanes, what a header says.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, signIn, someone, still, withBrowser } from './page'
import { lixy, owner, signedIn, volunteers, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const as = (who: { phone: string }) => signedIn(linli, who)

test('a reply says whom and what it answers, wherever that stands; a tap leads there; what was taken back is quoted no longer', async () => {
  const a = await as(zhang)
  const b = await as(lixy)
  const source = await a.act(town.room, 'text.post', { words: { text: '谁家有六级的梯子\n借我用半天' } })
  for (let n = 0; n < 60; n++) await b.act(town.room, 'text.post', { words: { text: `闲话 ${n}` } })
  await b.act(town.room, 'text.post', { re: source, words: { text: '我家有' } })
  const { page, context } = await inRoom(linli, volunteers[0]!, town.room)
  const quote = page.locator('.quote', { hasText: '3-1-101 张先生：谁家有六级的梯子' })
  await quote.waitFor()
  expect(await page.getByText('借我用半天').count()).toBe(0) // its first line alone
  // One that comes live quotes as well, of what this page has never held.
  await b.act(town.room, 'text.post', { re: source, words: { text: '傍晚来拿' } })
  await page.getByText('傍晚来拿').waitFor()
  await expect.poll(() => quote.count()).toBe(2)
  await quote.last().click()
  await page.locator(`[role=log] [data-seq="${source}"]`).waitFor()
  await page.getByText('借我用半天').waitFor()
  // Taken back, it is quoted without a word of what it said, on a page that holds it and on one that does not.
  const other = await inRoom(linli, zhang, town.room)
  await other.page.locator('.quote', { hasText: '谁家有六级的梯子' }).last().waitFor()
  await (await as(owner)).act(town.room, 'item.retract', { re: source })
  await other.page.locator('.quote', { hasText: '引用的消息已不在' }).last().waitFor()
  expect(await other.page.getByText('谁家有六级的梯子').count()).toBe(0)
  await other.page.reload()
  await other.page.locator('.quote', { hasText: '引用的消息已不在' }).last().waitFor()
  await context.close()
  await other.context.close()
  noFaults()
})

test('the lanes count open requests and notices in force, seen or not, and hear when one is over', async () => {
  const own = await as(owner)
  const a = await as(zhang)
  const helper = await as(volunteers[0]!)
  const { page, context } = await inRoom(linli, lixy, town.room)
  const lane = (name: string) => page.getByRole('navigation', { name: '只看' }).getByRole('link', { name })
  const n = async (name: string) => Number(/\d+/.exec((await lane(name).textContent()) ?? '')?.[0] ?? 0)
  const [notices, requests] = [await n('公告'), await n('求助')]
  const notice = await own.act(town.room, 'notice.post', {
    with: { importance: 'normal' },
    words: { title: '门禁检修', body: '今天下午' },
  })
  const request = await a.act(town.room, 'request.post', { with: { template: '买药' }, words: { text: '药两盒' } })
  await expect.poll(() => n('求助')).toBe(requests + 1)
  await expect.poll(() => n('公告')).toBe(notices + 1)
  await page.getByRole('heading', { name: '药两盒' }).waitFor()
  await lane('求助').click()
  await page.getByRole('heading', { name: '药两盒' }).waitFor()
  await page.reload()
  await expect.poll(() => n('求助')).toBe(requests + 1) // looked at, and open still
  expect(await n('公告')).toBe(notices + 1)
  await lane('求助').getByText('件没办完').waitFor({ state: 'attached' })
  for (const act of ['claim', 'complete']) await helper.act(town.room, `request.${act}`, { re: request })
  expect(await n('求助')).toBe(requests + 1)
  await a.act(town.room, 'request.confirm', { re: request })
  await expect.poll(() => n('求助')).toBe(requests)
  await own.act(town.room, 'notice.withdraw', { re: notice, words: { reason: '改期' } })
  await expect.poll(() => n('公告')).toBe(notices)
  await context.close()
  noFaults()
})

test('the header says how soon somebody takes on a request here, and nothing where that is not known', async () => {
  const a = await as(zhang)
  const helper = await as(volunteers[1]!)
  const { page, context } = await inRoom(linli, lixy, town.room)
  const head = page.locator('header.bar .meta').first()
  await expect.poll(() => head.textContent()).toMatch(/户$/)
  expect(await head.textContent()).not.toContain('在线')
  for (let n = 0; n < 3; n++) {
    const seq = await a.act(town.room, 'request.post', { with: { template: '打印' }, words: { text: `第 ${n} 份` } })
    await helper.act(town.room, 'request.claim', { re: seq })
    await helper.act(town.room, 'request.complete', { re: seq })
    await a.act(town.room, 'request.confirm', { re: seq })
  }
  await page.reload()
  await expect.poll(() => head.textContent()).toMatch(/户 · 约 1 分钟有人接$/)
  const cut = (list: Element[]) => list.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)
  expect(await head.locator('span').evaluateAll(cut)).toEqual([])
  expect(await head.evaluate((e) => e.scrollWidth - e.clientWidth)).toBeLessThanOrEqual(0)
  await context.close()
  noFaults()
})

test('我的 shows one as neighbours do, and tells devices apart', async () => {
  const phone = await someone(linli, undefined, {
    userAgent:
      'Mozilla/5.0 (Linux; Android 12; M2102K1C Build/SKQ1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107 Mobile Safari/537.36 MicroMessenger/8.0.30',
  })
  await signIn(phone.page, zhang)
  const here = await someone(linli)
  await signIn(here.page, zhang)
  await here.page.getByRole('link', { name: '我的' }).click()
  const me = here.page.getByRole('region', { name: '邻居看到的您是这样。' })
  await me.locator('b', { hasText: zhang.shown }).waitFor()
  await me.getByText('和园3号楼').waitFor()
  await me.getByText(/^张建国，138.*：群里不显示/).waitFor()
  const row = here.page.locator('li', { hasText: '安卓 M2102K1C 微信' }).first()
  await row.getByText(/正在使用|最近使用/).waitFor()
  await row.getByText(/登录$/).waitFor()
  expect(await here.page.getByText('这台设备', { exact: true }).count()).toBe(1)
  await still(here.page)
  await here.page.screenshot({ path: 'test-results/mine.png', fullPage: true })
  await phone.context.close()
  await here.context.close()
  noFaults()
})

test('群信息 stands in rows, its members first', async () => {
  for (const who of [lixy, owner]) {
    const { page, context } = await inRoom(linli, who, town.room)
    await page.getByRole('button', { name: '群信息' }).click()
    const info = page.getByRole('dialog')
    await info.getByRole('button', { name: /3-1-101 张先生/ }).waitFor()
    await still(page)
    await page.screenshot({ path: `test-results/room-info-${who.phone}.png` })
    const tops = await info.locator('h3, .rowbtn').evaluateAll((all) => all.map((e) => e.textContent?.trim() ?? ''))
    expect(tops[0]).toMatch(/位成员$/)
    for (const row of ['搜索聊天记录', '群文件'])
      expect((await info.getByText(row).first().locator('xpath=..').boundingBox())?.height).toBeGreaterThanOrEqual(48)
    expect(tops.findIndex((x) => x.includes('张先生'))).toBeLessThan(tops.findIndex((x) => x.includes('群文件')))
    await context.close()
  }
  noFaults()
})
