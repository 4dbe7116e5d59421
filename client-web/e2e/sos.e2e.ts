// 紧急 as somebody in fear meets it: numbers that can be pressed, a kind, out; and whoever sees it can act at once.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, withBrowser } from './page'
import { lixy, owner, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('three numbers that never wrap, a kind to choose, what is told to whom, and what comes after a minute', async () => {
  for (const size of [
    { width: 390, height: 844 },
    { width: 320, height: 568 },
  ]) {
    const { context, page } = await inRoom(linli, zhang, town.room, size)
    await page.getByRole('button', { name: '紧急' }).click()
    const sheet = page.getByRole('dialog', { name: '紧急求助' })
    const calls = sheet.locator('a[href^="tel:"]')
    await expect.poll(() => calls.allInnerTexts()).toEqual(['急救 120', '火警 119', '报警 110'])
    for (const a of await calls.all()) {
      const box = (await a.boundingBox())!
      expect(box.height).toBeGreaterThanOrEqual(48)
      expect(box.height).toBeLessThanOrEqual(64) // one line
      expect(box.width).toBeGreaterThan(72)
    }
    const kinds = await sheet.locator('.soskinds label').all()
    const tops = await Promise.all(kinds.map(async (k) => (await k.boundingBox())!.y))
    expect(new Set(tops).size).toBe(3) // two columns
    const go = sheet.getByRole('button', { name: '发出求助' })
    expect(await go.isDisabled()).toBe(true)
    await sheet.getByText('3-1-101 张先生，手机号只给来帮忙的人').waitFor()
    await sheet.getByText(/群主周社工/).waitFor()
    await sheet.getByText('60 秒没人回应，再叫一遍群主和副群主。', { exact: true }).waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await context.close()
  }
})

test('the banner acts: who answers for the room sees how long somebody waits, answers and calls; others answer', async () => {
  const caller = await inRoom(linli, zhang, town.room)
  const own = await inRoom(linli, owner, town.room)
  const her = await inRoom(linli, lixy, town.room)
  await caller.page.getByRole('button', { name: '紧急' }).click()
  await caller.page.getByRole('radio', { name: '突发疾病' }).check({ force: true })
  await caller.page.getByRole('button', { name: '发出求助' }).click()
  const banner = own.page.locator('section.sos')
  await banner.getByText('突发疾病').waitFor()
  await banner.getByText(/刚刚发出|等了/).waitFor()
  await banner.getByRole('button', { name: '打电话' }).click()
  await banner.locator(`a[href="tel:${zhang.phone}"]`).waitFor()
  expect(await her.page.locator('section.sos').getByRole('button', { name: '打电话' }).count()).toBe(0)
  await her.page.locator('section.sos').getByRole('button', { name: '我来处理' }).click()
  await banner.getByText('李女士 已响应').waitFor()
  await caller.page.locator('section.sos').getByText('李女士 已响应').waitFor()
  expect(await banner.locator('a[href="tel:120"]').count()).toBe(1) // of what it is
  // Its details are the last in the room, which stands at its end already: nothing lies over them.
  await banner.getByRole('button', { name: '看详情' }).click()
  await expect.poll(() => own.page.getByRole('button', { name: '回到最新' }).count()).toBe(0)
  // No button of the banner breaks within its words.
  await her.page.setViewportSize({ width: 320, height: 640 })
  for (const p of [own.page, her.page])
    for (const b of await p.locator('section.sos .btns .btn').all())
      expect(await b.evaluate((e) => e.clientHeight)).toBeLessThan(60)
  expect((await banner.boundingBox())!.y).toBeLessThan((await own.page.locator('.lanes').boundingBox())!.y)
  expect(await caller.page.locator('section.sos').getByRole('button', { name: '我来处理' }).count()).toBe(0)
  for (const s of [caller, own, her]) await s.context.close()
})

test('nothing went wrong on any page', noFaults)
