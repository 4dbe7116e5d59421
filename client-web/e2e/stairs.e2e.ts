// A5: a poster for each stair. Its code says where it hangs, the form begins with that stair's doors, and all end with the room's.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { inRoom, noFaults, someone, still, withBrowser } from './page'
import { owner } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('posters of all stairs are one PDF; whoever scans one chooses among the doors of that stair, and it ends with the poster', async () => {
  const own = await inRoom(linli, owner, town.room)
  await own.page.getByRole('button', { name: '群信息', exact: true }).click()
  const info = own.page.getByRole('dialog')
  const of = info.getByLabel('贴在哪里')
  await of.waitFor()
  const all = await of.locator('option').allInnerTexts()
  const stairs = all.length - 2
  expect(stairs).toBeGreaterThan(1)
  expect(all[1]).toBe(`每单元一张，共 ${stairs} 张`)
  const pages = async () => {
    const [pdf] = await Promise.all([
      own.page.waitForEvent('download'),
      info.getByRole('link', { name: '下载海报' }).click(),
    ])
    return (readFileSync((await pdf.path())!, 'latin1').match(/\/Type \/Page\n/g) ?? []).length
  }
  expect(await pages()).toBe(1)
  await of.selectOption({ label: all[1]! })
  expect(await pages()).toBe(stairs)
  await of.selectOption({ label: '只要 3号楼 2单元 的' })
  expect(await pages()).toBe(1)
  await still(own.page)
  await own.page.screenshot({ path: 'test-results/stairs.png' })

  const { page, context } = await someone(linli)
  const code = `/join/${town.link}?${new URLSearchParams({ building: '3号楼', entrance: '2单元' })}`
  await page.goto(code)
  await page.getByText('海报贴在3号楼 2单元').waitFor()
  await page.screenshot({ path: 'test-results/stairs-form.png' })
  await page.getByRole('group', { name: '住在哪一户' }).getByRole('button').last().click()
  const sheet = page.getByRole('dialog', { name: '住在哪一户' })
  await sheet.getByRole('button', { name: '3号楼 2单元 501', exact: true }).waitFor()
  expect(await sheet.getByRole('button', { name: /1单元/ }).count()).toBe(0)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: '我住别的单元' }).click()
  expect(await page.getByText('海报贴在').count()).toBe(0)
  await page.getByRole('group', { name: '住在哪一户' }).getByRole('button').last().click()
  await sheet.getByRole('button', { name: '3号楼 1单元 101', exact: true }).waitFor()

  await info.getByRole('button', { name: '停用' }).click()
  await info.getByText(/停用$/).waitFor()
  await page.goto(code)
  await page.getByText('此二维码已停用').waitFor()
  for (const s of [own, { page, context }]) await s.context.close()
  noFaults()
})
