// Every page in every dress: nothing that axe objects to, nothing that runs out of a narrow screen.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Linli } from './linli'
import { desk, noFaults, signIn, someone, withBrowser } from './page'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const password = 'linli2026'
let linli: Linli
let who: Record<string, string>
withBrowser()
beforeAll(async () => {
  linli = await Linli.start('', 'demo', '--at', '10:30', '--keep-files', '30', '--speech-hook', 'http://127.0.0.1:9/')
  who = Object.fromEntries(
    [...linli.log.matchAll(/^ {2}(\w+) .*?(1\d{10})/gm)].map(([, role, phone]) => [role!, phone!]),
  )
})
afterAll(() => linli.stop())

const clean = async (page: Page, where: string) => {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof import('axe-core') }).axe.run(document, {
      resultTypes: ['violations'],
    })
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)
  })
  expect(found, where).toEqual([])
}

const fits = async (page: Page, where: string) => {
  const wide = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth
    return [...document.querySelectorAll('main *, section *')]
      .filter((e) => e.getBoundingClientRect().right > limit + 1 && !e.closest('.scrollx, .vh, .toasts'))
      .slice(0, 3)
      .map((e) => e.outerHTML.slice(0, 120))
  })
  expect(wide, where).toEqual([])
}

const dresses = [
  { name: 'phone', viewport: { width: 360, height: 780 } },
  { name: 'phone, dark, large', viewport: { width: 390, height: 844 }, dark: true, size: '22' },
  { name: 'phone, English', viewport: { width: 390, height: 844 }, english: true },
  { name: 'desk', viewport: desk },
  { name: 'desk, dark', viewport: desk, dark: true },
]

test('a room is given what the day has no example of: a picture, a voice, a file', async () => {
  const s = await someone(linli)
  await signIn(s.page, { phone: who.volunteer! }, password)
  await s.page.getByRole('link', { name: /电力小区3号楼/ }).click()
  const bring = async (way: string, name: string, mimeType: string, buffer: Buffer) => {
    await s.page.getByRole('button', { name: '发别的' }).click()
    await s.page.locator(`input[data-way=${way}]`).setInputFiles([{ name, mimeType, buffer }])
    await s.page.locator('.panelgrid').waitFor({ state: 'detached' })
  }
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
  await bring('album', 'a.png', 'image/png', Buffer.from(dot, 'base64'))
  await bring('file', '停水通知.pdf', 'application/pdf', Buffer.from('%PDF-1.7'))
  await s.page.getByRole('button', { name: '说一句' }).click()
  await s.page.getByRole('timer').getByText('1″').waitFor()
  await s.page.getByRole('button', { name: '发送', exact: true }).click()
  await s.page.locator('.voice .wave').waitFor()
  await s.context.close()
})

