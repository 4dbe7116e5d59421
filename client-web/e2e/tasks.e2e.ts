// 帮忙: a volunteer finds what waits for a helper in all their rooms, takes it on, and sees what they did.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { noFaults, signIn, someone, withBrowser } from './page'
import { lixy, signedIn, volunteers, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('what may be taken on stands there, the oldest first; taken, it moves; done and confirmed, it is remembered', async () => {
  const her = await signedIn(linli, lixy)
  const { context, page } = await someone(linli)
  await signIn(page, volunteers[0]!)
  await page.getByRole('link', { name: '帮忙' }).click()
  await page.getByText('现在没有人求助').waitFor()
  const post = (text: string) =>
    her.act(town.room, 'request.post', { with: { template: '买药', door: true }, words: { text } })
  const first = await post('先来的')
  const second = await post('后来的')
  const cards = page.locator('.tasklist .card h2')
  await expect.poll(() => cards.allInnerTexts()).toEqual(['先来的', '后来的'])
  const lane = page.getByRole('navigation', { name: '只看' })
  await lane.getByRole('link', { name: '可认领 2' }).waitFor()
  await page.locator('.tasklist li', { hasText: '先来的' }).getByRole('button', { name: '我来帮忙' }).click()
  await expect.poll(() => cards.allInnerTexts()).toEqual(['后来的'])

  // What was taken on is not gone: where it is now is said, and leads there.
  await page.getByText('您接下了：先来的').waitFor()
  await lane.getByRole('link', { name: '我在办 1' }).waitFor()
  await page.getByRole('button', { name: '去办' }).click()
  // Its words open it.
  await page.locator('.tasklist .card h2', { hasText: '先来的' }).getByRole('button').click()
  await page.getByRole('dialog').locator('.tl').waitFor()
  await page.keyboard.press('Escape')
  expect(await page.getByText('您接下了').count()).toBe(0)
  await page.getByRole('button', { name: '开始办理' }).click()
  await page.getByRole('button', { name: '已完成' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '已完成' }).click()
  await page.locator('.tasklist').getByText('待确认').waitFor()
  await her.act(town.room, 'request.confirm', { re: first })
  await page.getByText('您手上没有在办的事').waitFor()
  await lane.getByRole('link', { name: '做完的' }).click()
  await page.locator('.tasklist', { hasText: '买药' }).waitFor()

  // Who gave a request back is named, though this page has never opened the room.
  const given = await her.act(town.room, 'request.post', { with: { template: '代取' }, words: { text: '取快递' } })
  const him = await signedIn(linli, zhang)
  await him.act(town.room, 'request.claim', { re: given })
  await him.act(town.room, 'request.release', { re: given, words: { reason: '家里有事' } })
  const other = await someone(linli)
  await signIn(other.page, volunteers[1]!)
  await other.page.goto('/tasks')
  await other.page.locator('.tasklist li', { hasText: '取快递' }).getByText('张先生退回了：家里有事').waitFor()
  await other.context.close()

  // One's own request is not for oneself, and somebody else who was quicker takes it away.
  const own = await someone(linli)
  await signIn(own.page, zhang)
  await own.page.getByRole('link', { name: '帮忙' }).click()
  await own.page.locator('.tasklist li', { hasText: '后来的' }).waitFor()
  await (await signedIn(linli, volunteers[1]!)).act(town.room, 'request.claim', { re: second })
  await expect.poll(() => own.page.locator('.tasklist .card h2').allInnerTexts()).not.toContain('后来的')
  await own.page.locator('.tasklist').getByRole('link').first().click()
  await own.page.waitForURL(`**/rooms/${town.room}?at=*`)
  for (const s of [own.context, context]) await s.close()
})

test('nothing went wrong on any page', noFaults)
