// What is written to break a page breaks nothing: it is text, in its own place, on a narrow phone.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, signIn, someone, withBrowser } from './page'
import { admin, admit, apply, family, lixy, owner, signedIn, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const tower = `塔${'\u0336\u0301\u20dd\u0352'.repeat(60)}塔`
const hostile = {
  markup: '<img src=x onerror="document.body.remove()"><script>document.body.remove()</script><b>粗</b>{{ 7*7 }}',
  bidi: '\u202e倒着写\u202d\u2067\u200f停水',
  tower,
  long: 'w'.repeat(260),
  signs: '﷽'.repeat(40),
  unseen: '字\u200b\u200d\ufeff\u2060字',
}

const whole = async (page: Page, what: string) => {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth
    const over = [...document.querySelectorAll('#app *, dialog[open] *')].filter((el) => {
      const r = el.getBoundingClientRect()
      return r.width > 0 && r.right > width + 1 && !el.closest('.scrollx, .lanes, svg, .vh')
    })
    return [document.documentElement.scrollWidth - width, over.map((el) => el.outerHTML.slice(0, 80))] as const
  })
  expect(wide, what).toEqual([0, []])
  expect(await page.locator('#app img[src=x], #app script, dialog img[src=x], dialog script').count(), what).toBe(0)
}

test('hostile text in messages, cards and search stays text and stays in its place', async () => {
  const boss = await signedIn(linli, owner)
  const b = await signedIn(linli, lixy)
  const a = await inRoom(linli, zhang, town.room, { width: 360, height: 740 })
  const log = a.page.locator('[role=log]')
  for (const [name, text] of Object.entries(hostile)) {
    await b.act(town.room, 'text.post', { words: { text: `邻居 ${name}` } })
    const seq = await b.act(town.room, 'text.post', { words: { text } })
    await boss.act(town.room, 'text.post', { words: { text: `后面 ${name}` } })
    const row = log.locator(`[data-seq="${seq}"]`)
    await row.waitFor()
    await whole(a.page, name)
    // A tower of accents is no higher than two lines.
    if (name === 'tower')
      expect(await row.locator('.said').evaluate((el) => el.getBoundingClientRect().height)).toBeLessThan(80)
    // The rows beside it are to be seen and to be tapped; none is covered.
    for (const beside of [`邻居 ${name}`, `后面 ${name}`]) {
      const said = log.getByText(beside, { exact: true })
      await said.scrollIntoViewIfNeeded()
      expect(
        await said.evaluate((el) => {
          const r = el.getBoundingClientRect()
          const there = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2)
          return !!there && (el === there || el.contains(there) || there.contains(el))
        }),
        `${beside} is covered`,
      ).toBe(true)
    }
    // The name before it and the time behind it stand where they stand beside any other.
    const head = await log
      .locator('.who', { hasText: '3-1-102 李女士' })
      .last()
      .evaluate((el) => {
        const [name, time] = [el.querySelector('.name')!, el.querySelector('time')]
        return !time || name.getBoundingClientRect().right <= time.getBoundingClientRect().left // a time line may stand above
      })
    expect(head, name).toBe(true)
  }
  for (const text of [hostile.markup, hostile.bidi, tower, 'w'.repeat(70)]) {
    const short = [...text].slice(0, 75).join('')
    await boss.act(town.room, 'notice.post', {
      with: { confirm: true, pin: true, importance: 'normal' },
      words: { title: short, body: text },
    })
    await b.act(town.room, 'request.post', { with: { template: '买药', door: false }, words: { text, note: text } })
    await boss.act(town.room, 'poll.post', {
      with: { options: 2, per: 'person' },
      words: { title: short, options: [[...text].slice(0, 40).join(''), '另一个'] },
    })
    await b.act(town.room, 'place.post', { words: { text: [...text].slice(0, 190).join('') } })
    await b.act(town.room, 'suggestion.post', { words: { text } })
    await log.getByText('另一个').last().waitFor()
    await whole(a.page, `cards with ${short.slice(0, 10)}`)
  }
  await a.page.locator('.noticebar').first().click()
  await a.page.getByRole('dialog').waitFor()
  await whole(a.page, 'the notice')
  await a.page.keyboard.press('Escape')

  await a.page.goto('/rooms')
  await a.page.locator('a.rowbtn', { hasText: '和园3号楼' }).waitFor()
  await whole(a.page, 'rooms')
  await a.page.goto('/search')
  for (const text of ['停水', '塔', 'www', hostile.markup.slice(0, 60), '\u202e倒', '字字', '"; DROP TABLE']) {
    await a.page.getByRole('textbox', { name: '搜索' }).fill(text)
    await a.page.locator('.list .rowbtn, .empty h2').first().waitFor()
    await whole(a.page, `search for ${text}`)
  }
  expect(await a.page.locator('body').count()).toBe(1)
  await a.context.close()
  noFaults()
})

