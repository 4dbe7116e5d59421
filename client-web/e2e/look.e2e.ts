// Every page in every dress: nothing that axe objects to, nothing that runs out of a narrow screen.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Api } from './api'
import { some } from '../scripts/long'
import { Linli } from './linli'
import { desk, noFaults, signIn, someone, withBrowser, still } from './page'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const password = 'linli2026'
let linli: Linli
let who: Record<string, string>
withBrowser()
beforeAll(async () => {
  linli = await Linli.start('', 'demo', '--at', '10:30', '--keep-files', '30', '--speech-hook', 'http://127.0.0.1:9/')
  who = Object.fromEntries(
    [...linli.log.matchAll(/^ {2}(\w+) .*?(1\d{10})/gm)].map(([, role, phone]) => [role!, phone!]),
  )
})
afterAll(() => linli.stop())

const clean = async (page: Page, where: string) => {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof import('axe-core') }).axe.run(document, {
      resultTypes: ['violations'],
    })
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)
  })
  expect(found, where).toEqual([])
}

const fits = async (page: Page, where: string) => {
  const wide = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth
    return [...document.querySelectorAll('main *, section *')]
      .filter((e) => e.getBoundingClientRect().right > limit + 1 && !e.closest('.scrollx, .vh, .toasts'))
      .slice(0, 3)
      .map((e) => e.outerHTML.slice(0, 120))
  })
  expect(wide, where).toEqual([])
}

const dresses = some(19, 2, [
  { name: 'phone', viewport: { width: 360, height: 780 } },
  { name: 'phone, dark, large', viewport: { width: 390, height: 844 }, dark: true, size: '22' },
  { name: 'phone, English', viewport: { width: 390, height: 844 }, english: true },
  { name: 'desk', viewport: desk },
  { name: 'desk, dark', viewport: desk, dark: true },
])

test('a room is given what the day has no example of: a picture, a voice, a file', async () => {
  const s = await someone(linli)
  await signIn(s.page, { phone: who.volunteer! }, password)
  await s.page.getByRole('link', { name: /电力小区3号楼/ }).click()
  const bring = async (way: string, name: string, mimeType: string, buffer: Buffer) => {
    await s.page.getByRole('button', { name: '发别的' }).click()
    await s.page.locator(`input[data-way=${way}]`).setInputFiles([{ name, mimeType, buffer }])
    await s.page.locator('.panel').waitFor({ state: 'detached' })
  }
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
  await bring('album', 'a.png', 'image/png', Buffer.from(dot, 'base64'))
  await bring('file', '停水通知.pdf', 'application/pdf', Buffer.from('%PDF-1.7'))
  await s.page.getByRole('button', { name: '说一句' }).click()
  await s.page.getByRole('timer').getByText('1″').waitFor()
  await s.page.getByRole('button', { name: '发送', exact: true }).click()
  await s.page.locator('.voice .wave').waitFor()
  await s.context.close()
})

let first = ''
let second = ''
test('the volunteer is in a second room, has passed on to it, and keeps some of it', async () => {
  const boss = new Api(linli.url)
  await boss.signIn(who.administrator!, password)
  const a = new Api(linli.url)
  await a.signIn(who.volunteer!, password)
  const { rooms } = await a.get<{ rooms: { id: string; name: string; community: string; seq: number }[] }>('/rooms')
  const home = rooms.find((r) => r.name.includes('电力小区3号楼'))!
  first = home.id
  second = (await boss.post<{ id: string }>('/rooms', { name: '志愿者协调和轮班安排群', community: home.community })).id
  const { link } = await boss.post<{ link: string }>(`/rooms/${second}/links`)
  const { charter } = await boss.get<{ charter: { version: number } }>(`/join/${link}`)
  await a.post(`/join/${link}`, { relation: 'other', category: '志愿者', charter: charter.version })
  const { applications } = await boss.get<{ applications: { id: string; room: string; version: number }[] }>(
    '/applications?state=pending',
  )
  const { id, version } = applications.find((x) => x.room === second)!
  await boss.post(`/applications/${id}/approve`, { version, category: '志愿者' })
  const { new: items } = await a.get<{ new: { seq: number; kind: string; state?: { retracted?: boolean } }[] }>(
    `/rooms/${first}/items?limit=200`,
  )
  const of = (...kinds: string[]) =>
    items.filter((i) => kinds.includes(i.kind) && !i.state?.retracted).map((i) => i.seq)
  const pass = (seqs: number[], text?: string) =>
    a.act(second, 'forward.post', { with: { from: first, seqs }, words: text ? { text } : undefined })
  await pass([...of('text').slice(-8), ...of('picture', 'voice', 'file'), ...of('poll').slice(-1)], '3号楼今天的情况')
  await pass(of('text').slice(-1))
  await pass(of('request').slice(-1))
  for (const seq of of('text', 'picture').slice(-6)) await a.ask('PUT', `/me/stars/${first}/${seq}`)
  await a.ask('PUT', `/me/drafts/${first}`, { text: '轮到谁去取菜' })
})

