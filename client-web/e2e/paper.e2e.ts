// M11: what goes to the printer is the matter alone, black on white.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, signIn, someone, withBrowser } from './page'
import { admin, owner, password, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

// Presses 打印 and looks at what the printer would get; the printer itself is asked once.
const printed = async (page: Page, press: () => Promise<void>) => {
  await page.evaluate(() => {
    const w = window as unknown as { prints: number }
    w.prints = 0
    window.print = () => w.prints++
  })
  await press()
  await expect.poll(() => page.evaluate(() => (window as unknown as { prints: number }).prints)).toBe(1)
  await page.emulateMedia({ media: 'print' })
  const found = await page.evaluate(() => {
    const shown = [...document.querySelectorAll('body *')].filter(
      (e) => (e as HTMLElement).checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().height > 0,
    )
    const paper = document.querySelector('.paper')!
    const inks = shown.map((e) => getComputedStyle(e))
    return {
      text: paper.textContent!,
      beside: shown.filter((e) => !paper.contains(e) && !e.contains(paper)).map((e) => e.outerHTML.slice(0, 80)),
      presses: shown.filter((e) => e.matches('button, a, input')).length,
      colours: [...new Set(inks.map((s) => s.color))],
      grounds: [...new Set(inks.map((s) => s.backgroundColor))],
      title: Number.parseFloat(getComputedStyle(paper.querySelector('h1')!).fontSize),
      body: Number.parseFloat(getComputedStyle(paper).fontSize),
      whole: document.body.scrollHeight >= paper.getBoundingClientRect().height - 1,
    }
  })
  const pages = (
    (await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1').match(/\/Type\s*\/Page\b/g) ?? []
  ).length
  await page.emulateMedia({ media: 'screen' })
  await page.evaluate(() => dispatchEvent(new Event('afterprint')))
  await page.locator('.paper').waitFor({ state: 'detached' })
  expect(found.beside).toEqual([])
  expect(found.presses).toBe(0)
  expect(found.colours).toEqual(['rgb(0, 0, 0)'])
  expect(found.grounds.filter((g) => !['rgba(0, 0, 0, 0)', 'rgb(255, 255, 255)'].includes(g))).toEqual([])
  expect(found.whole).toBe(true)
  return { ...found, pages }
}

for (const colorScheme of ['light', 'dark'] as const)
  test(`a notice in large type, and the doors that have not confirmed it, from a ${colorScheme} page`, async () => {
    const boss = new Api(linli.url)
    await boss.signIn(owner.phone, password)
    const title = `停水 ${colorScheme}`
    await boss.act(town.room, 'notice.post', {
      with: { confirm: true, pin: true, importance: 'normal', until: Date.now() + 86_400_000 },
      words: { title, body: '今晚22:00停水。\n请提前存水。' },
    })
    const s = await someone(linli, undefined, { colorScheme })
    await signIn(s.page, owner)
    await s.page.goto(`/rooms/${town.room}`)
    const card = s.page.locator('[role=log] .card', { hasText: title })
    const notice = await printed(s.page, () => card.getByRole('button', { name: '打印' }).click())
    expect(notice.text).toContain(title)
    expect(notice.text).toContain('今晚22:00停水。')
    expect(notice.text).toContain('有效到')
    expect(notice.text).toContain('周社工')
    expect(notice.body).toBeGreaterThan(26) // 20 points
    expect(notice.title).toBeGreaterThan(44)
    expect(notice.pages).toBe(1)

    await card.getByRole('button', { name: '查看未确认' }).click()
    const list = await printed(s.page, () => s.page.getByRole('dialog').getByRole('button', { name: '打印' }).click())
    expect(list.text).toContain('0 / 42 户已确认')
    expect(list.text).toContain('3-1-102')
    expect(list.pages).toBe(1)
    // The page is there as before.
    await card.waitFor()
    await s.context.close()
    noFaults()
  })

test('the doors behind which nobody is yet, and the rules of the room', async () => {
  const s = await someone(linli, { width: 1280, height: 800 })
  await signIn(s.page, admin)
  await s.page.goto('/office')
  await s.page.locator('button.kpi').first().click()
  const doors = await printed(s.page, () => s.page.getByRole('dialog').getByRole('button', { name: '打印' }).click())
  expect(doors.text).toContain('未入群的门牌')
  const total = Number(/还有 (\d+) 户/.exec(doors.text)![1])
  expect(doors.text.match(/\d-\d-\d{3,4}/g)).toHaveLength(total)
  await s.context.close()

  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '群信息' }).click()
  const info = own.page.getByRole('dialog')
  await info.getByText('群规和设置').click()
  await info.getByLabel('群规', { exact: true }).fill(`一、互相帮忙。\n${'二、晚上轻一点。\n'.repeat(120)}`)
  await info.getByRole('button', { name: '保存群规' }).click()
  const rules = await printed(own.page, () => info.getByRole('button', { name: '打印' }).click())
  expect(rules.text).toContain('一、互相帮忙。')
  expect(rules.pages).toBeGreaterThan(2)
  await own.context.close()
  noFaults()
})

test('a page printed without the button has its matter whole, and none of what one presses', async () => {
  const a = await inRoom(linli, zhang, town.room)
  await a.page.goto('/me')
  await a.page.getByText('登录设备').waitFor()
  await a.page.emulateMedia({ media: 'print' })
  const found = await a.page.evaluate(() => ({
    buttons: [...document.querySelectorAll('button.btn, .tabs, .rail')].filter((e) =>
      (e as HTMLElement).checkVisibility(),
    ).length,
    cut: document.body.scrollHeight < document.querySelector('main')!.scrollHeight,
    still: getComputedStyle(document.body).position,
  }))
  expect(found).toEqual({ buttons: 0, cut: false, still: 'static' })
  await a.context.close()
  noFaults()
})
