// The administrator's page 系统: copies are made and tried from it, what rots is said in red, and the way to the first copy.
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { binary, folder, Linli } from './linli'
import { desk, noFaults, phone, signIn, someone, withBrowser } from './page'
import { admin, owner, signedIn } from './town'

const town = inject('town')
let linli: Linli
let to: string
withBrowser()
beforeAll(async () => {
  to = folder()
  const key = /backup-key (age1\S+)/.exec(execFileSync(binary, ['backup', 'key']).toString())![1]!
  const flags = ['--backup-to', to, '--backup-key', key, '--backup-every', '24h', '--backup-rate', '1']
  linli = await Linli.start(town.data, 'serve', ...flags)
})
afterAll(async () => {
  await linli.stop()
  rmSync(to, { recursive: true })
})

const office = async (on: Linli, size = phone) => {
  const s = await someone(on, size)
  await signIn(s.page, admin)
  await s.page.goto('/office')
  await s.page.getByRole('link', { name: '系统' }).click()
  await s.page.getByRole('heading', { name: '系统' }).waitFor()
  return s
}
const copyNow = (page: Page) => page.getByRole('button', { name: '现在备份一次' })
const tryNow = (page: Page) => page.getByRole('button', { name: '再试一次恢复' })
const same = (page: Page) => page.locator('table').getByText('一样', { exact: true })
// A second device looks again when its page is seen again.
const look = (page: Page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
// A file as somebody brought it: some seconds of work for a copy, at 1 MiB a second.
const bring = (data: string, bytes: number) => {
  const file = randomBytes(bytes)
  const hash = createHash('sha256').update(file).digest('base64url')
  const dir = join(data, 'blob', hash.slice(0, 2).toLowerCase())
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, hash), file)
}
// What the disk of the copies does to them: a bit of each part that holds messages turns over.
const rot = () => {
  for (const name of readdirSync(join(to, 'frames'))) {
    const path = join(to, 'frames', name)
    const part = readFileSync(path)
    part[part.length >> 1]! ^= 4
    writeFileSync(path, part)
  }
}

test('an administrator makes a copy and tries it; a second device sees the same, and a second press is told why not', async () => {
  const one = await office(linli)
  const other = await office(linli, desk)
  await expect.poll(() => look(one.page).then(() => same(one.page).count())).toBe(4) // the server made and tried the first by itself
  await one.page.getByText('一切正常').waitFor()
  await copyNow(one.page).and(one.page.locator(':enabled')).waitFor()
  bring(linli.data, 6 << 20)
  await copyNow(one.page).click()
  await one.page.getByText('正在备份').waitFor()
  expect(await copyNow(one.page).isDisabled()).toBe(true)
  await look(other.page)
  await other.page.getByText('正在备份').waitFor()
  if (process.env.SHOTS) await other.page.screenshot({ path: `${process.env.SHOTS}/system-work.png` })
  const api = await signedIn(linli, admin)
  await expect(api.post('/system/verify')).rejects.toThrow('busy')
  for (const { page } of [one, other]) {
    await page.getByText('备份做好了').waitFor()
    expect(await page.locator('.chain li').count()).toBe(2)
  }
  await tryNow(one.page).click()
  await one.page.getByText('恢复试过了，一样').waitFor()
  expect(await same(one.page).count()).toBe(4)
  await one.page.getByText(/今天 .* 试着恢复过，一样/).waitFor()
  for (const s of [one, other]) await s.context.close()
  noFaults()
})

test('while another program is at the copies nothing is done, and the page says so beside the button', async () => {
  const { page, context } = await office(linli)
  await same(page).first().waitFor()
  const lock = join(linli.data, 'archive', 'lock')
  const holder = spawn('flock', ['-F', lock, 'sh', '-c', 'echo held; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((held) => holder.stdout.once('data', held))
  await copyNow(page).click()
  await page.getByText('没有做：别的程序正在备份').waitFor()
  holder.kill()
  await context.close()
  noFaults()
})

test('a part that rots on the disk is said in red, with what to do; and that brings a copy that is the same', async () => {
  const { page, context } = await office(linli, desk)
  await same(page).first().waitFor()
  rot()
  await tryNow(page).click()
  await page.getByText('恢复试过了，不一样').waitFor()
  await page.getByText(/试着恢复过，\d+ 处不对/).waitFor()
  await page.getByText('备份试着恢复过，有').waitFor() // above all else
  await page.getByText('看哪里不对').click()
  await page
    .getByText(/frames\/.*not what was written/)
    .first()
    .waitFor()
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/system-wrong.png` })
  const whole = () => page.locator('.chain').getByText('整份').count()
  expect(await whole()).toBe(1)
  await copyNow(page).click()
  await page.getByText('整份的已经做好了').waitFor()
  expect(await whole()).toBe(2)
  await tryNow(page).click()
  await page.getByText('恢复试过了，一样').waitFor()
  await page.getByText('一切正常').waitFor()
  await context.close()
  noFaults()
})

test('a disk for copies that is pulled out is said where the button is, and put back it goes on', async () => {
  const { page, context } = await office(linli)
  await same(page).first().waitFor()
  const aside = `${to}-aside`
  execFileSync('mv', [to, aside])
  await copyNow(page).click()
  await page.locator('footer').getByText('备份盘不在').waitFor()
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/system-missing.png` })
  execFileSync('mv', [aside, to])
  await copyNow(page).click()
  await page.getByText('备份做好了').waitFor()
  expect(await page.getByText('备份盘不在').count()).toBe(0)
  await context.close()
  noFaults()
})

test('without a network the page stays as it was, and says since when', async () => {
  const { page, context } = await office(linli)
  await same(page).first().waitFor()
  await context.setOffline(true)
  await look(page)
  await page.getByText('现在连不上服务器').waitFor()
  expect(await same(page).count()).toBe(4)
  await context.setOffline(false)
  await look(page)
  await page.getByText('现在连不上服务器').waitFor({ state: 'detached' })
  await context.close()
  noFaults()
})

test('a server without a place for copies says the way to the first in three steps, on a phone and on a desk', async () => {
  const bare = await Linli.start(town.data)
  for (const size of [phone, desk, { width: 320, height: 640 }]) {
    const { page, context } = await office(bare, size)
    await page.getByText('还没有备份。').waitFor()
    expect(await page.locator('.steps2 > li').count()).toBe(3)
    await page.getByRole('button', { name: '复制 linli backup key' }).click()
    await page.getByText('已复制').waitFor()
    expect(await copyNow(page).count()).toBe(0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/system-none-${size.width}.png` })
    await context.close()
  }
  await bare.stop()
  noFaults()
})

test('an owner sees no way to it, and is refused', async () => {
  const { page, context } = await someone(linli, desk)
  await signIn(page, owner)
  await page.goto('/office')
  await page.locator('.owned').waitFor()
  expect(await page.getByRole('link', { name: '系统' }).count()).toBe(0)
  await page.goto('/office/system')
  await page.locator('.locked').waitFor()
  const own = await signedIn(linli, owner)
  await expect(own.get('/system')).rejects.toThrow('forbidden')
  await expect(own.post('/system/backup')).rejects.toThrow('forbidden')
  await expect(own.post('/system/verify')).rejects.toThrow('forbidden')
  await context.close()
  noFaults()
})
