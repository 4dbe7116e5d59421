// Pictures of the real program, for the documentation: make pictures.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('../../', import.meta.url))
const out = process.argv[2] ?? join(root, 'docs/pictures')
const data = mkdtempSync(join(tmpdir(), 'linli-pictures-'))
mkdirSync(out, { recursive: true })

const linli = spawn(join(root, 'bin/linli'), [
  'demo',
  '--data',
  data,
  '--listen',
  '127.0.0.1:0',
  '--reserve',
  '0',
  '--at',
  '10:30',
])
let log = ''
const url = await new Promise((ok, fail) => {
  const hear = (chunk) => {
    log += chunk
    const at = /msg=serving url=(\S+)/.exec(log)
    if (at) ok(at[1])
  }
  linli.stdout.on('data', hear)
  linli.stderr.on('data', hear)
  linli.once('exit', () => fail(new Error(log)))
})
const who = Object.fromEntries([...log.matchAll(/^ {2}(\w+) .*?(1\d{10})/gm)].map(([, role, phone]) => [role, phone]))
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
})

const phone = { width: 390, height: 844 }
const desk = { width: 1280, height: 800 }
const open = async (role, viewport, more = {}) => {
  const { elder, ...look } = more
  const context = await browser.newContext({ viewport, deviceScaleFactor: 1, locale: 'zh-CN', baseURL: url, ...look })
  const page = await context.newPage()
  if (elder) await page.addInitScript(() => localStorage.setItem('linli.look', 'elder'))
  if (!role) return page
  await page.goto('/signin')
  await page.getByLabel('手机号').fill(who[role])
  await page.getByLabel('密码').fill('linli2026')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL(more.elder ? `${url}/` : '**/rooms')
  return page
}
const shoot = async (page, name) => {
  await page.waitForTimeout(500)
  await page.screenshot({ path: join(out, `${name}.png`) })
}
const row = (page) => page.locator('a.rowbtn', { hasText: '电力小区3号楼' }).first()
const room = async (page) => {
  await row(page).click()
  await page.getByRole('log').waitFor()
}

for (const [dress, scheme] of [
  ['', 'light'],
  ['-dark', 'dark'],
]) {
  const look = { colorScheme: scheme }
  const nobody = await open('', phone, look)
  await nobody.goto('/signin')
  await shoot(nobody, `signin${dress}`)

  const resident = await open('resident', phone, look)
  await row(resident).waitFor()
  await resident.locator('.todorow').first().waitFor()
  await shoot(resident, `rooms${dress}`)
  await room(resident)
  await shoot(resident, `room${dress}`)
  await resident.getByRole('link', { name: '求助' }).click()
  await shoot(resident, `requests${dress}`)
  await resident.locator('.noticebar').click()
  await shoot(resident, `notice${dress}`)
  await resident.keyboard.press('Escape')
  await resident.getByRole('button', { name: '发别的' }).click()
  await shoot(resident, `plus${dress}`)
  await resident.getByRole('button', { name: '找人帮忙' }).click()
  await shoot(resident, `compose${dress}`)
  await resident.keyboard.press('Escape')
  await resident.goto('/search')
  await resident.getByRole('textbox', { name: '搜索' }).fill('出入证')
  await resident.locator('.list .rowbtn').first().waitFor()
  await shoot(resident, `search${dress}`)
  await resident.goto('/me')
  await shoot(resident, `me${dress}`)
  for (const page of ['todo', 'catchup', 'me/stars', 'me/alerts']) {
    await resident.goto(`/${page}`)
    await shoot(resident, `${page.split('/').at(-1)}${dress}`)
  }

  const owner = await open('owner', phone, look)
  await owner.goto('/admission')
  await owner.locator('article').first().waitFor()
  await shoot(owner, `admission${dress}`)

  const worker = await open('owner', desk, look)
  await room(worker)
  await shoot(worker, `desk-room${dress}`)
  await worker.getByRole('button', { name: '群信息' }).click()
  await shoot(worker, `desk-info${dress}`)

  const admin = await open('administrator', desk, look)
  await admin.goto('/office')
  await admin.locator('.fold').first().click()
  await shoot(admin, `desk-office${dress}`)
  await admin.locator('td .btn').first().click()
  await shoot(admin, `desk-staff${dress}`)
  await admin.goto('/office/roster')
  await admin.getByLabel('把花名册拖到这里').setInputFiles(join(root, 'assets/ruyihu/roster.xlsx'))
  await admin.getByText('导入前看一看').waitFor()
  await shoot(admin, `desk-import${dress}`)
}
// 长辈版: its own pages, and those of the normal look that it has too.
for (const [dress, scheme] of [
  ['', 'light'],
  ['-dark', 'dark'],
]) {
  const look = { colorScheme: scheme, elder: true }
  const nobody = await open('', phone, look)
  await nobody.goto('/signin')
  await shoot(nobody, `elder-signin${dress}`)
  const elder = await open('resident', phone, look)
  await elder.getByRole('button', { name: '听通知' }).waitFor()
  await shoot(elder, `elder-home${dress}`)
  const back = () => elder.getByRole('button', { name: '返回' }).click()
  await elder.getByRole('button', { name: '听通知' }).click()
  await elder.locator('article.card').first().waitFor()
  await shoot(elder, `elder-notice${dress}`)
  await back()
  await elder.getByRole('button', { name: '找人帮忙' }).click()
  await shoot(elder, `elder-help${dress}`)
  await elder.getByRole('button', { name: '买药' }).click()
  await shoot(elder, `elder-ask${dress}`)
  await back()
  await elder.getByRole('button', { name: '说一句' }).click()
  await elder.getByRole('log').waitFor()
  await shoot(elder, `elder-room${dress}`)
  await back()
  await elder.getByRole('button', { name: '紧急' }).click()
  await shoot(elder, `elder-sos${dress}`)
  await back()
  await elder.getByRole('link', { name: /字大小/ }).click()
  await shoot(elder, `elder-settings${dress}`)
  await elder.goto('/me')
  await shoot(elder, `elder-me${dress}`)
  await elder.goto('/search')
  await elder.getByRole('textbox', { name: '搜索' }).fill('出入证')
  await elder.locator('.list .rowbtn').first().waitFor()
  await shoot(elder, `elder-search${dress}`)
}
// The form behind a poster's code.
{
  const owner = await open('owner', phone)
  await room(owner)
  await owner.getByRole('button', { name: '群信息' }).click()
  const link = owner.getByText(`${url}/join/`)
  const make = owner.getByRole('button', { name: '生成二维码' })
  await link.or(make).first().waitFor()
  if (await make.count()) await make.click()
  await shoot(owner, 'info')
  await owner.getByText('群规和设置').click()
  await owner.getByText('和花名册一致的申请直接通过').scrollIntoViewIfNeeded()
  await shoot(owner, 'rules')
  const applicant = await open('', phone)
  await applicant.goto(await link.innerText())
  await applicant.getByLabel('真实姓名').fill('王丽')
  await shoot(applicant, 'join')
  const elder = await open('', phone, { elder: true })
  await elder.goto(await link.innerText())
  await elder.getByLabel('真实姓名').fill('王丽')
  await shoot(elder, 'elder-join')
}

await browser.close()
linli.kill()
await new Promise((done) => linli.once('exit', done))
rmSync(data, { recursive: true, force: true })
