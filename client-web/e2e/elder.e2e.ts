// J12, 1–3: 长辈版 with the published numbers, and its four buttons all the way to a neighbour's page.
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, phone, someone, withBrowser, still } from './page'
import { admin, lixy, owner, password, signedIn, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

// The browser here has no voice: this one says how it was used, and is through with a sentence when the test wants it.
const voice = () => {
  const said: string[] = []
  let now: { onend?: () => void; onerror?: (e: { error: string }) => void } | undefined
  class Utterance {
    constructor(public text: string) {}
  }
  const fake = Object.assign(new EventTarget(), {
    getVoices: () => [{ lang: 'zh-CN', localService: true, name: 'here' }],
    speak(u: { text: string; onend?: () => void; onerror?: (e: { error: string }) => void }) {
      if (!u.text) return
      said.push(u.text)
      now = u
    },
    cancel() {
      const was = now
      now = undefined
      was?.onerror?.({ error: 'interrupted' })
    },
  })
  const ends = () => {
    const was = now
    now = undefined
    was?.onend?.()
  }
  Object.assign(window, { said, ends, SpeechSynthesisUtterance: Utterance })
  Object.defineProperty(window, 'speechSynthesis', { value: fake })
}
const ends = (page: Page) => page.evaluate(() => (window as unknown as { ends: () => void }).ends())
const said = (page: Page) => page.evaluate(() => (window as unknown as { said: string[] }).said)

// Signed in, in the large look, which was chosen on the first page.
const elderly = async (
  who: { phone: string },
  more: Parameters<typeof someone>[2] & { mute?: boolean } = {},
  size = phone,
) => {
  const { mute, ...look } = more
  const s = await someone(linli, size, look)
  if (!mute) await s.page.addInitScript(voice)
  await s.page.goto('/signin')
  await s.page.getByRole('button', { name: /换成长辈版/ }).click()
  await s.page.getByLabel('手机号').fill(who.phone)
  await s.page.getByLabel('密码').fill(password)
  await s.page.getByRole('button', { name: '登录', exact: true }).click()
  await s.page.getByRole('button', { name: '听通知' }).waitFor()
  return s
}
const boss = () => signedIn(linli, owner)
const notice = (api: Api, title: string, body: string, confirm = true) =>
  api.act(town.room, 'notice.post', { with: { confirm, pin: true, importance: 'normal' }, words: { title, body } })
const tile = (page: Page, name: string) => page.locator('.elder-grid button', { hasText: name })
const back = (page: Page) => page.getByRole('button', { name: '返回' }).click()
const done = async (...all: { context: BrowserContext }[]) => {
  for (const s of all) await s.context.close()
}

// What is on the page, measured: too small, too tight, too close, too pale, on top of something.
const measure = (page: Page) =>
  page.evaluate(() => {
    const wrong: string[] = []
    const seen = (e: Element) => {
      const b = e.getBoundingClientRect()
      return b.width > 1 && b.height > 1 && !e.closest('.vh') && getComputedStyle(e).visibility === 'visible'
    }
    const what = (e: Element) => `${e.tagName.toLowerCase()}.${e.className} “${e.textContent?.trim().slice(0, 12)}”`
    const colour = (c: string) => (c.match(/[\d.]+/g) ?? []).map(Number)
    const light = ([r, g, b]: number[]) =>
      [r!, g!, b!]
        .map((v) => v / 255)
        .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((n, v, i) => n + v * [0.2126, 0.7152, 0.0722][i]!, 0)
    const ground = (e: Element): Element => {
      for (let at: Element | null = e; at; at = at.parentElement) {
        const [, , , a = 1] = colour(getComputedStyle(at).backgroundColor)
        if (a === 1) return at
        if (a > 0) wrong.push(`half a ground: ${what(at)}`)
      }
      return document.documentElement
    }
    let least = Number.POSITIVE_INFINITY
    const walker = document.createTreeWalker(document.querySelector('#app')!, NodeFilter.SHOW_TEXT)
    for (let n = walker.nextNode(); n; n = walker.nextNode()) {
      const e = n.parentElement!
      if (!n.textContent!.trim() || !seen(e)) continue
      const s = getComputedStyle(e)
      const size = Number.parseFloat(s.fontSize)
      if (size < 18) wrong.push(`small ${size}: ${what(e)}`)
      if (Number.parseFloat(s.lineHeight) / size < 1.3) wrong.push(`tight ${s.lineHeight}: ${what(e)}`)
      const under = ground(e)
      const a = light(colour(s.color))
      const b = light(colour(getComputedStyle(under).backgroundColor))
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      least = Math.min(least, ratio)
      // White on the fill of a button or badge may be 4.5; all other ink is 7.
      const fill = under.matches('.btn.main, .btn.alarm, .elder-grid .help, .elder-grid .alarm, .badge.owner')
      const off = under.matches(':disabled')
      if (ratio < (fill ? 4.5 : 7) && !off) wrong.push(`pale ${ratio.toFixed(2)}: ${what(e)}`)
    }
    for (const e of document.querySelectorAll('#app *')) {
      const s = getComputedStyle(e)
      if (s.boxShadow !== 'none' && !e.matches(':focus-visible')) wrong.push(`shadow: ${what(e)}`)
      if (['fixed', 'sticky'].includes(s.position) && seen(e)) wrong.push(`lies over: ${what(e)}`)
      if (e.getBoundingClientRect().right > innerWidth + 1 && seen(e)) wrong.push(`runs out: ${what(e)}`)
    }
    if (document.querySelector('dialog[open]')) wrong.push('a dialog')
    const press = [...document.querySelectorAll('#app button, #app a[href], #app textarea, #app input, #app select')]
      .map((e) => (e.matches('input[type=radio]') ? e.closest('label')! : e))
      .filter(seen)
      // What is scrolled out of its part of the page is not there.
      .filter((e) => {
        const b = e.getBoundingClientRect()
        const part = e.closest('.page, .log, .elderfoot')?.getBoundingClientRect()
        const middle = b.top + b.height / 2
        return !part || (middle > part.top && middle < part.bottom)
      })
    const boxes = press.map((e) => e.getBoundingClientRect())
    for (const [i, e] of press.entries()) {
      const b = boxes[i]!
      if (b.width < 60 || b.height < 60) wrong.push(`target ${b.width}×${b.height}: ${what(e)}`)
      if (e.matches('.btn.big') && b.height < 72) wrong.push(`main ${b.height}: ${what(e)}`)
      const beside = boxes.filter((o) => o.top < b.bottom - 8 && o.bottom > b.top + 8).length
      if (beside > 2) wrong.push(`${beside} side by side: ${what(e)}`)
      const at = document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2)
      if (!at || !e.contains(at)) wrong.push(`covered: ${what(e)} by ${at ? what(at) : 'nothing'}`)
    }
    const main = document.querySelector('#app main')!
    return {
      wrong,
      least,
      press: press.length,
      tiles: [...document.querySelectorAll('.elder-grid button')].map((e) => e.getBoundingClientRect().height),
      columns: new Set(
        [...document.querySelectorAll('.elder-grid button')].map((e) => Math.round(e.getBoundingClientRect().left)),
      ).size,
      text: Number.parseFloat(getComputedStyle(main).fontSize),
      line: Number.parseFloat(getComputedStyle(main).lineHeight) / Number.parseFloat(getComputedStyle(main).fontSize),
    }
  })

