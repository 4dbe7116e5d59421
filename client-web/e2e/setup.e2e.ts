// J1: from an empty machine to a working room.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { file, Linli } from './linli'
import { clipped, desk, noFaults, phone, someone, tilesInRows, withBrowser } from './page'
import { admin, password } from './town'
import { sheet, workbook } from './workbook'

let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start()
})
afterAll(() => linli.stop())

// A workbook of 44 rows: 40 homes, one door that nobody can read, one home twice, and two shops.
const roster = () => {
  const table = (name: string) =>
    readFileSync(file('town', name), 'utf8')
      .trim()
      .split('\n')
      .map((row) => row.split(','))
  const homes = table('households.csv')
  homes.push('湖心社区,和园,3号楼,1单元,楼上那家,不明,13912345678,2,自住'.split(','), homes[1]!)
  const path = join(mkdtempSync(join(tmpdir(), 'linli-roster-')), '花名册.xlsx')
  writeFileSync(path, workbook({ 住户: homes, 商户: table('shops.csv') }))
  return path
}

// From the empty machine to the printed poster it takes a script at most ten minutes.
test('an administrator sets the office up, imports the roster, opens a room and prints its poster', {
  timeout: 600_000,
}, async () => {
  const boss = await someone(linli, desk)
  const { page } = boss
  await page.goto('/')
  await page.waitForURL('**/setup')
  await page.getByRole('heading', { name: '首次设置' }).waitFor()

  // Without the code from the server's log nobody becomes the administrator.
  await page.getByLabel('设置码').fill('00000000')
  await page.getByLabel('办事处名称').fill('如意示范办事处')
  await page.getByLabel('您的姓名').fill(admin.name)
  await page.getByLabel('手机号').fill(admin.phone)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '建立办事处' }).click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel('设置码').fill(linli.code)
  await page.getByRole('button', { name: '建立办事处' }).click()

  // A file that is none, then the roster.
  const drop = page.getByLabel('把花名册拖到这里')
  await drop.setInputFiles({ name: '花名册.xlsx', mimeType: 'application/octet-stream', buffer: Buffer.from('PK no') })
  await page.getByText('打不开这个文件').waitFor()

  // Columns that nobody knows by their names: the administrator says what they are.
  const strange = '甲,乙,丙,丁,戊,己\n湖心社区,和园,3号楼,1单元,101,张建国\n湖心社区,和园,3号楼,1单元,102,李秀英\n'
  await drop.setInputFiles({ name: '登记.csv', mimeType: 'text/csv', buffer: Buffer.from(strange) })
  await page.getByText('没认出这张表的栏目').waitFor()
  for (const size of [desk, phone]) {
    await page.setViewportSize(size)
    expect(await page.locator('select:visible').count()).toBe(6)
    expect(await clipped(page)).toEqual([])
  }
  await page.setViewportSize(desk)
  for (const [name, means] of [
    ['甲', 'community'],
    ['乙', 'compound'],
    ['丙', 'building'],
    ['丁', 'entrance'],
    ['戊', 'door'],
    ['己', 'name'],
  ] as const)
    await page.getByLabel(name, { exact: true }).selectOption(means)
  await page.getByRole('button', { name: '按这样再看一次' }).click()
  await page.getByText('导入前看一看').waitFor()
  expect(await page.locator('.kpi', { hasText: '新增' }).locator('.n').innerText()).toBe('3') // two homes and their community

  const path = roster()
  await drop.setInputFiles(path)
  await page.getByText('导入前看一看').waitFor()
  const count = (word: string) => page.locator('.kpi', { hasText: word }).locator('.n').innerText()
  expect(await count('新增')).toBe('43') // 40 homes, 2 shops and the community that they are in
  expect(await count('重复')).toBe('1')
  // No tile stands alone in the last row.
  for (const [size, rows] of [
    [desk, [5]],
    [phone, [3, 2]],
  ] as const) {
    await page.setViewportSize(size)
    expect(await tilesInRows(page, '.kpis2 > *')).toEqual(rows)
  }
  await page.setViewportSize(desk)
  await page.getByText('1 行有问题').waitFor()
  await page.getByText(/第 42 行：门牌看不明白/).waitFor()
  const [errors] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: '下载错误行' }).click(),
  ])
  expect(errors.suggestedFilename()).toMatch(/\.xlsx$/)
  const spoiled = sheet(readFileSync((await errors.path())!))
  const why = spoiled[0]!.findIndex((name) => name.includes('原因'))
  const bad = spoiled.find((row) => row.includes('楼上那家'))!
  expect(bad[why]).toContain('门牌看不明白')
  await page.getByRole('button', { name: '导入', exact: true }).click()
  await page.getByText('设置好了').waitFor()
  await page.getByRole('link', { name: '去管理' }).click()
  await page.getByText('0 / 40 户已入群').waitFor()
  await page.getByText('0 / 2 店已入群').waitFor()

  // The same once more changes nothing.
  await page.getByRole('link', { name: '导入', exact: true }).click()
  await page.getByLabel('把花名册拖到这里').setInputFiles(path)
  await page.getByText('和现在的一样，没有变化').waitFor()
  expect(await tilesInRows(page, '.kpis2 > *')).toEqual([5]) // on the whole width of a desk
  await page.getByText('各栏是什么').click()
  expect(await page.locator('select:visible').count()).toBeGreaterThan(6)
  expect(await clipped(page)).toEqual([])
  await page.getByRole('button', { name: '返回' }).click()

  // A room for the building: its homes are those of the roster.
  await page.getByRole('button', { name: '建群' }).click()
  await page.getByLabel('院区').fill('和园')
  await page.getByLabel('楼栋').fill('3号楼')
  await page.getByRole('dialog').getByRole('button', { name: '建群' }).click()
  await page.getByRole('button', { name: '和园3号楼', exact: true }).waitFor()
  await page.getByRole('button', { name: /和园3号楼 居民入群率/ }).click()
  await page.getByRole('status').getByText('还有 40 户没到').waitFor()
  await page.locator('.doors').getByText('3-1-101').waitFor()
  await page.keyboard.press('Escape')

  // An owner, invited by a code that is good once and for ten minutes.
  await page.getByRole('button', { name: '和园3号楼', exact: true }).click()
  await page.getByRole('button', { name: '任命群主' }).click()
  await page.getByLabel('真实姓名').fill('周社工')
  await page.getByLabel('手机号').fill('13900008001')
  await page.getByRole('button', { name: '任命群主' }).click()
  await page.getByText('还没登录过').waitFor()
  await page.getByRole('button', { name: '首次登录码', exact: true }).click()
  const code = await page.locator('.code').innerText()
  // It says where it is typed, and can be sent on.
  await page.getByText(`他打开 ${linli.url}`).waitFor()
  await page.getByRole('button', { name: '复制', exact: true }).click()
  await page.getByText('已复制').waitFor()
  const own = await someone(linli, phone)
  await own.page.goto('/signin')
  await own.page.getByRole('button', { name: '我有登录码' }).click()
  await own.page.getByLabel('手机号').fill('13900008001')
  await own.page.getByLabel('登录码').fill(code)
  await own.page.getByLabel('设一个新密码').fill(password)
  await own.page.getByRole('button', { name: '用登录码登录' }).click()
  await own.page.waitForURL('**/rooms')
  await own.page.getByRole('link', { name: /和园3号楼/ }).click()
  await own.page.getByLabel('说点什么').waitFor()

  // The poster, and what its code says.
  await own.page.getByRole('button', { name: '群信息' }).click()
  await own.page.getByRole('button', { name: '生成二维码' }).click()
  const link = await own.page.getByText(`${linli.url}/join/`).innerText()
  const [poster] = await Promise.all([
    own.page.waitForEvent('download'),
    own.page.getByRole('link', { name: '下载海报' }).click(),
  ])
  const pdf = readFileSync((await poster.path())!)
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
  expect(link).toMatch(/\/join\/l\w+$/)

  // All of it is still there after a restart.
  await linli.restart()
  await page.goto('/office')
  await page.getByText('0 / 40 户已入群').waitFor()
  await page
    .getByRole('button', { name: /湖心社区/ })
    .first()
    .waitFor()
  await own.page.goto(link)
  await own.page.getByText('已经在这个群里').first().waitFor()
  await boss.context.close()
  await own.context.close()
  noFaults()
})

test('what is not a browser gets the same office on a stopped server: linli import', async () => {
  const data = mkdtempSync(join(tmpdir(), 'linli-import-'))
  const out = execFileSync(
    file('../../bin/linli'),
    [
      'import',
      '--data',
      data,
      '--json',
      ...['organization', 'households', 'shops', 'staff'].map((f) => file('town', `${f}.csv`)),
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  expect(JSON.parse(out.toString())).toMatchObject({ communities: 1, rooms: 1, households: 40, shops: 2, errors: [] })
})
