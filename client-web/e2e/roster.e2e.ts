// A simple list, as people have it, on its way in: what it does not say is asked once, and nothing goes without a word.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Linli } from './linli'
import { clipped, desk, noFaults, phone, someone, tilesInRows, withBrowser } from './page'
import { admin, password } from './town'

let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start()
})
afterAll(() => linli.stop())

const csv = (name: string, text: string) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })
const doors = Array.from(
  { length: 20 },
  (_, i) => `3-${1 + (i % 2)}-${1 + (i >> 1)}01,王丽${i ? '' : '、李强'},1380000${String(1000 + i)}`,
)

test('a simple list of doors, names and phones is taken after one question, and the wizard survives a reload and ends with what is true', async () => {
  const boss = await someone(linli, phone)
  const { page } = boss
  await page.goto('/setup')
  await page.getByLabel('设置码').fill(linli.code)
  await page.getByLabel('办事处名称').fill('如意示范办事处')
  await page.getByLabel('您的姓名').fill(admin.name)
  await page.getByLabel('手机号').fill(admin.phone)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '建立办事处' }).click()
  const drop = page.getByLabel('把花名册拖到这里')
  await drop.waitFor()

  // A reload comes back to the step; without a roster the end says so, and leads back.
  await page.reload()
  await page.getByRole('button', { name: '以后再导入' }).click()
  await page.getByText('花名册还是空的').waitFor()
  await page.getByRole('button', { name: '现在导入' }).click()

  // What is called a workbook and is none.
  await drop.setInputFiles(csv('花名册.xls', '<html><body><table><tr><td>门牌</td></tr></table></body></html>'))
  await page.getByText('请用 Excel 或 WPS 打开后另存为 .xlsx').waitFor()

  // Compound and community are asked before the preview, both at once; who does not answer reads why beside the field.
  await drop.setInputFiles(
    csv('名单.csv', `门牌,住户,电话,爱好\n${doors.join(',\n')},\n3-2-1101,王*,0371-65551234,下棋\n`),
  )
  await page.getByRole('heading', { name: '表里没写，请您告诉我们' }).waitFor()
  expect(await page.getByText('导入前看一看').count()).toBe(0)
  await page.getByRole('button', { name: '按这样再看一次' }).click()
  await page.getByText('请写小区的名字').waitFor()
  await page.getByLabel('是哪个小区').fill('和园')
  await page.getByLabel('在哪个社区').fill('湖心社区')
  await page.getByRole('button', { name: '按这样再看一次' }).click()
  await page.getByText('导入前看一看').waitFor()
  expect(await page.locator('.kpi', { hasText: '新增' }).locator('.n').innerText()).toBe('22') // 21 homes and their community

  // Taken, but; left out; and from where the place was taken.
  await page.getByText('1 行导入，但有一处没有照搬').waitFor()
  await page.getByText('第 22 行：').first().waitFor()
  await page.getByText('没有导入的栏').getByText('爱好').waitFor()
  await page.getByText('湖心社区 和园').waitFor()

  // On a narrow phone the foot is in sight, and nothing is wider than the page.
  await page.setViewportSize({ width: 320, height: 640 })
  const button = page.getByRole('button', { name: '导入', exact: true })
  await page.getByRole('heading', { name: '首次设置' }).scrollIntoViewIfNeeded()
  const box = (await button.boundingBox())!
  expect(box.y + box.height).toBeLessThanOrEqual(640)
  const ground = await page.locator('.rosterfoot').evaluate((e) => getComputedStyle(e).backgroundColor)
  expect(ground).not.toBe('rgba(0, 0, 0, 0)') // what scrolls below it does not show through
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  expect(await clipped(page)).toEqual([])
  expect(await tilesInRows(page, '.kpis2 > *')).toEqual([2, 2])
  await page.screenshot({ path: 'test-results/roster-320.png' })
  await page.setViewportSize(phone)
  await page.screenshot({ path: 'test-results/roster-390.png', fullPage: true })
  expect((await page.locator('.rosterfoot').boundingBox())!.height).toBeLessThan(phone.height / 8) // one line

  // What was looked at is still there after a reload, and goes in.
  await page.reload()
  await page.getByText('导入前看一看').waitFor()
  await page.getByRole('button', { name: '导入', exact: true }).click()
  await page.getByText('花名册里已有 21 户').waitFor()
  await page.getByRole('link', { name: '去管理' }).click()
  await page.getByText('0 / 21 户已入群').waitFor()

  // The import page leads on when it is done.
  await page.goto('/office/roster')
  await page.getByLabel('把花名册拖到这里').setInputFiles(csv('名单.csv', '小区,门牌,住户\n和园,4-1-101,赵敏\n'))
  await page.getByText('导入前看一看').waitFor() // its community is that of its compound
  // The phone is laid down while it goes in, and it is over when the page is opened anew: its end is told all the same.
  let over = false
  await page.route('**/api/v1/roster/*', async (route) => {
    const answer = await route.fetch()
    return route.fulfill({ response: answer, json: { ...(await answer.json()), ...(!over && { state: 'applying' }) } })
  })
  await page.getByRole('button', { name: '导入', exact: true }).click()
  await page.getByText('正在导入').waitFor()
  await page.locator('.rosterimport').evaluate((e) => e.setAttribute('data-same', ''))
  await page.setViewportSize(desk)
  await page.getByRole('navigation', { name: '邻里' }).waitFor()
  await page.locator('.rosterimport[data-same]').getByText('正在导入').waitFor()
  over = true
  await page.reload()
  await page.getByText('导入完成').waitFor()
  await page.unroute('**/api/v1/roster/*')
  await page.getByRole('link', { name: '下一步：任命群主、打印海报' }).click()
  await page.waitForURL('**/office')
  await boss.context.close()
  noFaults()
})

test('an import that is refused says so beside its button, and why', async () => {
  const boss = await someone(linli, phone)
  const { page } = boss
  await page.goto('/signin')
  await page.getByLabel('手机号').fill(admin.phone)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL((u) => !u.pathname.startsWith('/signin'))
  await page.goto('/office/roster')
  await page.getByLabel('把花名册拖到这里').setInputFiles(csv('名单.csv', '小区,门牌,住户\n和园,5-1-101,钱进\n'))
  await page.getByText('导入前看一看').waitFor()
  await page.route('**/api/v1/roster/*/apply', (r) =>
    r.fulfill({
      status: 503,
      contentType: 'application/json',
      body: '{"code":"busy","reason":"another roster is being applied"}',
    }),
  )
  await page.getByRole('button', { name: '导入', exact: true }).click()
  const refusal = page.locator('.rosterfoot [role=alert]')
  await refusal.waitFor()
  expect(await refusal.innerText()).toMatch(/^没有导入：.{4,}/)
  const box = (await refusal.boundingBox())!
  expect(box.y).toBeGreaterThan(0)
  expect(box.y + box.height).toBeLessThanOrEqual(phone.height)
  await boss.context.close()
})