for (const scheme of ['light', 'dark'] as const)
  test(`the published numbers hold on every page, ${scheme}`, async () => {
    const api = await boss()
    await notice(api, `停水 ${scheme}`, '今晚22:00至次日5:00停水，请提前存水。')
    await api.act(town.room, 'text.post', { words: { text: '走不动的老人，出入证由网格员上门办。' } })
    const his = await signedIn(linli, zhang) // who is called at whatever hour this runs
    await his.ask('PUT', '/me/choices', { muted: {}, quiet: { from: 0, to: 0 }, topics: {} })
    const { page, context } = await elderly(zhang, { colorScheme: scheme })
    const holds = async (where: string) => {
      await still(page)
      const found = await measure(page)
      expect(found.wrong, where).toEqual([])
      expect(found.least, where).toBeGreaterThanOrEqual(4.5)
      expect(found.line, where).toBeGreaterThanOrEqual(1.6)
      return found
    }
    await page.locator('.card.new').waitFor()
    const home = await holds('home')
    expect(home.text).toBe(22)
    expect(home.press).toBeLessThanOrEqual(8)
    expect(home.tiles).toHaveLength(4)
    expect(Math.min(...home.tiles)).toBeGreaterThanOrEqual(148)
    expect(home.columns).toBe(2)
    await page.getByRole('button', { name: '念给我听' }).click()
    await page.getByRole('button', { name: '不念了' }).waitFor()
    expect((await holds('home, reading')).press).toBeLessThanOrEqual(8)

    await tile(page, '听通知').click()
    await page.locator('article.card').first().waitFor()
    await page.getByRole('button', { name: '停一停' }).first().waitFor()
    await holds('notices, reading')
    await back(page)
    await tile(page, '找人帮忙').click()
    await holds('help')
    await page.getByRole('button', { name: '买药' }).click()
    await holds('help, what')
    await page.getByRole('button', { name: '按一下，说要什么' }).click()
    await page.getByRole('timer').waitFor()
    await holds('help, speaking')
    await page.getByRole('button', { name: '不发了' }).click()
    await back(page)
    await tile(page, '说一句').click()
    await page.getByRole('log').getByText('走不动的老人').first().waitFor()
    await holds('talk')
    await page.getByRole('button', { name: '打字' }).click()
    await holds('talk, writing')
    await back(page)
    await tile(page, '紧急').click()
    await holds('sos')
    await back(page)
    await page.getByRole('link', { name: /字大小/ }).click()
    await holds('settings')
    // 18 to 30, and the largest on the smallest phone.
    const larger = page.getByRole('button', { name: '字大一点' })
    for (let n = 22; n < 30; n += 2) await larger.click()
    expect(await larger.isDisabled()).toBe(true)
    await page.setViewportSize({ width: 320, height: 640 })
    expect((await holds('settings, 30')).text).toBe(30)
    await back(page)
    expect((await holds('home, 30')).press).toBeLessThanOrEqual(8)
    // Somebody calls: that stands above every page until it was looked at, and takes nothing away from it.
    const { people } = await api.get<{ people: { id: string; name: string }[] }>(`/rooms/${town.room}/people`)
    const to = [people.find((p) => p.name === zhang.shown)!.id]
    await api.act(town.room, 'text.post', { with: { to }, words: { text: `@${zhang.shown} 您的出入证办好了，请来取` } })
    await page.locator('.heard').getByText('您的出入证办好了').waitFor()
    await holds('home, called, 30')
    for (const name of ['听通知', '找人帮忙', '说一句', '紧急']) {
      await tile(page, name).click()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await holds(`${name}, 30`)
      await back(page)
    }
    await page.locator('.heard').getByRole('button', { name: '关闭' }).click()
    // And so does what is said in passing.
    await context.setOffline(true)
    await page.locator('.strip').waitFor()
    await page.evaluate(() => dispatchEvent(new Event('vite:preloadError')))
    await page.locator('.toasts').getByText('没有网络，请连上后再试。').waitFor()
    await holds('home, told, 30')
    await page.locator('.toasts').getByRole('button', { name: '我知道了' }).click()
    await context.setOffline(false)
    await page.locator('.strip').waitFor({ state: 'detached' })
    await page.getByRole('link', { name: /字大小/ }).click()
    const smaller = page.getByRole('button', { name: '字小一点' })
    for (let n = 30; n > 18; n -= 2) await smaller.click()
    expect(await smaller.isDisabled()).toBe(true)
    expect((await holds('settings, 18')).text).toBe(18)
    await context.close()
    noFaults()
  })

