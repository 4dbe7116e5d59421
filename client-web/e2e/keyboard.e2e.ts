// M7: everything by keyboard; the focus is seen, stays within a sheet, and goes back to where it came from.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { desk, inRoom, noFaults, phone, signIn, someone, withBrowser, still } from './page'
import { admin, apply, lixy, owner, password, signedIn, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
  const boss = await signedIn(linli, owner)
  await apply(linli, town.link, wangli)
  await boss.act(town.room, 'notice.post', {
    with: { confirm: true, pin: true, importance: 'normal' },
    words: { title: '今晚停水', body: '22:00停水。' },
  })
  await boss.act(town.room, 'text.post', { words: { text: '大家好' } })
})
afterAll(() => linli.stop())

const focused = (page: Page) =>
  page.evaluate(() => {
    const e = document.activeElement as HTMLElement
    const s = getComputedStyle(e.matches('.picks input') ? e.nextElementSibling! : e)
    const b = e.getBoundingClientRect()
    return {
      name:
        e.getAttribute('aria-label') ||
        (e as HTMLInputElement).labels?.[0]?.textContent?.trim() ||
        e.getAttribute('placeholder') ||
        e.textContent?.trim() ||
        '',
      tag: e.tagName,
      ring: s.boxShadow !== 'none' || e.closest('.seek') !== null,
      shown: b.bottom > 0 && b.top < innerHeight && b.right > 0 && b.left < innerWidth,
      id: [...document.querySelectorAll('*')].indexOf(e),
      dialog: !!e.closest('dialog'),
    }
  })

// Once around with Tab: everything that can be pressed is reached, named and seen; nothing holds the focus.
const round = async (page: Page, where: string) => {
  const all = await page.evaluate(
    () =>
      [
        ...document.querySelectorAll<HTMLElement>(
          'button:not(:disabled), a[href], input:not([type=file]), textarea, select, summary, [tabindex="0"]',
        ),
      ].filter(
        (e) =>
          e.checkVisibility() &&
          e.tabIndex >= 0 &&
          e.getAttribute('aria-hidden') !== 'true' &&
          !(e.matches('input[type=radio]') && !(e as HTMLInputElement).checked),
      ).length,
  )
  const seen = new Set<number>()
  for (let i = 0; i < all + 12; i++) {
    await page.keyboard.press('Tab')
    const f = await focused(page)
    if (f.tag === 'BODY') continue
    seen.add(f.id)
    expect(f.name, `${where}: ${f.tag} without a name`).not.toBe('')
    expect(f.ring, `${where}: no ring on ${f.tag} ${f.name}`).toBe(true)
    expect(f.shown, `${where}: ${f.tag} ${f.name} is out of sight`).toBe(true)
  }
  expect(seen.size, `${where}: of ${all}`).toBeGreaterThanOrEqual(Math.min(all, 3))
  return seen.size
}

test('every page is walked around with Tab', async () => {
  const nobody = await someone(linli)
  await nobody.page.goto('/signin')
  await nobody.page.getByLabel('手机号').waitFor()
  await round(nobody.page, 'sign-in')
  await nobody.page.goto(`/join/${town.link}`)
  await nobody.page.getByLabel('真实姓名').waitFor()
  await round(nobody.page, 'join')
  await nobody.context.close()

  for (const [who, size, paths] of [
    [zhang, phone, ['/rooms', `/rooms/${town.room}`, '/search', '/me']],
    [owner, phone, ['/admission']],
    [admin, desk, ['/office', '/office/roster', `/rooms/${town.room}`]],
  ] as const) {
    const s = await someone(linli, size)
    await signIn(s.page, who)
    for (const path of paths) {
      await s.page.goto(path)
      await s.page.locator('h1').first().waitFor()
      await still(s.page)
      await round(s.page, path)
    }
    await s.context.close()
  }

  const old = await someone(linli)
  await old.page.addInitScript(() => localStorage.setItem('linli.look', 'elder'))
  await old.page.goto('/signin')
  await old.page.getByLabel('手机号').fill(zhang.phone)
  await old.page.getByLabel('密码').fill(password)
  await old.page.keyboard.press('Enter')
  await old.page.getByRole('button', { name: '听通知' }).waitFor()
  await round(old.page, 'elder home')
  for (const part of ['notices', 'help', 'talk', 'sos']) {
    await old.page.goto(`/elder/${town.room}/${part}`)
    await old.page.locator('h1').first().waitFor()
    await still(old.page)
    await round(old.page, `elder ${part}`)
  }
  await old.context.close()
  noFaults()
})

