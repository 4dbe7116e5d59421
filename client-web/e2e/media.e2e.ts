// J3.2: pictures, voices and files, on two people's phones.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { held, inRoom, noFaults, phone, withBrowser } from './page'
import { lixy, owner, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

// A photo as a phone takes it: with Exif that says where.
const photo = async (page: Page, colour: string) => {
  const plain = Buffer.from(
    await page.evaluate((colour) => {
      const canvas = document.createElement('canvas')
      canvas.width = 1800
      canvas.height = 1200
      const ink = canvas.getContext('2d')!
      ink.fillStyle = colour
      ink.fillRect(0, 0, 1800, 1200)
      return canvas.toDataURL('image/jpeg').split(',')[1]!
    }, colour),
    'base64',
  )
  const exif = Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\0GPS 34.7466N 113.6253E', 'latin1')
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2])
  return Buffer.concat([plain.subarray(0, 2), head, exif, plain.subarray(2)])
}
const more = (page: Page) => page.getByRole('button', { name: '发别的' }).click()
const choose = async (page: Page, way: string, files: { name: string; mimeType: string; buffer: Buffer }[]) => {
  if (!(await page.locator('.panel').count())) await more(page)
  await page.locator(`input[data-way=${way}]`).setInputFiles(files)
}
const loaded = (page: Page, n: number) =>
  expect
    .poll(() =>
      page
        .locator('[role=log] .pictures img')
        .evaluateAll((all) => all.filter((i) => (i as HTMLImageElement).naturalWidth > 0).length),
    )
    .toBe(n)

test('pictures are seen by the neighbours, large on a tap, and nobody learns where they were taken', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  const jpg = async (colour: string) => ({
    name: `${colour}.jpg`,
    mimeType: 'image/jpeg',
    buffer: await photo(a.page, colour),
  })
  await choose(a.page, 'album', [await jpg('red'), await jpg('green'), await jpg('blue')])
  await loaded(b.page, 3)
  await loaded(a.page, 3)
  const raw = await b.page.evaluate(async () => {
    const img = document.querySelector<HTMLImageElement>('[role=log] .pictures img')!
    const bytes = new Uint8Array(await (await fetch(img.src.replace('?small', ''))).arrayBuffer())
    return new TextDecoder('latin1').decode(bytes)
  })
  expect(raw).not.toContain('GPS')
  expect(raw).not.toContain('Exif')
  expect(raw.length).toBeGreaterThan(1000)

  await b.page.getByRole('button', { name: '图片 1 / 3' }).click()
  const viewer = b.page.getByRole('dialog', { name: '图片' })
  await viewer.getByText('1 / 3').waitFor()
  await b.page.keyboard.press('ArrowRight')
  await viewer.getByText('2 / 3').waitFor()
  await viewer.getByRole('button', { name: '放大' }).click()
  await expect
    .poll(() => viewer.locator('.slide.large img').evaluate((i) => i.clientWidth))
    .toBeGreaterThan(phone.width * 2)
  await b.page.keyboard.press('Escape')
  expect(await viewer.count()).toBe(0)

  // A gap in the network: the picture waits on the phone, through a reload of the page, and arrives once.
  await a.context.setOffline(true)
  await choose(a.page, 'album', [await jpg('black')])
  await a.page.getByText('待发送').waitFor()
  await a.page.locator('.msg.wait .pictures img').waitFor()
  await expect.poll(() => held(a.page, 'outbox')).toBe(1)
  await a.context.setOffline(false)
  await a.page.reload()
  await loaded(b.page, 4)
  await loaded(a.page, 4)
  expect(await a.page.getByText('待发送').count()).toBe(0)

  // Taken back, it is gone from everybody's page.
  await a.page.locator('[role=log] .msg').last().click({ button: 'right' })
  await a.page.getByRole('button', { name: '撤回' }).click()
  await loaded(b.page, 3)
  for (const s of [a, b]) await s.context.close()
  noFaults()
})