test('whoever chose to be called is one tap away, at eight things to press; where nobody did, nothing stands there', async () => {
  const api = await boss()
  const tells = (phone: string, when = '') => api.ask('PUT', '/telephone', { room: town.room, phone, when })
  await tells('0371-6888 1234', '上午 8 点半到下午 6 点')
  await notice(api, '停气', '今晚22:00停气。')
  const { page, context } = await elderly(lixy)
  const call = page.getByRole('link', { name: '打电话给群主' })
  const room = page.getByRole('link', { name: /字大小/ })
  const know = page.locator('.card.new').getByRole('button', { name: '我知道了' })
  const holds = async (n: number) => {
    await still(page)
    const found = await measure(page)
    expect(found.wrong).toEqual([])
    expect(found.press).toBe(n)
  }
  await page.locator('.card.new', { hasText: '停气' }).waitFor()
  expect(await call.getAttribute('href')).toBe('tel:037168881234')
  await call.getByText(`${owner.name}，上午 8 点半到下午 6 点`).waitFor()
  expect(await room.count()).toBe(0) // it gives way to the notice
  await holds(8)
  await page.screenshot({ path: 'test-results/elder-call.png' })
  // Each notice that is known uncovers the next; behind the last the room's line is back.
  while ((await page.locator('.card.new').count()) > 0) {
    const title = await page.locator('.card.new h2').innerText()
    await know.click()
    await expect.poll(async () => (await page.locator('.card.new h2').allInnerTexts())[0]).not.toBe(title)
  }
  await room.waitFor()
  await holds(7)
  await page.getByRole('button', { name: '普通版' }).click()
  await page.getByRole('button', { name: '群信息' }).click()
  expect(await page.getByRole('dialog').locator('a[href^="tel:"]').getAttribute('href')).toBe('tel:037168881234')

  // The office's number is the office's.
  await tells('')
  const top = await signedIn(linli, admin)
  await top.ask('PUT', '/telephone', { phone: '12345' })
  await page.goto('/me')
  await page.getByRole('switch', { name: '长辈版' }).click()
  await page.goto('/')
  await page.getByRole('link', { name: '打电话给办事处' }).getByText('如意示范办事处').waitFor()
  await top.ask('PUT', '/telephone', { phone: '' })
  await page.reload()
  await room.waitFor()
  await expect.poll(() => page.locator('a[href^="tel:"]').count()).toBe(0)
  await context.close()
  noFaults()
})

