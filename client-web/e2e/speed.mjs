// How fast the page is on a cheap phone: a cold start of a room and of the sign-in page on slow 3G (400 ms, 50 KB/s), and typing in a
// room of many messages, all with a processor a quarter as fast. Figures, not a test: make speed.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { binary, demo, password } from './demo.mjs'

const runs = Number(process.argv[2] ?? 5)
const { url, who, browser, end } = await demo('--speed', '0')
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
const p95 = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.95)]
const small = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  locale: 'zh-CN',
  baseURL: url,
  isMobile: true,
  hasTouch: true,
}

// Signed in, at the resident's own room; what a context keeps is handed on as cookies alone.
const first = await browser.newContext(small)
const page = await first.newPage()
await page.goto('/signin')
await page.getByLabel('手机号').fill(who.resident)
await page.getByLabel('密码').fill(password)
await page.getByRole('button', { name: '登录', exact: true }).click()
await page.waitForURL('**/rooms')
await page.locator('a.rowbtn', { hasText: '电力小区3号楼' }).first().click()
await page.getByRole('log').waitFor()
const room = new URL(page.url()).pathname
const cookies = (await first.cookies()).filter((c) => c.name !== 'linli_refresh')

// A cold start: the time until something of `shown` can be read, the bytes and the requests until then.
const cold = async (path, shown, who) => {
  const context = await browser.newContext({ ...small, serviceWorkers: 'block' })
  await context.addCookies(who)
  const page = await context.newPage()
  const cdp = await context.newCDPSession(page)
  await cdp.send('Network.enable')
  await cdp.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 400,
    downloadThroughput: 50 * 1024,
    uploadThroughput: 50 * 1024,
  })
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  let bytes = 0
  const asked = []
  const bad = []
  const name = new Map()
  const size = new Map()
  const from = performance.now()
  cdp.on('Network.loadingFinished', (e) => {
    bytes += e.encodedDataLength
    size.set(
      name.get(e.requestId),
      `${(e.encodedDataLength / 1024).toFixed(1)} KiB at ${((performance.now() - from) / 1000).toFixed(2)} s`,
    )
  })
  cdp.on('Network.requestWillBeSent', (e) => {
    const path = e.request.url.replace(url, '')
    name.set(e.requestId, path)
    asked.push(path)
  })
  page.on('console', (m) => m.type() === 'error' && bad.push(m.text()))
  await page.goto(path, { waitUntil: 'commit' })
  await page.waitForFunction(shown, null, { polling: 'raf', timeout: 60_000 })
  const took = performance.now() - from
  const then = { took, bytes, requests: asked.length }
  await page.waitForLoadState('networkidle') // what comes after it, for doubles
  const times = new Map()
  for (const a of asked) times.set(a, (times.get(a) ?? 0) + 1)
  await context.close()
  return {
    ...then,
    doubles: [...times].filter(([, n]) => n > 1).map(([a, n]) => `${a} ×${n}`),
    bad,
    asked: asked.map((a) => `${a} ${size.get(a) ?? ''}`),
  }
}
const report = async (what, ...args) => {
  const all = []
  for (let i = 0; i < runs; i++) all.push(await cold(...args))
  const last = all.at(-1)
  console.log(
    `${what}: ${(median(all.map((x) => x.took)) / 1000).toFixed(2)} s (${all.map((x) => (x.took / 1000).toFixed(2)).join(' ')}), ${(last.bytes / 1024).toFixed(0)} KiB, ${last.requests} requests`,
  )
  if (last.doubles.length) console.log(`  asked more than once: ${last.doubles.join(', ')}`)
  if (last.bad.length) console.log(`  in the console: ${last.bad.join(' | ')}`)
  if (process.env.REQUESTS) console.log(`  ${last.asked.join('\n  ')}`)
}
await report(
  'room, first readable message',
  room,
  () => !!document.querySelector('[role=log] [data-seq] .bubble, [role=log] .bub')?.textContent,
  cookies,
)
await report('sign-in page', '/signin', () => !!document.querySelector('form input[type=password]'), [])

// A room of 10,000 messages, for which nobody is held to a pace: the program's own benchmark makes it.
const many = mkdtempSync(join(tmpdir(), 'linli-speed-'))
const bench = spawn(binary, ['bench-seed', '-dir', many, '-rooms', '1', '-members', '3'])
const members = []
let large = ''
for await (const line of createInterface({ input: bench.stdout })) {
  const said = JSON.parse(line)
  if (said.url) {
    large = said.url.replace('ws:', 'http:').replace('/api/v1/socket', '')
    break
  }
  members.push(said)
}
const [reader, talker] = members
for (let i = 1; i <= 10_000; i += 32) {
  const texts = Array.from({ length: Math.min(32, 10_001 - i) }, (_, k) => i + k)
  const answer = await fetch(`${large}/api/v1/rooms/${talker.room}/commands`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${talker.token}` },
    body: JSON.stringify({
      do: texts.map((n) => ({
        id: `${talker.device}.${n}`,
        act: 'text.post',
        words: { text: `第 ${n} 句，楼下的灯坏了` },
      })),
    }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

// Typing, letter by letter: from the key to the next frame.
const typer = await browser.newContext({ ...small, baseURL: large })
await typer.addCookies([
  { name: 'linli_access', value: reader.token, url: large, httpOnly: true, sameSite: 'Lax' },
  { name: 'linli_until', value: String(Date.now() + 600_000), url: large, sameSite: 'Lax' },
])
const there = await typer.newPage()
await there.goto(`/rooms/${reader.room}`)
await there.getByRole('log').getByText('第 10000 句').waitFor()
// Up through some of them, so that as many are held as ever are, and back.
for (let i = 0; i < 40; i++)
  await there
    .locator('.vlist')
    .evaluate((el) => {
      el.scrollTop = 0
    })
    .then(() => there.waitForTimeout(100))
const back = there.getByRole('button', { name: '回到最新' })
if (await back.count()) await back.click()
await there.getByRole('log').getByText('第 10000 句').waitFor()
const cdp = await typer.newCDPSession(there)
await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 })
const box = there.getByRole('textbox').last()
await box.click()
const keys = await there.evaluate(async () => {
  const box = document.activeElement
  const took = []
  for (let i = 0; i < 80; i++) {
    const from = performance.now()
    document.execCommand('insertText', false, '好')
    await new Promise((ok) => requestAnimationFrame(() => setTimeout(ok)))
    took.push(performance.now() - from)
    await new Promise((ok) => setTimeout(ok, 60))
  }
  return [box.tagName, took]
})
console.log(
  `typing in a room of 10,000 (${keys[0]}): p50 ${median(keys[1]).toFixed(0)} ms, p95 ${p95(keys[1]).toFixed(0)} ms`,
)

const over = new Promise((ok) => bench.once('exit', ok))
bench.stdin.end()
await Promise.all([over, end()])
rmSync(many, { recursive: true, force: true })
