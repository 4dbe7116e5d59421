// M11: what goes to the printer is the matter alone, black on white.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, signIn, someone, withBrowser } from './page'
import { admin, owner, signedIn, zhang } from './town'

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
    const boss = await signedIn(linli, owner)
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
    expect(list.text).toContain('0 / 40 户已确认 · 0 / 2 店')
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

  // First codes, cut and handed over: each with whose it is, the code, and where it is typed.
  const boss = await signedIn(linli, admin)
  for (const [name, phone] of [
    ['田新人', '13900008066'],
    ['吴新人', '13900008067'],
  ])
    await boss.post('/staff', { name, phone, role: 'deputy', room: town.room })
  await s.page.goto('/office')
  await s.page.getByRole('button', { name: '打印首次登录码' }).first().click()
  const sheet = s.page.getByRole('dialog')
  await sheet.getByRole('button', { name: '生成登录码' }).click()
  const codes = await printed(s.page, () => sheet.getByRole('button', { name: '打印' }).click())
  const rows = await sheet.locator('li').allInnerTexts()
  for (const name of ['田新人', '吴新人']) {
    const row = rows.find((r) => r.includes(name))!
    expect(codes.text).toContain(name)
    expect(codes.text).toContain(row.trim().split(/\s+/).at(-1))
  }
  expect(codes.text).toContain(linli.url)
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

// The paper itself is read in internal/paper.
test('a poster whose address is not for phones says so before it is printed, with the line to set; in the office as in the room', async () => {
  const own = await inRoom(linli, owner, town.room)
  const boss = await someone(linli, { width: 1280, height: 800 })
  await signIn(boss.page, admin)
  const links = `**/api/v1/rooms/${town.room}/links`
  for (const [{ page }, open] of [
    [own, () => own.page.getByRole('button', { name: '群信息' }).click()],
    [boss, () => boss.page.getByRole('button', { name: '和园3号楼', exact: true }).click()],
  ] as const) {
    await open()
    const poster = page.getByRole('region', { name: '海报' })
    const says = poster.getByRole('status')
    await says.getByText('只有这台机器打得开').waitFor() // as this server is asked: at 127.0.0.1
    await says.getByText('海报上印着“试用”').waitFor()
    expect(await says.locator('code').innerText()).toBe('linli serve -public https://您的域名')
    for (const [url, said] of [
      ['http://192.168.1.9:8080/join/l1', '这个地址不是 https'],
      ['https://heyuan.example.cn/join/l1', ''],
    ] as const) {
      await page.route(links, (route) =>
        route.fulfill({ json: { links: [{ link: 'l1', url, created: 1, scans: 0 }] } }),
      )
      await page.reload()
      await open()
      await poster.getByText(url).waitFor()
      if (said) await says.getByText(said).waitFor()
      else expect(await says.count()).toBe(0)
      await page.unroute(links)
    }
  }
  for (const s of [own, boss]) await s.context.close()
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