test('the notices are read one after the other, as people speak, and 我知道了 counts for the household', async () => {
  const api = await boss()
  await notice(api, '疫苗', '明天9:00在3-1-101门口。')
  const seq = await notice(api, '今晚停水', '今晚22:00停水。次日5:00来水。')
  const { page, context } = await elderly(zhang)
  expect(await said(page)).toEqual([]) // not before a tap
  await page.locator('.card.new').getByText('今晚停水').waitFor()
  await tile(page, '听通知').click()
  const card = page.getByRole('article', { name: '今晚停水' })
  await card.locator('.reads', { hasText: '今晚停水' }).waitFor()
  await ends(page)
  await card.locator('.reads', { hasText: '今晚22:00停水。' }).waitFor()
  await ends(page)
  await card.locator('.reads', { hasText: '次日5:00来水。' }).waitFor()
  await ends(page)
  await page.getByText(/正在念第 2 条/).waitFor()
  const second = page.getByRole('article', { name: '疫苗' })
  await second.locator('.reads', { hasText: '疫苗' }).waitFor()
  await ends(page)
  await second.locator('.reads', { hasText: '明天9:00' }).waitFor()
  const heard = [
    '今晚停水',
    '今晚 10 点停水。',
    '第二天早上 5 点来水。',
    '疫苗',
    '明天上午 9 点在3 号楼 1 单元 101门口。',
  ]
  expect(await said(page)).toEqual(heard)
  // A pause is silence, and goes on with the sentence that it broke.
  await page.getByRole('button', { name: '停一停' }).click()
  await ends(page)
  await page.getByRole('button', { name: '接着念' }).click()
  await page.getByRole('button', { name: '停一停' }).waitFor()
  expect(await said(page)).toEqual([...heard, heard[4]])

  await card.getByRole('button', { name: '我知道了' }).click()
  await card.getByText('您已经确认收到').waitFor()
  const receipts = await api.get<{ confirmed: unknown[] }>(`/rooms/${town.room}/items/${seq}/receipts`)
  expect(receipts.confirmed).toHaveLength(1)
  // Leaving ends it.
  await back(page)
  await tile(page, '听通知').waitFor()
  await ends(page)
  expect(await said(page)).toHaveLength(heard.length + 1)
  // The first page says the next one that asks for it.
  await page.locator('.card.new').getByText('疫苗').waitFor()
  await page.locator('.card.new').getByRole('button', { name: '我知道了' }).click()
  await page.locator('.card.new', { hasText: '疫苗' }).waitFor({ state: 'detached' })

  // In the normal look a notice is read as well.
  await page.getByRole('button', { name: '普通版' }).click()
  await page.waitForURL('**/rooms/*')
  await page.locator('[role=log] .card', { hasText: '次日5:00来水' }).getByRole('button', { name: '念给我听' }).click()
  await expect.poll(async () => (await said(page)).slice(heard.length + 1)).toEqual(['今晚停水'])
  await context.close()
  noFaults()
})

