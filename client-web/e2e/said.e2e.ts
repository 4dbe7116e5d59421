// What is said and shown, further: dates of files, voices as text, links, the viewer, what is called off.
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Linli } from './linli'
import { held, inRoom, noFaults, phone, say, signIn, someone, withBrowser } from './page'
import { lixy, zhang } from './town'

const town = inject('town')
let linli: Linli
let engine: Server
let answer = { status: 200, text: '{"text":"今晚挺水"}' }
withBrowser()
beforeAll(async () => {
  engine = createServer((q, a) => {
    q.resume()
    q.on('end', () => a.writeHead(answer.status).end(answer.text))
  })
  await new Promise<void>((up) => engine.listen(0, '127.0.0.1', up))
  const hook = `http://127.0.0.1:${(engine.address() as AddressInfo).port}/`
  linli = await Linli.start(
    town.data,
    'serve',
    ...['--speech-hook', hook, '--keep-files', '30', '--preview-hosts', 'www.example.gov.cn'],
  )
})
afterAll(async () => {
  await linli.stop()
  engine.close()
})

const bring = async (page: Page, way: string, files: { name: string; mimeType: string; buffer: Buffer }[]) => {
  if (!(await page.locator('.panel').count())) await page.getByRole('button', { name: '发别的' }).click()
  await page.locator(`input[data-way=${way}]`).setInputFiles(files)
}
const jpg = async (page: Page, colour: string, name = colour) => ({
  name: `${name}.jpg`,
  mimeType: 'image/jpeg',
  buffer: Buffer.from(
    await page.evaluate((colour) => {
      const canvas = document.createElement('canvas')
      canvas.width = 1200
      canvas.height = 900
      const ink = canvas.getContext('2d')!
      ink.fillStyle = colour
      ink.fillRect(0, 0, 1200, 900)
      return canvas.toDataURL('image/jpeg').split(',')[1]!
    }, colour),
    'base64',
  ),
})
const speak = async (page: Page) => {
  await page.getByRole('button', { name: '说一句' }).click()
  await page.getByRole('timer').getByText(/[12]″/).waitFor()
  await page.getByRole('button', { name: '发送', exact: true }).click()
}

test('a file says until when it is kept, and afterwards when and why it went', async () => {
  const a = await inRoom(linli, zhang, town.room)
  await bring(a.page, 'file', [{ name: '通知.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') }])
  await a.page
    .locator('.filecard')
    .getByText(/保存到 \d{4}-\d\d-\d\d/)
    .waitFor()
  await a.page.getByRole('button', { name: '群信息' }).click()
  await a.page.getByRole('button', { name: '群文件' }).click()
  await a.page.getByText('文件保存 30 天，图片、视频和语音长期保留').waitFor()
  await a.context.close()

  // A month on. Only the page's clock can go ahead here; the server's is moved in its own tests.
  const b = await someone(linli)
  await b.page.addInitScript(() => {
    const real = Date.now
    Date.now = () => real() + 32 * 86_400_000
  })
  await b.page.routeWebSocket('**/socket', (ws) => {
    const server = ws.connectToServer()
    server.onMessage((m) => ws.send(String(m).replace(/"now":(\d+)/, (_, n) => `"now":${Number(n) + 32 * 86_400_000}`)))
  })
  await signIn(b.page, lixy)
  await b.page.goto(`/rooms/${town.room}`)
  await b.page.getByText(/这个文件保存到 \d{4}-\d\d-\d\d，已按群文件规定删除/).waitFor()
  expect(await b.page.locator('a.filecard').count()).toBe(0)
  await b.context.close()
  noFaults()
})

test('a voice is written down by a machine for both, and its author says it better', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  await speak(a.page)
  answer = { status: 200, text: '{"text":""}' }
  await b.page.getByRole('button', { name: '转文字' }).click()
  await b.page.getByText('没有听出说了什么').waitFor()
  answer = { status: 500, text: 'oh' }
  await b.page.getByRole('button', { name: '转文字' }).click()
  await b.page.getByText('转文字暂时用不了').waitFor()
  answer = { status: 200, text: '{"text":"今晚挺水"}' }
  await b.page.getByRole('button', { name: '转文字' }).click()
  for (const s of [a, b]) {
    await s.page.locator('.spelled').getByText('今晚挺水').waitFor()
    await s.page.locator('.spelled').getByText('机器转写').waitFor()
  }
  expect(await b.page.locator('.spelled').getByRole('button', { name: '编辑' }).count()).toBe(0)
  await a.page.locator('.spelled').getByRole('button', { name: '编辑' }).click()
  await a.page.getByLabel('改成您说的话').fill('今晚停水')
  await a.page.getByRole('button', { name: '保存' }).click()
  for (const s of [a, b]) {
    await s.page.locator('.spelled').getByText('今晚停水').waitFor()
    await s.page.locator('.spelled').getByText('本人改过').waitFor()
  }
  await b.page.goto('/search')
  await b.page.locator('.seek input').fill('停水')
  await b.page.locator('.list .rowbtn').getByText('停水').first().waitFor()
  for (const s of [a, b]) await s.context.close()
  noFaults()
})