test('after five minutes without a word the talk says when it goes on, and one’s own say when they were said', async () => {
  const { page, context } = await someone(linli, { width: 390, height: 844 })
  await signIn(page, { phone: who.resident! }, password)
  await page.goto(`/rooms/${first}`)
  const say = async (text: string) => {
    await page.getByLabel('说点什么').fill(text)
    await page.getByRole('button', { name: '发送', exact: true }).click()
    await page.getByRole('log').getByText(text, { exact: true }).waitFor()
  }
  const other = new Api(linli.url)
  await other.signIn(who.volunteer!, password)
  await say('我先说一句')
  await other.act(first, 'text.post', { words: { text: '我接一句' } })
  await page.getByRole('log').getByText('我接一句', { exact: true }).waitFor()
  await say('我再说一句')
  await say('还有一句')
  const { new: items } = await other.get<{ new: { seq: number; at: number; by: string; kind: string }[] }>(
    `/rooms/${first}/items?limit=50`,
  )
  const shown = await page.evaluate((items) => {
    const day = (at: number) => new Date(at).toDateString()
    return [...document.querySelectorAll('[role=log] .rowpad')].flatMap((row) => {
      const i = items.findIndex((x) => x.seq === Number(row.querySelector<HTMLElement>('[data-seq]')?.dataset.seq))
      const [before, item] = [items[i - 1], items[i]]
      if (!before || !item) return []
      const time = (at: string) => row.querySelector<HTMLTimeElement>(at)?.dateTime
      return {
        follows:
          day(before.at) === day(item.at) &&
          item.at - before.at < 180_000 &&
          before.by === item.by &&
          [before, item].every((i) => i.kind === 'text'),
        quiet: day(before.at) === day(item.at) && item.at - before.at > 300_000,
        line: time('time.day'),
        said: new Date(item.at).toISOString(),
        mine: !!row.querySelector('.msg.mine'),
        tight: row.classList.contains('tight'),
        own: time('time.when'),
      }
    })
  }, items)
  expect(shown.filter((r) => r.quiet).length).toBeGreaterThan(0)
  for (const r of shown) expect(r.line).toBe(r.quiet ? r.said : undefined)
  const mine = shown.filter((r) => r.mine)
  // What goes on with what one said before; a neighbour of the district may have said something in between.
  expect(mine.slice(-2).map((r) => r.tight)).toEqual(mine.slice(-2).map((r) => r.follows))
  for (const r of mine) expect(r.own ?? r.line).toBe(r.tight ? undefined : r.said)
  await context.close()
})

