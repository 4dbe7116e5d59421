// Pictures of the real program, for the documentation: make pictures.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary, demo, password, root } from './demo.mjs'

const out = process.argv[2] ?? join(root, 'docs/pictures')
mkdirSync(out, { recursive: true })
const copies = mkdtempSync(join(tmpdir(), 'linli-copies-'))
const key = /backup-key (age1\S+)/.exec(execFileSync(binary, ['backup', 'key']).toString())[1]
const { url, who, browser, end } = await demo('--backup-to', copies, '--backup-key', key)

const phone = { width: 390, height: 844 }
const desk = { width: 1440, height: 900 }
const open = async (role, viewport, more = {}) => {
  const { elder, ...look } = more
  const context = await browser.newContext({ viewport, deviceScaleFactor: 1, locale: 'zh-CN', baseURL: url, ...look })
  const page = await context.newPage()
  if (elder) await page.addInitScript(() => localStorage.setItem('linli.look', 'elder'))
  if (!role) return page
  await page.goto('/signin')
  await page.getByLabel('手机号').fill(who[role])
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL(more.elder ? `${url}/` : /\/(rooms|office)$/)
  if (page.url().endsWith('/office') && role === 'owner') await page.goto('/rooms')
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
  await row(resident).click({ button: 'right' })
  await resident.getByRole('dialog').waitFor()
  await shoot(resident, `rooms-menu${dress}`)
  await resident.keyboard.press('Escape')
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
  await resident.getByRole('button', { name: '紧急', exact: true }).click()
  await resident.getByRole('dialog').waitFor()
  await shoot(resident, `sos-sheet${dress}`)
  await resident.keyboard.press('Escape')
  await resident.context().setOffline(true)
  await resident.getByText('没有网络').first().waitFor()
  await shoot(resident, `room-offline${dress}`)
  await resident.context().setOffline(false)
  await resident.goto('/search')
  await resident.getByRole('textbox', { name: '搜索' }).fill('出入证')
  await resident.locator('.list .rowbtn').first().waitFor()
  await shoot(resident, `search${dress}`)
  await resident.goto('/me')
  await shoot(resident, `me${dress}`)
  for (const page of ['tasks', 'todo', 'catchup', 'me/stars', 'me/alerts']) {
    await resident.goto(`/${page}`)
    await shoot(resident, `${page.split('/').at(-1)}${dress}`)
  }

  const owner = await open('owner', phone, look)
  await owner.goto('/admission')
  await owner.locator('article').first().waitFor()
  await shoot(owner, `admission${dress}`)

  await owner.goto('/me/second')
  await owner.locator('.secret').waitFor()
  await shoot(owner, `twostep${dress}`)

  const worker = await open('owner', desk, look)
  await room(worker)
  await shoot(worker, `desk-room${dress}`)
  await worker.getByRole('button', { name: '群信息' }).click()
  await shoot(worker, `desk-info${dress}`)

  await worker.keyboard.press('Escape')
  await worker.keyboard.press('Control+k')
  await worker.getByRole('combobox').fill('3')
  await shoot(worker, `desk-jump${dress}`)
  await worker.keyboard.press('Escape')

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
  await admin.goto('/office/roster?by=doors')
  await admin.getByRole('group', { name: '1号楼' }).waitFor()
  await shoot(admin, `desk-start${dress}`)
  const boss = await open('administrator', phone, look)
  for (const [page, name] of [
    [admin, 'desk-system'],
    [boss, 'system'],
  ]) {
    await page.goto('/office/system')
    await page.getByText('试着恢复过，一样').waitFor({ timeout: 120_000 })
    await shoot(page, name + dress)
  }
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
  await owner.getByText('拿着本户门牌码').first().scrollIntoViewIfNeeded()
  await shoot(owner, 'rules')
  const applicant = await open('', phone)
  await applicant.goto(await link.innerText())
  await applicant.getByLabel('真实姓名').fill('王丽')
  await shoot(applicant, 'join')
  const form = { name: '王丽', title: '女士', phone: '13800009999', password, door: '4-1-201', relation: 'owner' }
  await applicant.evaluate(
    async ([link, form]) => {
      const page = await (await fetch(`/api/v1/join/${link}`)).json()
      await fetch(`/api/v1/join/${link}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...form, charter: page.charter?.version }),
      })
    },
    [(await link.innerText()).split('/').at(-1), form],
  )
  await applicant.goto('/pending')
  await applicant.getByText('等待群主审核').first().waitFor()
  await shoot(applicant, 'pending')
  const elder = await open('', phone, { elder: true })
  await elder.goto(await link.innerText())
  await elder.getByLabel('真实姓名').fill('王丽')
  await shoot(elder, 'elder-join')
}

await end()
rmSync(copies, { recursive: true, force: true })