test('voices go on along the shelf, and fall silent when the room is left', async () => {
  const a = await inRoom(linli, zhang, town.room)
  for (let i = 0; i < 2; i++) {
    await speak(a.page)
    await expect.poll(() => a.page.locator('.voice').count()).toBe(2 + i)
  }
  const b = await inRoom(linli, lixy, town.room)
  // What the talk on this page holds begins behind the voices: they are reached by the shelf alone.
  const api = await b.page.evaluateHandle(async (room) => {
    const me = (await (await fetch('/api/v1/me')).json()) as { device: string }
    const headers = { 'Content-Type': 'application/json' }
    const first = 1000
    for (let n = 0; n < 60; n += 20) {
      const list = Array.from({ length: 20 }, (_, i) => ({
        id: `${me.device}.${first + n + i}`,
        room,
        act: 'text.post',
        words: { text: `第 ${n + i} 条` },
      }))
      await fetch(`/api/v1/rooms/${room}/commands`, { method: 'POST', headers, body: JSON.stringify({ do: list }) })
    }
  }, town.room)
  await api.dispose()
  const c = await inRoom(linli, lixy, town.room)
  await c.page.getByText('第 59 条').waitFor()
  await c.page.getByRole('button', { name: '群信息' }).click()
  await c.page.getByRole('button', { name: '群文件' }).click()
  const shelf = c.page.getByRole('dialog', { name: '群文件' })
  await shelf.getByRole('button', { name: '语音', exact: true }).click()
  await expect.poll(() => shelf.locator('.voice .unheard').count()).toBe(3)
  await shelf
    .getByRole('button', { name: /播放语音/ })
    .last()
    .click() // the oldest
  await expect.poll(() => shelf.locator('.voice .unheard').count()).toBe(0)
  await shelf
    .getByRole('button', { name: /播放语音|暂停/ })
    .first()
    .click()
  await c.page.keyboard.press('Escape')
  await c.page.getByRole('button', { name: '返回' }).click()
  await c.page.waitForURL('**/rooms')
  for (const s of [a, b, c]) await s.context.close()
  noFaults()
})

test('nine pictures keep their order, are enlarged by two taps, and the way back is kept', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const b = await inRoom(linli, lixy, town.room)
  const colours = ['#f00', '#0f0', '#00f', '#ff0', '#0ff', '#f0f', '#000', '#fff', '#888']
  const nine = []
  for (const [i, c] of colours.entries()) nine.push(await jpg(a.page, c, String(i)))
  await bring(a.page, 'album', nine)
  const pictures = b.page.locator('[role=log] .pictures').last()
  await expect
    .poll(() =>
      pictures.locator('img').evaluateAll((all) => all.filter((i) => (i as HTMLImageElement).naturalWidth).length),
    )
    .toBe(9)
  const seen = await pictures.locator('img').evaluateAll((all) =>
    all.map((img) => {
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = 1
      const ink = canvas.getContext('2d')!
      ink.drawImage(img as HTMLImageElement, 0, 0, 1, 1)
      return `#${[...ink.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((n) => Math.round(n / 17).toString(16)).join('')}`
    }),
  )
  expect(seen).toEqual(colours)
  const third = b.page.getByRole('button', { name: '图片 3 / 9' })
  await third.click()
  const viewer = b.page.getByRole('dialog', { name: '图片' })
  const image = viewer.locator('.slide').nth(2).locator('img')
  await expect.poll(() => image.evaluate((i: HTMLImageElement) => i.naturalWidth)).toBeGreaterThan(0)
  await b.page.mouse.dblclick(phone.width / 2, phone.height / 2)
  await expect.poll(() => image.evaluate((i) => i.clientWidth)).toBeGreaterThan(phone.width * 2)
  // Two fingers, as a phone tells of them.
  const pinch = (from: number, to: number) =>
    viewer.locator('.slides').evaluate(
      (el, [from, to]) => {
        const at = (d: number) =>
          [-1, 1].map((s) => new Touch({ identifier: s + 1, target: el, clientX: 195 + (s * d) / 2, clientY: 400 }))
        el.dispatchEvent(new TouchEvent('touchstart', { touches: at(from!), bubbles: true }))
        el.dispatchEvent(new TouchEvent('touchmove', { touches: at(to!), bubbles: true, cancelable: true }))
      },
      [from, to],
    )
  await pinch(300, 30)
  await expect.poll(() => image.evaluate((i) => i.clientWidth)).toBeLessThanOrEqual(phone.width)
  await pinch(100, 200)
  await expect.poll(() => image.evaluate((i) => i.clientWidth)).toBe(phone.width * 2)
  await b.page.keyboard.press('End')
  await viewer.getByText('9 / 9').waitFor()
  await b.page.keyboard.press('Escape')
  expect(await viewer.count()).toBe(0)
  expect(await third.evaluate((e) => e === document.activeElement)).toBe(true)
  for (const s of [a, b]) await s.context.close()
  noFaults()
})