for (const d of dresses) {
  test(`every page on a ${d.name}`, async () => {
    const dress = async (role?: string, userAgent?: string) => {
      const s = await someone(linli, d.viewport, { colorScheme: d.dark ? 'dark' : 'light', userAgent })
      await s.page.addInitScript(
        ([size, tongue]) => {
          localStorage.setItem('linli.size', size!)
          localStorage.setItem('linli.language', tongue!)
        },
        [d.size ?? '18', d.english ? 'en' : 'zh-CN'],
      )
      if (role) {
        await s.page.goto('/signin')
        await s.page.locator('input[type=tel]').fill(who[role]!)
        await s.page.locator('input[type=password]').fill(password)
        await s.page.locator('button[type=submit]').click()
        await s.page.waitForURL(/\/(rooms|office)$/)
      }
      return s
    }
    const see = async (page: Page, where: string) => {
      await still(page)
      await fits(page, `${where}, ${d.name}`)
      await clean(page, `${where}, ${d.name}`)
    }

    const nobody = await dress()
    await nobody.page.goto('/signin')
    await see(nobody.page, 'sign-in')
    await nobody.context.close()

    const resident = await dress('resident')
    await see(resident.page, 'rooms')
    await resident.page.goto('/catchup')
    await resident.page.locator('.page .sec').first().waitFor()
    await see(resident.page, 'what was missed')
    await resident.page.goto('/rooms')
    await resident.page.locator('a.rowbtn').first().click()
    await resident.page.getByRole('log').waitFor()
    await see(resident.page, 'room')
    const lane = resident.page.locator('.lanes a')
    for (const n of [1, 2]) {
      await lane.nth(n).click()
      await see(resident.page, `lane ${n}`)
    }
    await lane.first().click()
    await resident.page.locator('.noticebar').click()
    await see(resident.page, 'notices')
    await resident.page.keyboard.press('Escape')
    await resident.page.locator('.bar .iconbtn').last().click()
    await see(resident.page, 'room info')
    await resident.page.keyboard.press('Escape')
    await resident.page.locator('.composer2 .iconbtn').last().click()
    await see(resident.page, 'what can be posted')
    await resident.page.getByRole('button', { name: d.english ? 'Ask for help' : '找人帮忙' }).click()
    await see(resident.page, 'compose a request')
    await resident.page.keyboard.press('Escape')
    await resident.page.locator('.bar .iconbtn').last().click()
    await resident.page.getByRole('button', { name: d.english ? 'Files of this room' : '群文件' }).click()
    await resident.page.locator('.shelf img').first().waitFor()
    await see(resident.page, 'shelf')
    await resident.page.locator('.shelf .pictures button').first().click()
    await resident.page.locator('.viewer img').first().waitFor()
    await clean(resident.page, `a picture, ${d.name}`)
    await resident.page.keyboard.press('Escape')
    await resident.page.keyboard.press('Escape')
    await resident.page.locator('main .sosbtn').click()
    await see(resident.page, 'emergency')
    await resident.page.keyboard.press('Escape')
    await resident.page.goto('/search')
    await see(resident.page, 'search')
    await resident.page.locator('.seek input').fill('出入证')
    await resident.page.locator('.list .rowbtn').first().waitFor()
    await see(resident.page, 'what was found')
    await resident.page.locator('.list .rowbtn').first().click()
    await resident.page.locator('.around .hit').waitFor()
    await see(resident.page, 'around a hit')
    await resident.page.keyboard.press('Escape')
    await resident.page.goto('/todo')
    await resident.page.locator('.todorow').first().waitFor()
    await see(resident.page, 'what waits')
    await resident.page.locator('.todorow .iconbtn').first().click()
    await resident.page.getByRole('button', { name: d.english ? 'Undo' : '撤销' }).waitFor()
    await see(resident.page, 'put aside')
    await resident.page.getByRole('button', { name: d.english ? 'Undo' : '撤销' }).click()
    await resident.page.goto('/me')
    await see(resident.page, 'me')
    await resident.page.getByRole('button', { name: d.english ? 'Keep 邻里 as an app' : '把邻里放到桌面' }).click()
    await see(resident.page, 'how to install')
    await resident.page.keyboard.press('Escape')
    await resident.page.goto('/me/alerts')
    await resident.page.locator('.narrow .btn').first().waitFor()
    await see(resident.page, 'alerts')
    await resident.page.goto('/share')
    await see(resident.page, 'nothing shared')
    await resident.page.evaluate(async () => {
      const box = await caches.open('shared')
      await box.put(
        '/share/words',
        new Response('停水通知 https://example.cn/a/very/long/address/that/goes/on/and/on/and/on'),
      )
      await box.put(
        '/share/files/0',
        new Response('%PDF-1.7', { headers: { 'X-Name': encodeURIComponent('通知.pdf') } }),
      )
    })
    await resident.page.goto('/share')
    await resident.page.locator('.brought').waitFor()
    await see(resident.page, 'something shared')
    await resident.context.close()

    const helper = await dress('volunteer')
    await helper.page.locator('.begun').waitFor()
    await see(helper.page, 'rooms with a draft')
    await helper.page.goto(`/rooms/${second}`)
    await helper.page.locator('button.quoted').waitFor()
    await see(helper.page, 'what was passed on')
    await helper.page.locator('button.quoted').click()
    await helper.page.locator('.whole li').first().waitFor()
    await see(helper.page, 'all that was passed on')
    await helper.page.keyboard.press('Escape')
    await helper.page.goto(`/rooms/${first}`)
    await helper.page.getByRole('log').locator('.bub .said').last().click({ button: 'right' })
    await see(helper.page, 'what can be done with a message')
    await helper.page.getByRole('button', { name: d.english ? 'Select several' : '多选' }).click()
    await helper.page.locator('.picked').last().waitFor()
    await see(helper.page, 'several are chosen')
    await helper.page.locator('.pickbar .btn.main').click()
    await helper.page.locator('dialog input[type=radio]').first().check()
    await see(helper.page, 'where to')
    await helper.page.keyboard.press('Escape')
    await helper.page.goto('/me/stars')
    await helper.page.locator('.starrow').first().waitFor()
    await see(helper.page, 'what is kept')
    await helper.context.close()
    const wechat = await dress('resident', 'Chrome/111.0 Mobile Safari/537.36 MicroMessenger/8.0.40')
    await see(wechat.page, 'rooms in WeChat')
    await wechat.page.locator('aside .btn').click()
    await wechat.page.locator('dialog.outside').waitFor()
    await see(wechat.page, 'the way out of WeChat')
    await wechat.context.close()

    const owner = await dress('owner')
    await owner.page.goto('/admission')
    await owner.page.locator('article').first().waitFor()
    await see(owner.page, 'admission')
    await owner.page.locator('article .btn.line').first().click()
    await see(owner.page, 'ask for more')
    await owner.page.keyboard.press('Escape')
    await owner.page.goto('/rooms')
    await owner.page.locator('a.rowbtn').first().click()
    await owner.page.getByRole('log').waitFor()
    await owner.page.locator('.bar .iconbtn').last().click()
    await see(owner.page, 'room info of an owner')
    await owner.page.locator('.reach summary').click()
    await see(owner.page, 'whom a room reaches')
    const link = await owner.page.evaluate(async () => {
      const room = location.pathname.split('/').at(-1)
      const headers = { 'Content-Type': 'application/json' }
      await fetch(`/api/v1/rooms/${room}/links`, { method: 'POST', headers, body: '{}' })
      const { links } = await (await fetch(`/api/v1/rooms/${room}/links`)).json()
      return links.find((l: { revoked?: number }) => !l.revoked).link as string
    })
    const applicant = await dress()
    await applicant.page.goto(`/join/${link}`)
    await applicant.page.locator('form').waitFor()
    await see(applicant.page, 'form to join')
    await applicant.page.goto('/join/nosuchlink')
    await see(applicant.page, 'a link that is none')
    await applicant.context.close()
    await owner.context.close()

    const admin = await dress('administrator')
    await admin.page.goto('/office')
    await admin.page.locator('.fold').first().click()
    await see(admin.page, 'office')
    await admin.page.locator('td .btn').first().click()
    await see(admin.page, 'a room of the office')
    await admin.page.keyboard.press('Escape')
    await admin.page.locator('button.kpi').first().click()
    await see(admin.page, 'uncovered doors')
    await admin.page.goto('/office/roster')
    await see(admin.page, 'roster')
    await admin.context.close()
    noFaults()
  })
}

