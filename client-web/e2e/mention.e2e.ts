// J3.5 and B12–B14: calling a neighbour, a role, everybody.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, say, signIn, someone, withBrowser } from './page'
import { lixy, owner, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('somebody is called by letters, door or role, finds it in the list and is led there', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const her = await someone(linli)
  await signIn(her.page, lixy)
  const row = her.page.getByRole('link', { name: /和园3号楼/ })
  const box = a.page.getByLabel('说点什么')

  await box.pressSequentially('@lns')
  const options = a.page.getByRole('option')
  await expect.poll(() => options.allInnerTexts()).toEqual([expect.stringContaining('@3-1-102 李女士')])
  await a.page.keyboard.press('Enter')
  expect(await box.inputValue()).toBe('@3-1-102 李女士 ')
  await box.pressSequentially('梯子还在您家吗')
  await a.page.keyboard.press('Enter')
  await a.page.locator('[role=log] .call').getByText('@3-1-102 李女士').waitFor()
  for (let i = 1; i <= 14; i++) await say(a.page, `不急 ${i}`)

  await row.getByText('[有人@我]').waitFor()
  await row.click()
  await her.page.getByRole('button', { name: '[有人@我]' }).click()
  const called = her.page.locator('.bub.callsme')
  await called.getByText('梯子还在您家吗').waitFor()
  await her.page.getByRole('button', { name: '返回' }).click()
  await expect.poll(() => row.getByText('[有人@我]').count()).toBe(0)

  // By door, with the other hand; a name that is deleted again calls nobody.
  await box.pressSequentially('@102')
  await options.first().click()
  await box.fill('算了，没事')
  await a.page.keyboard.press('Enter')
  await a.page.locator('[role=log]').getByText('算了，没事').waitFor()
  await her.page.waitForTimeout(500)
  expect(await row.getByText('[有人@我]').count()).toBe(0)

  // A role: whoever is on duty in this room. A resident is not offered everybody.
  const own = await someone(linli)
  await signIn(own.page, owner)
  await box.pressSequentially('@')
  await a.page.getByRole('option', { name: /值班/ }).waitFor()
  expect(await a.page.getByRole('option', { name: /所有人/ }).count()).toBe(0)
  await a.page.getByRole('option', { name: /值班/ }).click()
  await box.pressSequentially('门禁坏了')
  await a.page.keyboard.press('Enter')
  await own.page
    .getByRole('link', { name: /和园3号楼/ })
    .getByText('[有人@我]')
    .waitFor()
  for (const s of [a, her, own]) await s.context.close()
  noFaults()
})

test('everybody is called with a reason, at its price, and not at night', async () => {
  const own = await inRoom(linli, owner, town.room)
  const a = await inRoom(linli, zhang, town.room)
  const box = own.page.getByLabel('说点什么')
  await box.pressSequentially('@所')
  await own.page.getByRole('option', { name: /所有人/ }).waitFor()
  await own.page.keyboard.press('Enter')
  await box.pressSequentially('今晚停水')
  await own.page.keyboard.press('Enter')
  const sheet = own.page.getByRole('dialog', { name: '提醒所有人' })
  await sheet.getByText('会让 4 人的手机响').waitFor()
  const go = sheet.getByRole('button', { name: '发送' })
  expect(await go.isDisabled()).toBe(true)
  await sheet.getByLabel('为什么要提醒大家').fill('水管抢修')
  const hour = (new Date().getUTCHours() + 8) % 24 // the rooms' clock
  if (hour >= 22 || hour < 7) {
    await sheet.getByText(/22:00 到 7:00 不提醒/).waitFor()
    expect(await go.isDisabled()).toBe(true)
    await own.page.keyboard.press('Escape')
    await box.fill('')
  } else {
    await sheet.getByText(/还能用 2 次/).waitFor()
    await go.click()
    await a.page.locator('.bub.callsme').getByText('今晚停水').waitFor()
  }
  await sheet.waitFor({ state: 'detached' }) // what is typed before goes nowhere

  // Thought better of: what was written stays.
  await box.pressSequentially('@所')
  await own.page.getByRole('option', { name: /所有人/ }).waitFor()
  await own.page.keyboard.press('Enter')
  await box.pressSequentially('等等')
  await own.page.keyboard.press('Enter')
  await own.page.keyboard.press('Escape')
  expect(await box.inputValue()).toBe('@所有人 等等')
  for (const s of [own, a]) await s.context.close()
  noFaults()
})