// The longest names that the register takes, in the dark, on the narrowest phone, and a table of 1,000 rows.
test('names of thirty characters and a thousand rows stay in their place, 320 px wide and dark', async () => {
  const long = (first: string) => first + '买买提吐尔逊江阿卜杜热合曼·'.repeat(3).slice(0, 29)
  const boss = await signedIn(linli, owner)
  await admit(linli, boss, town.link, { ...wangli, name: long('王') })
  const her = await signedIn(linli, wangli)
  await her.act(town.room, 'request.post', { with: { template: '买药' }, words: { text: '买一盒药' } })
  await boss.act(town.room, 'notice.post', {
    with: { confirm: true, pin: true, importance: 'normal' },
    words: { title: '明早停水', body: '请储水' },
  })
  await her.act(town.room, 'text.post', { words: { text: '我是新来的' } })
  await apply(linli, town.link, { ...family, name: long('张') })
  const narrow = { width: 320, height: 700 }
  const look = async (page: Page, what: string) => {
    if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/long-${what}.png` })
    await whole(page, what)
  }
  const o = await someone(linli, narrow, { colorScheme: 'dark' })
  await signIn(o.page, owner)
  await o.page.goto('/rooms')
  await o.page.getByRole('link', { name: /和园3号楼/ }).waitFor()
  await look(o.page, 'rooms')
  await o.page.goto(`/rooms/${town.room}`)
  await o.page.getByRole('log').getByText('我是新来的').waitFor()
  await look(o.page, 'talk')
  await o.page.getByRole('button', { name: '查看未确认' }).first().click()
  await o.page.getByRole('dialog').getByText('3-1-').first().waitFor()
  await look(o.page, 'receipts')
  await o.page.keyboard.press('Escape')
  await o.page.getByRole('button', { name: '群信息', exact: true }).click()
  await o.page.getByRole('dialog').getByText(long('王')).first().waitFor()
  await look(o.page, 'members')
  await o.page.goto('/tasks')
  await o.page.getByText('买一盒药').waitFor()
  await look(o.page, 'tasks')
  await o.page.goto('/admission')
  await o.page.getByText(long('张')).first().waitFor()
  await look(o.page, 'queue')
  const b = await someone(linli, narrow, { colorScheme: 'dark' })
  await signIn(b.page, admin)
  await b.page.goto('/office/roster')
  const rows = Array.from({ length: 1000 }, (_, i) => `和园,${5 + (i % 9)}-${1 + (i % 3)}-${101 + i},${long('李')}`)
  await b.page.getByLabel('把花名册拖到这里').setInputFiles({
    name: `${long('表')}.csv`,
    mimeType: 'text/csv',
    buffer: Buffer.from(`小区,门牌,住户\n${rows.join('\n')}\n`),
  })
  await b.page.getByText('导入前看一看').waitFor()
  await look(b.page, 'preview')
  for (const s of [o, b]) await s.context.close()
})

test('what is typed with control characters goes out without them', async () => {
  const a = await inRoom(linli, zhang, town.room)
  await a.page.getByLabel('说点什么').evaluate((el: HTMLTextAreaElement) => {
    el.value = '贴进来的\u0000\u0007\u001b[31m字\ud83d'
    el.dispatchEvent(new Event('input'))
  })
  await a.page.getByRole('button', { name: '发送', exact: true }).click()
  await a.page.locator('[role=log]').getByText('贴进来的[31m字').waitFor()
  await expect.poll(() => a.page.getByText('待发送').count()).toBe(0)
  await a.context.close()
  noFaults()
})