test('a browser without a voice says so, and shows the text large', async () => {
  const { page, context } = await elderly(lixy, { mute: true })
  await tile(page, '听通知').click()
  const card = page.getByRole('article', { name: '今晚停水' })
  await card.getByText(/不会念中文/).waitFor()
  const size = await card
    .locator('p .followed.large')
    .first()
    .evaluate((e) => Number.parseFloat(getComputedStyle(e).fontSize))
  expect(size).toBeGreaterThan(28)
  await context.close()
  noFaults()
})

test('help is asked for by voice, without a typed word, and seen through to the end', async () => {
  const her = await inRoom(linli, lixy, town.room)
  const { page, context } = await elderly(zhang)
  await tile(page, '找人帮忙').click()
  await page.getByRole('button', { name: '买药' }).click()
  await page.getByRole('button', { name: '按一下，说要什么' }).click()
  await page
    .getByRole('timer')
    .getByText(/[12] 秒/)
    .waitFor()
  await page.getByRole('button', { name: '说完了，发出去' }).click()
  await page.getByText('“买药”发出去了').waitFor()

  const card = her.page.locator('[role=log] .card', { hasText: '求助 · 买药' })
  await card.waitFor()
  const spoken = her.page.locator('[role=log] .msg', { has: her.page.locator('.voice') })
  await spoken.locator('.quote', { hasText: '买药' }).waitFor() // it answers the request
  await her.page.getByRole('button', { name: /播放语音/ }).click()
  await expect.poll(() => her.page.locator('.voice .unheard').count()).toBe(0)
  await card.getByRole('button', { name: '我来帮忙' }).click()
  await page.getByText('李女士 已接下').waitFor()
  await card.getByRole('button', { name: '开始办理' }).click()
  await card.getByRole('button', { name: '已完成' }).click()
  const detail = her.page.getByRole('dialog')
  await detail.getByLabel(/说明一下/).fill('放在门口')
  await detail.getByRole('button', { name: '已完成' }).click()
  await page.getByRole('heading', { name: '李女士说：放在门口' }).waitFor()
  await back(page)
  await tile(page, '找人帮忙').getByText('买药 · 等您看看').waitFor()
  await tile(page, '找人帮忙').click()
  await page.getByRole('button', { name: '还没办好' }).click()
  await card.getByRole('button', { name: '已完成' }).click()
  await detail.getByRole('button', { name: '已完成' }).click()
  await page.getByRole('button', { name: '办好了，谢谢' }).click()
  await her.page.locator('[role=log] .line1', { hasText: '我 帮忙办结' }).waitFor()

  // Without a network it waits, request and voice, and both arrive in their order; also one that was written.
  await context.setOffline(true)
  await page.getByRole('button', { name: '取东西' }).click()
  await page.getByRole('button', { name: '按一下，说要什么' }).click()
  await page.getByRole('timer').getByText('1 秒').waitFor()
  await page.getByRole('button', { name: '说完了，发出去' }).click()
  await expect.poll(() => page.getByText('待发送').count()).toBe(2)
  await context.setOffline(false)
  await her.page
    .locator('[role=log] .msg', { has: her.page.locator('.voice') })
    .locator('.quote', { hasText: '代取' })
    .waitFor()
  await page.getByRole('button', { name: '修东西' }).click()
  await page.getByLabel('也可以打字').fill('灯泡坏了')
  await page.getByRole('button', { name: '发出求助' }).click()
  await page.getByRole('heading', { name: '灯泡坏了' }).waitFor()
  await her.page.reload() // she had scrolled up to the cards before
  await her.page.locator('[role=log] .card h2', { hasText: '灯泡坏了' }).waitFor()
  await page.locator('.card', { hasText: '修东西' }).getByRole('button', { name: '不用了，取消' }).click()
  await her.page.locator('[role=log] .line1', { hasText: '维修 已取消' }).waitFor()
  await done(her, { context })
  noFaults()
})

