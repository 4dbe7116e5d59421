// M4: inside WeChat's browser, where there is no worker, no push, no download, no second window, and no clipboard to write to.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { faults, inRoom, noFaults, phone, say, signIn, someone, withBrowser } from './page'
import { lixy, owner, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

const agent =
  'Mozilla/5.0 (Linux; Android 12; V2054A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160083 MMWEBSDK/20240404 MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 NetType/4G Language/zh_CN'

const inWeChat = async (who: { phone: string }) => {
  const s = await someone(linli, phone, { userAgent: agent, serviceWorkers: 'block', acceptDownloads: false })
  await s.page.addInitScript(() => {
    for (const [from, what] of [
      [Navigator.prototype, 'serviceWorker'],
      [Navigator.prototype, 'clipboard'],
      [Navigator.prototype, 'share'],
      [window, 'Notification'],
      [window, 'PushManager'],
      [window, 'speechSynthesis'],
    ] as const)
      Reflect.deleteProperty(from, what)
    window.open = () => {
      throw new Error('a second window was opened')
    }
    window.print = () => {
      throw new Error('printing was tried')
    }
  })
  s.page.on('download', (d) => faults.push(`a download: ${d.url()}`))
  await signIn(s.page, who)
  expect(await s.page.evaluate(() => 'serviceWorker' in navigator || 'clipboard' in navigator)).toBe(false)
  return s
}
const dot = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

test('in WeChat one talks, shows a picture, asks for help and reads on after a reload', async () => {
  const her = await inRoom(linli, lixy, town.room)
  const { page, context } = await inWeChat(zhang)
  await page.getByRole('link', { name: /和园3号楼/ }).click()
  await page.getByLabel('说点什么').waitFor()
  await say(page, '在微信里也能说')
  await her.page.getByText('在微信里也能说').waitFor()

  await page.getByRole('button', { name: '发别的' }).click()
  await page.locator('input[data-way=album]').setInputFiles([{ name: 'a.png', mimeType: 'image/png', buffer: dot }])
  await her.page.locator('[role=log] .pictures img').waitFor()
  await page.locator('[role=log] .pictures img').first().waitFor()
  // A picture is a plain image of this server, to be held and saved.
  await page.getByRole('button', { name: /图片 1/ }).click()
  const viewer = page.getByRole('dialog', { name: '图片' })
  expect(await viewer.locator('img').first().getAttribute('src')).toMatch(/^\/api\//)
  await viewer.getByText('按住图片，可以保存').waitFor()
  expect(await viewer.locator('a[download]').count()).toBe(0)
  await viewer.getByRole('button', { name: '关闭' }).click()

  await page.getByRole('button', { name: '发别的' }).click()
  await page.getByRole('button', { name: '找人帮忙' }).click()
  const form = page.getByRole('dialog')
  await form.getByRole('radio', { name: '其他' }).check()
  await form.getByLabel('说说要什么').fill('借梯子')
  await form.getByRole('button', { name: '发出求助' }).click()
  const card = her.page.locator('[role=log] .card', { hasText: '借梯子' })
  await card.getByRole('button', { name: '我来帮忙' }).click()
  await page.getByText('李女士 已接下').waitFor()

  // A message is copied the old way.
  await page.locator('[role=log] .bub', { hasText: '在微信里也能说' }).click({ button: 'right' })
  await page.getByRole('button', { name: '复制' }).click()
  await page.locator('.toasts').getByText('已复制').waitFor()

  await page.reload()
  await page.getByText('借梯子').first().waitFor()
  await her.context.close()
  await context.close()
  noFaults()
})

test('in WeChat a file and a list are not saved: the link for another browser leads to them', async () => {
  const { page, context } = await inWeChat(owner)
  await page.getByRole('link', { name: /和园3号楼/ }).click()
  await page.getByLabel('说点什么').waitFor() // the list has a 发别的, too
  await page.getByRole('button', { name: '发别的' }).click()
  await page
    .locator('input[data-way=file]')
    .setInputFiles([{ name: '停水通知.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') }])
  const file = page.locator('[role=log] .filecard', { hasText: '停水通知.pdf' })
  await file.click()
  const how = page.getByRole('group', { name: '到浏览器里打开' })
  await how.getByText(/微信里不能保存/).waitFor()
  const link = await how.getByLabel('复制链接').first().inputValue()
  expect(link).toMatch(new RegExp(`^${linli.url}/rooms/${town.room}\\?at=\\d+$`))
  await how.getByRole('button', { name: '复制链接' }).click()
  await how.getByText('已复制').waitFor()
  await file.click()
  expect(await how.count()).toBe(0)

  // The link, in a browser that saves files: sign in, and there is the file.
  const outside = await someone(linli)
  await outside.page.goto(link)
  await outside.page.getByLabel('手机号').fill(zhang.phone)
  await outside.page.getByLabel('密码').fill('heyuan-2020')
  await outside.page.getByRole('button', { name: '登录', exact: true }).click()
  const there = outside.page.locator('[role=log] .filecard', { hasText: '停水通知.pdf' })
  const [download] = await Promise.all([outside.page.waitForEvent('download'), there.click()])
  expect(download.suggestedFilename()).toBe('停水通知.pdf')
  await outside.context.close()

  // The poster and printing: the same.
  await page.getByRole('button', { name: '群信息' }).click()
  const info = page.getByRole('dialog')
  await info.getByText('下载海报（PDF）').click()
  await info.getByRole('group', { name: '到浏览器里打开' }).waitFor()
  await info.getByText('群规和设置').click()
  await info.getByLabel('群规', { exact: true }).fill('互相帮忙')
  await info.getByRole('button', { name: '保存群规' }).click()
  await info.getByRole('button', { name: '打印' }).click()
  await expect.poll(() => info.getByRole('group', { name: '到浏览器里打开' }).count()).toBe(2)
  await context.close()
  noFaults()
})