for (const d of dresses) {
  test(`every page on a ${d.name}`, async () => {
    const dress = async (role?: string) => {
      const s = await someone(linli, d.viewport, { colorScheme: d.dark ? 'dark' : 'light' })
      await s.page.addInitScript(
        ([size, tongue]) => {
          localStorage.setItem('linli.size', size!)
          localStorage.setItem('linli.language', tongue!)
        },
        [d.size ?? '18', d.english ? 'en' : 'zh-CN'],
      )
      if (role) {
        await s.page.goto('/signin')
        await s.page.locator('input[type=tel]').fill(who[role]!)
        await s.page.locator('input[type=password]').fill(password)
        await s.page.locator('button[type=submit]').click()
        await s.page.waitForURL('**/rooms')
      }
      return s
    }
    const see = async (page: Page, where: string) => {
      await page.waitForTimeout(400)
      await fits(page, `${where}, ${d.name}`)
      await clean(page, `${where}, ${d.name}`)
    }

    const nobody = await dress()
    await nobody.page.goto('/signin')
    await see(nobody.page, 'sign-in')
    await nobody.context.close()

    const resident = await dress('resident')
    await see(resident.page, 'rooms')
    await resident.page.locator('a.rowbtn').first().click()
    await resident.page.getByRole('log').waitFor()
    await see(resident.page, 'room')
    const lane = resident.page.locator('.lanes a')
    for (const n of [1, 2]) {
      await lane.nth(n).click()
      await see(resident.page, `lane ${n}`)
    }
    await lane.first().click()
    await resident.page.locator('.noticebar').click()
    await see(resident.page, 'notices')
    await resident.page.keyboard.press('Escape')
    await resident.page.locator('.bar .iconbtn').last().click()
    await see(resident.page, 'room info')
    await resident.page.keyboard.press('Escape')
    await resident.page.locator('.composer2 .iconbtn').last().click()
    await see(resident.page, 'what can be posted')
    await resident.page.getByRole('button', { name: d.english ? 'Ask for help' : '找人帮忙' }).click()
    await see(resident.page, 'compose a request')
    await resident.page.keyboard.press('Escape')
    await resident.page.locator('.bar .iconbtn').last().click()
    await resident.page.getByRole('button', { name: d.english ? 'Files of this room' : '群文件' }).click()
    await resident.page.locator('.shelf img').first().waitFor()
    await see(resident.page, 'shelf')
    await resident.page.locator('.shelf .pictures button').first().click()
    await resident.page.locator('.viewer img').first().waitFor()
    await clean(resident.page, `a picture, ${d.name}`)
    await resident.page.keyboard.press('Escape')
    await resident.page.keyboard.press('Escape')
    await resident.page.locator('.sosbtn').click()
    await see(resident.page, 'emergency')
    await resident.page.keyboard.press('Escape')
    await resident.page.goto('/search')
    await see(resident.page, 'search')
    await resident.page.locator('.seek input').fill('出入证')
    await resident.page.locator('.list .rowbtn').first().waitFor()
    await see(resident.page, 'what was found')
    await resident.page.locator('.list .rowbtn').first().click()
    await resident.page.locator('.around .hit').waitFor()
    await see(resident.page, 'around a hit')
    await resident.page.keyboard.press('Escape')
    await resident.page.goto('/me')
    await see(resident.page, 'me')
    await resident.context.close()

    const owner = await dress('owner')
    await owner.page.goto('/admission')
    await owner.page.locator('article').first().waitFor()
    await see(owner.page, 'admission')
    await owner.page.locator('article .btn.line').first().click()
    await see(owner.page, 'ask for more')
    await owner.page.keyboard.press('Escape')
    await owner.page.goto('/rooms')
    await owner.page.locator('a.rowbtn').first().click()
    await owner.page.getByRole('log').waitFor()
    await owner.page.locator('.bar .iconbtn').last().click()
    await see(owner.page, 'room info of an owner')
    const link = await owner.page.evaluate(async () => {
      const room = location.pathname.split('/').at(-1)
      const headers = { 'Content-Type': 'application/json' }
      await fetch(`/api/v1/rooms/${room}/links`, { method: 'POST', headers, body: '{}' })
      const { links } = await (await fetch(`/api/v1/rooms/${room}/links`)).json()
      return links.find((l: { revoked?: number }) => !l.revoked).link as string
    })
    const applicant = await dress()
    await applicant.page.goto(`/join/${link}`)
    await applicant.page.locator('form').waitFor()
    await see(applicant.page, 'form to join')
    await applicant.page.goto('/join/nosuchlink')
    await see(applicant.page, 'a link that is none')
    await applicant.context.close()
    await owner.context.close()

    const admin = await dress('administrator')
    await admin.page.goto('/office')
    await admin.page.locator('.fold').first().click()
    await see(admin.page, 'office')
    await admin.page.locator('td .btn').first().click()
    await see(admin.page, 'a room of the office')
    await admin.page.keyboard.press('Escape')
    await admin.page.locator('button.kpi').first().click()
    await see(admin.page, 'uncovered doors')
    await admin.page.goto('/office/roster')
    await see(admin.page, 'roster')
    await admin.context.close()
    noFaults()
  })
}

test('text at twice its size stays whole and usable', async () => {
  const s = await someone(linli, { width: 390, height: 844 })
  await s.page.addInitScript(() => {
    document.addEventListener('DOMContentLoaded', () => {
      document.documentElement.style.fontSize = '200%'
    })
  })
  await signIn(s.page, { phone: who.resident! }, password)
  await fits(s.page, 'rooms')
  await s.page.locator('a.rowbtn').first().click()
  await s.page.getByRole('log').waitFor()
  await fits(s.page, 'room')
  await s.page.getByLabel('说点什么').fill('字很大也能写')
  await s.page.getByRole('button', { name: '发送', exact: true }).click()
  await s.page.getByText('字很大也能写').waitFor()
  await s.context.close()
})