test('说一句 speaks and writes to the room, and shows what neighbours say', async () => {
  const her = await inRoom(linli, lixy, town.room)
  const { page, context } = await elderly(zhang)
  await tile(page, '说一句').click()
  await page.getByRole('button', { name: '按一下，说话' }).click()
  await page.getByRole('timer').getByText('1 秒').waitFor()
  await page.getByRole('button', { name: '说完了，发出去' }).click()
  await her.page.locator('[role=log] .msg').last().locator('.voice').waitFor()
  await page.getByRole('button', { name: '打字' }).click()
  await page.getByLabel('说点什么').fill('听得见吗')
  await page.getByRole('button', { name: '发送' }).click()
  await her.page.locator('[role=log]').getByText('听得见吗').waitFor()
  await her.page.getByLabel('说点什么').fill('听得很清楚，张大爷，您说得对，我们一会儿就来看您。')
  await her.page.getByRole('button', { name: '发送', exact: true }).click()
  const row = page.getByRole('log').locator('.msg', { hasText: '听得很清楚' })
  await row.getByRole('button', { name: '念给我听' }).click()
  await expect.poll(() => said(page)).toContain('听得很清楚，张大爷，您说得对，我们一会儿就来看您。')
  // What was just said is told to screen readers, once and in words.
  await expect.poll(() => page.locator('[data-news]').textContent()).toContain('3-1-102 李女士：听得很清楚')
  await expect.poll(() => her.page.locator('[data-news]').textContent()).toContain('听得见吗')
  await done(her, { context })
  noFaults()
})