test('a sheet takes the focus, keeps it, ends with Escape and gives it back', async () => {
  const { page, context } = await inRoom(linli, zhang, town.room)
  const opens = async (name: string | RegExp, press = 'Enter') => {
    const button = page.getByRole('button', { name }).first()
    await button.focus()
    await page.keyboard.press(press)
    await page.getByRole('dialog').waitFor()
    expect((await focused(page)).dialog).toBe(true)
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab')
      const f = await focused(page)
      // Between the last and the first stands the browser itself.
      if (f.tag !== 'BODY' && f.tag !== 'HTML') expect(f.dialog, `Tab ${i} left ${name}`).toBe(true)
    }
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect((await focused(page)).name, `back from ${name}`).toMatch(name)
  }
  await opens('群信息')
  await opens('群信息', 'Space')
  await opens(/^紧急/)
  await opens(/今晚停水/)
  await opens('这条消息')

  // The panel beside the composer: open, along, away.
  await page.getByRole('button', { name: '发别的' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: '相册' }).waitFor()
  await page.keyboard.press('Tab')
  expect((await focused(page)).name).toBe('找人帮忙')
  await page.keyboard.press('Escape')
  expect(await page.locator('.panel').count()).toBe(0)
  expect((await focused(page)).name).toBe('说点什么')

  // A reply: from the message's menu into the box, without a mouse.
  await page.locator('.vhmenu').last().focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: '回复' }).focus()
  await page.keyboard.press('Enter')
  await page.locator('.replying').waitFor()
  expect((await focused(page)).name).toBe('说点什么')
  await page.keyboard.type('键盘也能回')
  await page.keyboard.press('Enter')
  const own = page.getByRole('article', { name: /^我 / }).filter({ hasText: '键盘也能回' })
  await own.waitFor()

  // Another page begins at its heading.
  await page.getByRole('button', { name: '返回' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL('**/rooms')
  await expect.poll(async () => (await focused(page)).tag).toBe('H1')
  await context.close()
  noFaults()
})

test('screen readers hear what is new, once, and not what scrolls by', async () => {
  const api = await signedIn(linli, lixy)
  const { page, context } = await inRoom(linli, zhang, town.room)
  expect(await page.getByRole('log').getAttribute('aria-live')).toBe('off')
  await page
    .getByRole('article', { name: /3-1-102 李女士|周社工/ })
    .first()
    .waitFor()
  const news = page.locator('[data-news]')
  expect(await news.textContent()).toBe('')
  await api.act(town.room, 'text.post', { words: { text: '有人在吗' } })
  await expect.poll(() => news.textContent()).toBe('3-1-102 李女士：有人在吗')
  for (const text of ['一', '二', '三', '四']) await api.act(town.room, 'text.post', { words: { text } })
  await expect.poll(() => news.textContent()).toMatch(/四|[34] 条新消息/)
  // At most the news and the passing word are spoken of their own.
  const live = await page.evaluate(
    () => [...document.querySelectorAll('[aria-live]:not([aria-live=off]), [role=status], [role=alert]')].length,
  )
  expect(live).toBeLessThanOrEqual(3)
  await context.close()
  noFaults()
})

test('with less motion nothing moves, and with the system’s colours the focus and the choice are lines', async () => {
  const s = await someone(linli, phone, { reducedMotion: 'reduce', forcedColors: 'active' })
  await signIn(s.page, zhang)
  await s.page.goto('/me')
  const radio = s.page.getByRole('radio', { name: '标准' })
  await radio.focus()
  await s.page.keyboard.press('ArrowRight')
  const lines = await s.page.evaluate(() => {
    const pick = getComputedStyle(document.activeElement!.nextElementSibling!)
    const back = document.querySelector<HTMLElement>('.btn')!
    back.focus()
    const button = getComputedStyle(back)
    return { pick: [pick.outlineStyle, pick.outlineWidth], button: [button.outlineStyle, button.outlineWidth] }
  })
  expect(lines).toEqual({ pick: ['solid', '3px'], button: ['solid', '3px'] })
  await s.page.goto(`/rooms/${town.room}`)
  await s.page.getByRole('button', { name: '群信息' }).click()
  const times = await s.page.evaluate(() =>
    [...document.querySelectorAll('*')].flatMap((e) => {
      const c = getComputedStyle(e)
      return [...c.animationDuration.split(','), ...c.transitionDuration.split(',')].map((d) => Number.parseFloat(d))
    }),
  )
  expect(Math.max(...times)).toBe(0)
  await s.context.close()
  noFaults()
})
