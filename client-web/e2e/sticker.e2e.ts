// B22: a few stickers beside the emoji, where the room wants them.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, say, withBrowser } from './page'
import { lixy, owner, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('a tap sends a sticker, as an answer too; a room without them does not offer any', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  await say(b.page, '菜放在门口了')
  await a.page.getByText('菜放在门口了', { exact: true }).click({ button: 'right' })
  await a.page.getByRole('button', { name: '回复' }).click()
  const open = async () => {
    await a.page.getByRole('button', { name: '表情' }).click()
  }
  await open()
  await a.page.getByRole('tab', { name: '表情' }).press('ArrowRight')
  expect(await a.page.getByRole('tab', { name: '贴图' }).getAttribute('aria-selected')).toBe('true')
  await a.page.getByRole('button', { name: '谢谢', exact: true }).click()
  const seen = b.page.locator('[role=log]')
  await seen.getByRole('img', { name: '谢谢' }).waitFor()
  await seen.locator('.quote', { hasText: '菜放在门口了' }).waitFor()
  expect(await a.page.getByRole('tab').count()).toBe(0) // sent, and the panel is out of the way

  // Its drawing is really there: the file has a symbol for each that the panel offers.
  await open()
  await a.page.getByRole('tab', { name: '贴图' }).click()
  const drawn = await a.page.evaluate(async () => {
    const hrefs = [...document.querySelectorAll('.stickers use')].map((u) => u.getAttribute('href')!)
    const file = await (await fetch(hrefs[0]!.split('#')[0]!)).text()
    return hrefs.map((h) => file.includes(`id="${h.split('#')[1]}"`))
  })
  expect(drawn).toEqual(Array(12).fill(true))

  // Whoever has no network while it is switched off is told why when theirs arrives; then the page offers none.
  await a.context.setOffline(true)
  await a.page.getByText(/没有网络/).waitFor()
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '群信息', exact: true }).click()
  const sheet = own.page.getByRole('dialog')
  await sheet.getByText('群规和设置').click()
  await sheet.getByLabel('可以发贴图').uncheck()
  await sheet.getByRole('button', { name: '保存', exact: true }).click()
  await own.page.getByText('已保存').waitFor()
  await a.page.getByRole('button', { name: '下雨了', exact: true }).click()
  await a.context.setOffline(false)
  await a.page.getByRole('alert').filter({ hasText: '本群关掉了贴图' }).waitFor()
  await a.page.getByRole('button', { name: '删掉' }).click()
  await a.page.reload()
  await a.page.getByLabel('说点什么').waitFor()
  await seen.getByRole('img', { name: '谢谢' }).waitFor()
  await open()
  await a.page.getByRole('button', { name: '🙏' }).waitFor()
  expect(await a.page.getByRole('tab').count()).toBe(0)
  for (const s of [a, b, own]) await s.context.close()
  noFaults()
})