test('a quote stays inside its bubble, however long and whosever', async () => {
  const [a, b] = [new Api(linli.url), new Api(linli.url)]
  await a.signIn(zhang.phone, password)
  await b.signIn(lixy.phone, password)
  const asked = '门口那辆红色的自行车是谁家的，能不能往里面挪一挪，轮椅过不去，麻烦了，谢谢大家。'
  const source = await a.act(town.room, 'text.post', { words: { text: asked } })
  await a.act(town.room, 'text.post', { re: source, words: { text: '已经挪了' } })
  await b.act(town.room, 'text.post', { re: source, words: { text: '好，看到了' } })
  for (const width of [390, 320]) {
    const { page, context } = await elderly(zhang, {}, { width, height: 844 })
    await tile(page, '说一句').click()
    for (const text of ['已经挪了', '好，看到了']) {
      const bubble = page.locator('.bub', { hasText: text })
      await bubble.waitFor()
      const quote = (await bubble.locator('.quote').boundingBox())!
      const around = (await bubble.boundingBox())!
      expect(quote.x).toBeGreaterThan(around.x)
      expect(quote.x + quote.width).toBeLessThan(around.x + around.width)
      expect(around.x).toBeGreaterThanOrEqual(0)
      expect(around.x + around.width).toBeLessThanOrEqual(width)
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await page.screenshot({ path: `test-results/elder-quote-${width}.png` })
    await context.close()
  }
  noFaults()
})

test('what may be asked for and what has happened stand on tiles with a picture, in the words of the home', async () => {
  const { page, context } = await elderly(zhang)
  await tile(page, '找人帮忙').click()
  await page.getByRole('button', { name: '买药' }).waitFor()
  await still(page)
  await page.screenshot({ path: 'test-results/elder-tiles.png', fullPage: true })
  const tiles = page.locator('.choices .pictured')
  expect(await tiles.locator('svg').count()).toBe(await tiles.count())
  expect(
    Math.min(...(await tiles.evaluateAll((all) => all.map((e) => e.getBoundingClientRect().height)))),
  ).toBeGreaterThanOrEqual(100)
  // None stands alone in half a row.
  const wide = await tiles.evaluateAll((all) => all.map((e) => [e.getBoundingClientRect().top, e.clientWidth] as const))
  const last = wide.filter(([top]) => top === wide.at(-1)![0])
  expect(last.length === 2 || last[0]![1] > wide[0]![1] * 1.9).toBe(true)
  const said = async () => (await page.locator('main').innerText()).replace(/\s+/g, ' ')
  for (const word of ['代取', '代缴', '陪护', '待认领', '待确认', '办理']) expect(await said()).not.toContain(word)
  await back(page)
  await tile(page, '紧急').click()
  await page.getByRole('radio', { name: '有人不舒服' }).waitFor()
  await still(page)
  await page.screenshot({ path: 'test-results/elder-sos.png', fullPage: true })
  for (const word of ['突发疾病', '人员被困', '火情']) expect(await said()).not.toContain(word)
  expect(await page.locator('fieldset .pictured svg').count()).toBe(6)
  expect((await measure(page)).wrong).toEqual([])
  await context.close()
  noFaults()
})

test('SOS is three taps with the numbers first, and a neighbour answers', async () => {
  const her = await inRoom(linli, lixy, town.room)
  const { page, context } = await elderly(zhang)
  let taps = 0
  const tap = (what: ReturnType<Page['locator']>) => {
    taps++
    return what.click()
  }
  await tap(tile(page, '紧急'))
  const calls = page.locator('a[href^="tel:"]')
  expect(await calls.evaluateAll((all) => all.map((a) => a.getAttribute('href')))).toEqual([
    'tel:120',
    'tel:110',
    'tel:119',
  ])
  expect(await page.getByRole('button', { name: '先选发生了什么' }).isDisabled()).toBe(true)
  await tap(page.getByRole('radio', { name: '有人被困' }))
  await tap(page.getByRole('button', { name: '马上告诉群主和邻居' }))
  expect(taps).toBeLessThanOrEqual(3)
  await page.getByText('已发出。群主和邻居都看得到。').waitFor()
  await page.getByText('60 秒没人回应，再叫一遍群主和副群主。').waitFor()
  await page.locator('.card .kind').getByText('有人被困').waitFor() // what it was called when it was chosen
  await her.page.locator('section.sos', { hasText: '人员被困' }).waitFor()
  await her.page.locator('section.sos').getByRole('button', { name: '我来处理' }).click()
  await page
    .getByText(/李女士 已响应/)
    .first()
    .waitFor()
  // She may be called; there is no door of one's own to be looked at, and nothing says it above once more.
  await page.getByRole('button', { name: '打给李女士' }).waitFor()
  expect(await page.getByRole('button', { name: '看门牌和电话' }).count()).toBe(0)
  expect(await page.getByText('60 秒没人回应').count()).toBe(0)
  await expect.poll(() => page.locator('.heard button').count()).toBe(0)
  expect((await measure(page)).wrong).toEqual([])
  await page.getByRole('button', { name: '误报' }).click()
  await page.getByRole('button', { name: '先选发生了什么' }).waitFor()
  await her.page.locator('section.sos').waitFor({ state: 'detached' })
  await done(her, { context })
  noFaults()
})

test('the way between the looks is open on every page, and the device remembers it', async () => {
  const { page, context } = await elderly(zhang)
  const here = async (path: string, there: string) => {
    await page.goto(path)
    await page.getByRole('button', { name: '普通版' }).click()
    await page.waitForURL(`**${there}`)
    expect(await page.evaluate(() => document.documentElement.dataset.mode)).toBe(undefined)
    await page.goto('/me')
    await page.getByRole('switch', { name: '长辈版' }).click()
    await page.getByRole('button', { name: '字大一点' }).waitFor()
  }
  await here('/', `/rooms/${town.room}`)
  for (const part of ['notices', 'help', 'talk', 'sos'])
    await here(`/elder/${town.room}/${part}`, `/rooms/${town.room}`)
  await here('/elder/settings', `/rooms/${town.room}`)
  // A way into the room that somebody wrote down leads to it in this look.
  await page.goto(`/rooms/${town.room}`)
  await page.waitForURL(`**/elder/${town.room}/talk`)
  await page.goto('/rooms')
  await tile(page, '听通知').waitFor()
  await page.reload()
  await tile(page, '听通知').waitFor()
  await page.getByRole('button', { name: '普通版' }).click()
  await page.waitForURL('**/rooms/*')
  await page.goto(`/elder/${town.room}/talk`)
  await page.waitForURL(`**/rooms/${town.room}`)
  await context.close()
  noFaults()
})