// What the pictures have everywhere, asked of the page itself.
const rules = async (page: Page, where: string) => {
  const broken = await page.evaluate(() => {
    const width = (e: Element, side: 'borderTopWidth' | 'borderBottomWidth') =>
      Number.parseFloat(getComputedStyle(e)[side])
    const rows = [...document.querySelectorAll('.list > li')].filter((e) => e.checkVisibility())
    const doubled = rows.filter((e) => {
      const above = e.previousElementSibling
      const bottoms = above ? [above, ...above.querySelectorAll(':scope > .rowbtn')] : []
      return width(e, 'borderTopWidth') + Math.max(0, ...bottoms.map((b) => width(b, 'borderBottomWidth'))) > 1.5
    })
    const pressed = [...document.querySelectorAll('a[href], button, select, textarea, label:has(input)')]
      .filter((e) => e.checkVisibility() && !e.closest('p, .vh') && !e.matches('.vhmenu, .roommore, .linkish'))
      .map((e) => ({ e, box: e.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44))
    const heading = document.querySelector('main > .bar h1, section > .bar h1')
    const title = heading
      ? heading.getBoundingClientRect().left + Number.parseFloat(getComputedStyle(heading).paddingLeft)
      : 16
    return [
      ...doubled.map((e) => `two lines above ${e.textContent?.slice(0, 20)}`),
      ...pressed.map(({ e, box }) => `${e.outerHTML.slice(0, 80)} is ${box.width} by ${box.height}`),
      ...(title === 16 || title > 40 ? [] : [`the title begins at ${title}`]),
    ]
  })
  expect(broken, where).toEqual([])
}
test('on a narrow phone rows have one line between them, buttons their size, titles one edge; a header drops what does not fit', async () => {
  const { page, context } = await someone(linli, { width: 320, height: 844 })
  await signIn(page, { phone: who.resident! }, password)
  for (const path of ['/rooms', '/tasks', '/todo', '/me']) {
    await page.goto(path)
    await page.locator('.list, .tasklist').first().waitFor()
    await still(page)
    await rules(page, path)
  }
  const tabs = page.getByRole('navigation', { name: '邻里' }).getByRole('link')
  expect((await tabs.allInnerTexts()).map((s) => s.split('\n')[0])).toEqual(['群聊', '待办', '帮忙', '我的'])
  await page.goto('/rooms')
  await page.locator('a.rowbtn').first().click()
  await page.getByRole('log').waitFor()
  await still(page)
  await rules(page, 'room')
  // The answer time alone where both do not fit, and no half of the other.
  const seen = () =>
    page.locator('.barfacts').evaluate((p) => {
      const line = p.getBoundingClientRect()
      const spans = [...p.children].map((s) => ({ text: s.textContent!, box: s.getBoundingClientRect() }))
      return spans.filter(({ box }) => box.top >= line.top - 1 && box.bottom <= line.bottom + 1).map(({ text }) => text)
    })
  expect(await seen()).toEqual([expect.stringMatching(/^约 .*有人接$/)])
  expect(await page.locator('.bar .sosbtn .i').isVisible()).toBe(false)
  await page.setViewportSize({ width: 440, height: 844 })
  expect(await seen()).toHaveLength(2)
  expect(await page.locator('.bar .sosbtn .i').isVisible()).toBe(true)
  // In a sheet a row reaches from edge to edge.
  await page.getByRole('button', { name: '群信息' }).click()
  const [sheet, list] = [page.locator('dialog.sheet'), page.locator('dialog.sheet .body > .list').first()]
  await list.waitFor()
  await still(page)
  expect((await list.boundingBox())!.width).toBe((await sheet.boundingBox())!.width)
  // Whose page it is stands whole.
  await page.goto('/admission')
  await page.locator('.locked').waitFor()
  await fits(page, 'locked')
  await context.close()
  noFaults()
})

// The large look has pages of its own, and shares the rest.
for (const dark of [false, true]) {
  test(`every page in the large look, ${dark ? 'dark' : 'light'}`, async () => {
    const see = async (page: Page, where: string) => {
      await still(page)
      await fits(page, `${where}, elder`)
      await clean(page, `${where}, elder`)
    }
    const dress = async () => {
      const s = await someone(linli, { width: 360, height: 780 }, { colorScheme: dark ? 'dark' : 'light' })
      await s.page.addInitScript(() => localStorage.setItem('linli.look', 'elder'))
      return s
    }
    const { page, context } = await dress()
    await page.goto('/signin')
    await see(page, 'sign-in')
    await page.locator('input[type=tel]').fill(who.resident!)
    await page.locator('input[type=password]').fill(password)
    await page.locator('button[type=submit]').click()
    await page.locator('.card.new').waitFor()
    await see(page, 'home')
    const back = () => page.getByRole('button', { name: '返回' }).click()
    for (const name of ['听通知', '找人帮忙', '说一句', '紧急']) {
      await page.locator('.elder-grid button', { hasText: name }).click()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await see(page, name)
      if (name === '找人帮忙') {
        await page.getByRole('button', { name: '买药' }).click()
        await see(page, 'what is needed')
      }
      await back()
    }
    await page.getByRole('link', { name: /字大小/ }).click()
    await see(page, 'settings')
    for (const path of ['/me', '/search']) {
      await page.goto(path)
      await see(page, path)
    }
    await context.close()
    noFaults()
  })
}

// Twice as large: by the browser's own setting, which rem follows, and as WeChat and Android do it, for every text there is.
const twice = {
  'by the root': async (page: Page) => {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } })
  },
  'text by text': async (page: Page) => {
    await page.evaluate(() => {
      const all = [...document.querySelectorAll<HTMLElement>('body *')]
      for (const e of all) e.style.fontSize = '' // not twice twice
      const sizes = all.map((e) => Number.parseFloat(getComputedStyle(e).fontSize))
      for (const [i, e] of all.entries()) e.style.fontSize = `${sizes[i]! * 2}px`
    })
  },
}
// A button is lost when it is outside of the page, or its words are outside of it.
const whole = async (page: Page, where: string) => {
  await fits(page, where)
  const lost = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a.btn, .picks label')]
      .filter((e) => e.checkVisibility() && !e.closest('.vh, .scrollx, .filters, .toasts') && !e.matches('.vhmenu'))
      .filter((e) => {
        const b = e.getBoundingClientRect()
        const cut = e.querySelector('.one')
          ? false
          : e.scrollWidth > e.clientWidth + 2 || e.scrollHeight > e.clientHeight + 4
        return b.width > 0 && (b.left < -1 || b.right > innerWidth + 1 || cut)
      })
      .map(
        (e) =>
          `${e.className} “${e.textContent?.trim().slice(0, 20)}” ${e.scrollWidth}/${e.clientWidth} ${e.scrollHeight}/${e.clientHeight}`,
      ),
  )
  expect(lost, where).toEqual([])
}
for (const [way, enlarge] of Object.entries(twice))
  test(`text at twice its size, ${way}, stays whole and usable`, async () => {
    const see = async (page: Page, where: string) => {
      await still(page)
      if (way !== 'by the root') await enlarge(page)
      await still(page)
      await whole(page, `${where}, ${way}`)
    }
    const { page, context } = await someone(linli, { width: 390, height: 844 })
    if (way === 'by the root') await enlarge(page)
    await page.goto('/signin')
    await see(page, 'sign-in')
    await signIn(page, { phone: who.resident! }, password)
    await see(page, 'rooms')
    await page.locator('a.rowbtn').first().click()
    await page.getByRole('log').waitFor()
    await see(page, 'room')
    await page.getByLabel('说点什么').fill(`字很大也能写，${way}`)
    await page.getByRole('button', { name: '发送', exact: true }).click()
    await page.getByText(`字很大也能写，${way}`).waitFor()
    for (const name of ['发别的', '紧急', '群信息']) {
      await page.getByRole('button', { name }).first().click()
      await see(page, name)
      await page.keyboard.press('Escape')
    }
    for (const path of ['/search', '/me']) {
      await page.goto(path)
      await see(page, path)
    }
    await page.getByRole('switch', { name: '长辈版' }).check()
    await page.goto('/')
    await page.locator('.card.new').waitFor()
    await see(page, 'elder home')
    for (const name of ['听通知', '找人帮忙', '说一句', '紧急']) {
      await page.locator('.elder-grid button', { hasText: name }).click()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await see(page, `elder ${name}`)
      await page.goto('/')
      await page.locator('.card.new').waitFor()
    }
    await context.close()
    const boss = await someone(linli, { width: 390, height: 844 })
    if (way === 'by the root') await enlarge(boss.page)
    await signIn(boss.page, { phone: who.owner! }, password)
    for (const path of ['/admission', '/office']) {
      await boss.page.goto(path)
      await boss.page.locator('h1').first().waitFor()
      await see(boss.page, path)
    }
    await boss.context.close()
    noFaults()
  })