test('what is on its way is called off, and a photo that cannot be drawn here goes as a file', async () => {
  const a = await inRoom(linli, zhang, town.room)
  await a.page.route('**/uploads/*', (r) =>
    r.request().method() === 'PATCH' ? r.abort('internetdisconnected') : void r.continue(),
  )
  // A slow device: what is sent stands in the talk, and is not written down while this is held. The press lasts until after it is: what is
  // pressed stays where it is.
  const device = await a.page.evaluateHandle(
    () =>
      new Promise<{ slow: boolean }>((ok) => {
        const device = { slow: true }
        const open = indexedDB.open('linli')
        open.onsuccess = () => {
          const put = IDBObjectStore.prototype.put
          IDBObjectStore.prototype.put = function (value, key) {
            if (key === 'n') {
              const store = open.result.transaction('outbox', 'readwrite').objectStore('outbox')
              const busy = () => {
                if (device.slow) store.count().onsuccess = busy
                else open.result.close()
              }
              busy()
              IDBObjectStore.prototype.put = put
            }
            return put.call(this, value, key)
          }
          ok(device)
        }
      }),
  )
  await bring(a.page, 'album', [await jpg(a.page, 'orange')])
  await a.page.getByRole('button', { name: '取消发送' }).hover()
  await a.page.mouse.down()
  await device.evaluate((d) => {
    d.slow = false
  })
  await expect.poll(() => held(a.page, 'outbox')).toBe(1)
  await a.page.locator('.panel').waitFor({ state: 'detached' })
  await a.page.mouse.up()
  await a.page.getByText('待发送').waitFor({ state: 'detached' })
  await expect.poll(() => held(a.page, 'outbox')).toBe(0)
  await a.page.unroute('**/uploads/*')
  await a.page.reload()
  await a.page.getByLabel('说点什么').waitFor()
  expect(await a.page.getByText('待发送').count()).toBe(0)

  const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic'), Buffer.alloc(64)])
  await bring(a.page, 'album', [{ name: 'IMG_1.heic', mimeType: 'image/heic', buffer: heic }])
  await a.page.locator('[role=log]').getByText('IMG_1.heic').first().waitFor()
  await a.context.close()
  noFaults()
})

test('a link is warned of when it poses as another, and shown with its title when its host is listed', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const outside: string[] = []
  a.page.on('request', (r) => new URL(r.url()).host !== new URL(linli.url).host && outside.push(r.url()))
  // The test town has no net: what the server would have read is put in its mouth.
  await a.page.route('**/previews', (r) =>
    r.fulfill({
      json: {
        previews: [
          {
            url: 'https://www.example.gov.cn/w',
            host: 'www.example.gov.cn',
            title: '停水通知<img src=x>',
            description: '今晚 8 点',
          },
        ],
      },
    }),
  )
  await say(a.page, '看 https://www.example.gov.cn/w')
  const card = a.page.locator('.linkcard')
  await card.getByText('停水通知<img src=x>').waitFor()
  expect(await card.innerText()).toContain('www.example.gov.cn')
  expect(await card.getAttribute('rel')).toContain('noopener')
  await say(a.page, '请登录 https://www.icbc.com.cn@evil.example/login')
  await a.page.getByRole('link', { name: /icbc/ }).click()
  const warning = a.page.getByRole('dialog', { name: '要打开这个链接吗' })
  await warning.getByText(/看上去是 www\.icbc\.com\.cn，实际会打开 evil\.example/).waitFor()
  await warning.getByRole('button', { name: '不打开' }).click()
  expect(await warning.count()).toBe(0)
  expect(a.context.pages().length).toBe(1)
  expect(outside).toEqual([])
  await a.context.close()
  noFaults()
})

test('a microphone that is refused or missing is explained, and the button is not there in vain', async () => {
  const a = await someone(linli)
  await a.page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))
  })
  await signIn(a.page, zhang)
  await a.page.goto(`/rooms/${town.room}`)
  await a.page.getByRole('button', { name: '说一句' }).click()
  await a.page.getByText('没有允许用麦克风').waitFor()
  await a.page.getByLabel('说点什么').waitFor()
  await a.context.close()

  const b = await someone(linli)
  await b.page.addInitScript(() => {
    delete (window as { MediaRecorder?: unknown }).MediaRecorder
  })
  await signIn(b.page, zhang)
  await b.page.goto(`/rooms/${town.room}`)
  await b.page.getByLabel('说点什么').waitFor()
  expect(await b.page.getByRole('button', { name: '说一句' }).count()).toBe(0)
  await b.page.getByRole('button', { name: '发别的' }).click()
  await b.page.getByText('这个浏览器不能录音').waitFor()
  await b.context.close()
  noFaults()
})