test('a voice is spoken, seen with its length, and heard by a neighbour', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, owner, town.room)
  for (let i = 0; i < 2; i++) {
    await a.page.getByRole('button', { name: '说一句' }).click()
    await a.page.getByRole('timer').getByText(/[12]″/).waitFor()
    await a.page.getByRole('button', { name: '发送', exact: true }).click()
    await expect.poll(() => b.page.locator('.voice').count()).toBe(i + 1)
  }
  expect(await b.page.locator('.voice .unheard').count()).toBe(2)
  expect(await a.page.locator('.voice .unheard').count()).toBe(0)
  expect(await b.page.locator('.voice .wave rect').count()).toBeGreaterThan(10)
  // The first is played, and the second follows by itself.
  await b.page
    .getByRole('button', { name: /播放语音/ })
    .first()
    .click()
  await expect.poll(() => b.page.locator('.voice .unheard').count()).toBe(0)
  await b.page.getByRole('button', { name: '1.5 倍速' }).click()
  // Thrown away is thrown away.
  await a.page.getByRole('button', { name: '说一句' }).click()
  await a.page.getByRole('timer').waitFor()
  await a.page.getByRole('button', { name: '取消' }).click()
  await a.page.getByLabel('说点什么').waitFor()
  expect(await b.page.locator('.voice').count()).toBe(2)
  for (const s of [a, b]) await s.context.close()
  noFaults()
})

test('a file is fetched under its name from the shelf, and a program is not taken', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  await choose(a.page, 'file', [
    { name: '停水/通知?.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 停水') },
  ])
  await b.page.locator('[role=log]').getByText('停水通知.pdf').waitFor()
  await choose(a.page, 'file', [
    { name: '好东西.apk', mimeType: 'application/octet-stream', buffer: Buffer.from('\x7fELF program') },
  ])
  await a.page.getByText(/打不开这个文件，或者不收这一类/).waitFor()
  await a.page.getByRole('button', { name: '删掉' }).click()

  await b.page.getByRole('button', { name: '群信息' }).click()
  await b.page.getByRole('button', { name: '群文件' }).click()
  const shelf = b.page.getByRole('dialog', { name: '群文件' })
  await shelf.getByRole('button', { name: '文件', exact: true }).click()
  const [download] = await Promise.all([b.page.waitForEvent('download'), shelf.getByText('停水通知.pdf').click()])
  expect(download.suggestedFilename()).toBe('停水通知.pdf')
  expect(readFileSync(await download.path(), 'utf8')).toBe('%PDF-1.7 停水')
  await shelf.getByRole('button', { name: '看原处' }).first().click()
  expect(await shelf.count()).toBe(0)

  await more(a.page)
  await a.page.getByRole('button', { name: '位置' }).click()
  const form = a.page.getByRole('dialog', { name: '位置' })
  expect(await form.getByLabel('地址').inputValue()).toContain('3-1-101')
  await form.getByRole('button', { name: '发送', exact: true }).click()
  await b.page
    .locator('[role=log] .card')
    .getByText(/3-1-101/)
    .waitFor()
  for (const s of [a, b]) await s.context.close()
  noFaults()
})

test('a video shows a picture of itself, and plays', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, owner, town.room)
  const film = await a.page.evaluate(async () => {
    const canvas = document.createElement('canvas')
    canvas.width = 160
    canvas.height = 120
    const ink = canvas.getContext('2d')!
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm' })
    const parts: Blob[] = []
    recorder.ondataavailable = (e) => parts.push(e.data)
    recorder.start()
    for (let i = 0; i < 20; i++) {
      ink.fillStyle = `rgb(${i * 12},80,80)`
      ink.fillRect(0, 0, 160, 120)
      await new Promise((done) => setTimeout(done, 50))
    }
    await new Promise((done) => {
      recorder.onstop = done
      recorder.stop()
    })
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
    return btoa(String.fromCharCode(...bytes))
  })
  await choose(a.page, 'video', [{ name: '楼道.webm', mimeType: 'video/webm', buffer: Buffer.from(film, 'base64') }])
  const video = b.page.locator('video.film')
  await video.waitFor()
  const poster = (await video.getAttribute('poster'))!
  expect(await b.page.evaluate(async (url) => (await fetch(url)).headers.get('Content-Type'), poster)).toBe(
    'image/jpeg',
  )
  await video.evaluate((v: HTMLVideoElement) => v.play())
  await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0)
  for (const s of [a, b]) await s.context.close()
  noFaults()
})
