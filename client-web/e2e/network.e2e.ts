// J3.4, J3.9, J3.10: gaps in the network, slow networks, servers that die. Nothing is lost, nothing doubled, and all devices agree.
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { binary, folder, Linli } from './linli'
import { desk, inRoom, kept, noFaults, say, signIn, someone, texts, withBrowser } from './page'
import { lixy, owner, signedIn, volunteers, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

interface Page50 {
  new?: { seq: number; kind: string; words?: { text?: string } }[]
  first?: boolean
}

// All that was said in a room, as the server has it.
const truth = async (api: Api, room: string) => {
  const all: string[] = []
  for (let before = 0, first = false; !first; ) {
    const page = await api.get<Page50>(`/rooms/${room}/items?limit=100${before ? `&before=${before}` : ''}`)
    const items = page.new ?? []
    all.unshift(...items.flatMap((i) => (i.kind === 'text' ? [i.words?.text ?? ''] : [])))
    before = items[0]?.seq ?? 0
    first = page.first === true
  }
  return all
}

test('offline, killed in the middle and back: the same order on all devices, none lost, none doubled', async () => {
  const mobile = await inRoom(linli, zhang, town.room)
  const computer = await inRoom(linli, zhang, town.room, desk)
  const neighbour = await inRoom(linli, lixy, town.room)
  const said: string[] = []
  const says = async (page: Page, text: string) => {
    said.push(text)
    await say(page, text)
  }
  await says(neighbour.page, '都在吗')
  for (const s of [mobile, computer]) await s.page.locator('[role=log]').getByText('都在吗').waitFor()

  for (let round = 1; round <= 2; round++) {
    await mobile.context.setOffline(true)
    await mobile.page.getByText(/没有网络/).waitFor()
    await says(mobile.page, `电梯里 ${round}.1`)
    await says(mobile.page, `电梯里 ${round}.2`)
    for (let i = 1; i <= 3; i++) await says(neighbour.page, `邻居 ${round}.${i}`)
    const back = linli.restart('SIGKILL')
    await says(neighbour.page, `断电时 ${round}.1`)
    await says(computer.page, `断电时 ${round}.2`)
    await back
    await mobile.context.setOffline(false)
    await says(mobile.page, `回来了 ${round}`)
    for (const s of [mobile, computer, neighbour]) await expect.poll(() => s.page.getByText('待发送').count()).toBe(0)
  }
  const api = await signedIn(linli, owner)
  await expect.poll(async () => (await truth(api, town.room)).length).toBe(said.length)
  const all = await truth(api, town.room)
  expect([...all].sort()).toEqual([...said].sort())
  // What one device said stands in the order in which it was said.
  for (const who of [/^(电梯里|回来了)/, /^邻居/])
    expect(all.filter((x) => who.test(x))).toEqual(said.filter((x) => who.test(x)))
  for (const s of [mobile, computer, neighbour]) {
    await expect.poll(() => kept(s.page, town.room)).toEqual(all)
    await expect.poll(async () => (await texts(s.page)).slice(-5)).toEqual(all.slice(-5))
  }
  for (const s of [mobile, computer, neighbour]) await s.context.close()
  noFaults()
})

test('two tabs and two devices agree on what is read, and two tabs that write lose nothing', async () => {
  const phone = await someone(linli)
  await signIn(phone.page, zhang)
  const other = await someone(linli, desk)
  await signIn(other.page, zhang)
  const tab = await phone.context.newPage()
  await tab.goto('/rooms')
  const row = (page: Page) => page.getByRole('link', { name: /和园3号楼/ })
  for (const p of [phone.page, tab, other.page]) await row(p).waitFor()
  const b = await signedIn(linli, lixy)
  for (let i = 1; i <= 12; i++) await b.act(town.room, 'text.post', { words: { text: `新 ${i}` } })
  for (const p of [phone.page, tab, other.page])
    await row(p).locator('.count').getByText('12', { exact: true }).waitFor()

  await other.page.goto(`/rooms/${town.room}`)
  await other.page.locator('[role=log]').getByText('新 12').waitFor()
  for (const p of [phone.page, tab]) await expect.poll(() => row(p).locator('.count').count()).toBe(0)

  await phone.page.goto(`/rooms/${town.room}`)
  await tab.goto(`/rooms/${town.room}`)
  for (let i = 1; i <= 6; i++) await Promise.all([say(phone.page, `甲 ${i}`), say(tab, `乙 ${i}`)])
  const wrote = async () => (await truth(b, town.room)).filter((x) => /^[甲乙] /.test(x))
  await expect.poll(async () => (await wrote()).length).toBe(12)
  expect((await wrote()).filter((x) => x.startsWith('甲'))).toEqual([1, 2, 3, 4, 5, 6].map((n) => `甲 ${n}`))

  // What was written elsewhere while this one had no network, and later, takes no words from who is writing: theirs go everywhere then.
  const box = (page: Page) => page.getByLabel('说点什么')
  await phone.context.setOffline(true)
  await box(phone.page).pressSequentially('电梯里写的')
  const z = await signedIn(linli, zhang)
  await z.ask('PUT', `/me/drafts/${town.room}`, { text: '别处写的' })
  await expect.poll(() => box(other.page).inputValue()).toBe('别处写的')
  await phone.context.setOffline(false)
  await expect.poll(() => box(other.page).inputValue()).toBe('电梯里写的')
  expect(await box(phone.page).inputValue()).toBe('电梯里写的')
  await box(phone.page).press('Enter')
  await phone.page.locator('[role=log]').getByText('电梯里写的').waitFor()
  for (const s of [phone, other]) await s.context.close()
  noFaults()
})

test('a new device has the whole history, and a message can be taken back for two minutes', async () => {
  const b = await signedIn(linli, lixy)
  for (let i = 1; i <= 130; i++) await b.act(town.room, 'text.post', { words: { text: `从前 ${i}` } })
  const fresh = await inRoom(linli, zhang, town.room)
  const log = fresh.page.locator('[role=log]')
  await log.getByText('从前 130').waitFor()
  await log.hover()
  await expect
    .poll(
      async () => {
        await fresh.page.mouse.wheel(0, -5000) // by hand: what the page itself moves takes nobody away from the end
        return log.getByText('都在吗').count()
      },
      { interval: 150 },
    )
    .toBe(1)

  await fresh.page.getByRole('button', { name: '回到最新' }).click()
  await say(fresh.page, '说得太快')
  await log.getByText('说得太快').click({ button: 'right' })
  await fresh.page.getByRole('button', { name: '撤回' }).waitFor()
  await fresh.page.keyboard.press('Escape')
  await fresh.page.evaluate(() => {
    const real = Date.now
    Date.now = () => real() + 121_000
  })
  await log.getByText('说得太快').click({ button: 'right' })
  await fresh.page.getByRole('button', { name: '回复' }).waitFor()
  expect(await fresh.page.getByRole('button', { name: '撤回' }).count()).toBe(0)
  await fresh.context.close()
  noFaults()
})

test('a quote that calls a volunteer is found by them from the list', async () => {
  const a = await inRoom(linli, zhang, town.room)
  const her = await inRoom(linli, lixy, town.room)
  await say(her.page, '谁能帮忙买药')
  await a.page.locator('[role=log]').getByText('谁能帮忙买药').click({ button: 'right' })
  await a.page.getByRole('button', { name: '回复' }).click()
  await a.page.getByLabel('说点什么').pressSequentially('@李志')
  await a.page.getByRole('option', { name: /李志愿/ }).click()
  await a.page.getByLabel('说点什么').pressSequentially('您能去一趟吗')
  const v = await someone(linli)
  await signIn(v.page, volunteers[0]!)
  await a.page.keyboard.press('Enter')
  const row = v.page.getByRole('link', { name: /和园3号楼/ })
  await row.getByText('[有人@我]').waitFor()
  await row.click()
  const called = v.page.locator('.bub.callsme')
  await called.getByText('您能去一趟吗').waitFor()
  expect(await called.locator('.quote').innerText()).toContain('谁能帮忙买药')
  for (const s of [a, her, v]) await s.context.close()
  noFaults()
})

// A district to be talked in without anybody being held to a pace: the same program, as its benchmark starts it.
const unpaced = async () => {
  const dir = folder()
  const child: ChildProcess = spawn(binary, ['bench-seed', '-dir', dir, '-rooms', '1', '-members', '3'])
  const members: { room: string; device: string; token: string }[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    const said = JSON.parse(line)
    if (!said.url) members.push(said)
    else {
      const url = String(said.url).replace('ws:', 'http:').replace('/api/v1/socket', '')
      const end = () =>
        new Promise<void>((ok) => {
          child.once('exit', () => ok())
          child.stdin!.end()
        }).then(() => rmSync(dir, { recursive: true, force: true }))
      return { url, members, end }
    }
  }
  throw new Error('it did not come up')
}

// A network in front of a server: fast, until it is told to be slow.
const network = async (url: string) => {
  const to = new URL(url)
  let pace = { wait: 0, bytes: Number.POSITIVE_INFINITY } // ms each way; a second, down
  const sockets = new Set<Socket>()
  const carry = (from: Socket, to: Socket, down: boolean) => {
    let free = 0 // when the line is free again
    from.on('data', (chunk) => {
      const now = Date.now()
      free = Math.max(free, now) + (down ? (chunk.length / pace.bytes) * 1000 : 0)
      setTimeout(() => to.writable && to.write(chunk), free - now + pace.wait)
    })
    from.on('close', () => setTimeout(() => to.destroy(), 50 + pace.wait))
    from.on('error', () => to.destroy())
  }
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname)
    for (const s of [near, far]) {
      s.setNoDelay(true)
      sockets.add(s)
      s.on('close', () => sockets.delete(s))
    }
    carry(near, far, false)
    carry(far, near, true)
  })
  await new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    slow: (next: typeof pace) => {
      pace = next
    },
    end: () => {
      for (const s of sockets) s.destroy()
      server.close()
    },
  }
}

test('a phone that slept through 10,000 messages is caught up over 3G by one delivery', async () => {
  const { url: direct, members, end } = await unpaced()
  const line = await network(direct)
  const { url } = line
  const [me, neighbour] = [members[0]!, members[1]!]
  const signedIn = async (size?: typeof desk) => {
    const s = await someone({ url } as Linli, size)
    await s.context.addCookies([
      { name: 'linli_access', value: me.token, url, httpOnly: true, sameSite: 'Lax' },
      { name: 'linli_until', value: String(Date.now() + 600_000), url, sameSite: 'Lax' },
    ])
    return s
  }
  const api = new Api(direct, neighbour.token)
  let n = 0
  const post = (texts: string[]) =>
    api.post<{ no?: unknown[] }>(`/rooms/${me.room}/commands`, {
      do: texts.map((text) => ({ id: `${neighbour.device}.${++n}`, act: 'text.post', words: { text } })),
    })
  await post(['睡前'])
  const s = await signedIn()
  await s.page.goto(`/rooms/${me.room}`)
  const log = s.page.locator('[role=log]')
  await log.getByText('睡前').waitFor()
  const mine = new Api(direct, me.token)
  const row = () => mine.get<{ seq: number; read: { seq: number } }>(`/rooms/${me.room}`)
  const toldRead = () => expect.poll(async () => row().then((r) => r.read.seq === r.seq)).toBe(true)
  await toldRead()
  await expect.poll(() => kept(s.page, me.room)).toContain('睡前')
  const cdp = await s.context.newCDPSession(s.page)
  await cdp.send('Network.enable')
  await s.context.setOffline(true)
  await s.page.getByText(/没有网络/).waitFor()
  for (let i = 1; i <= 10_000; i += 32)
    await post(Array.from({ length: Math.min(32, 10_001 - i) }, (_, k) => `第 ${i + k} 句`))

  let bytes = 0
  let resets = 0
  const asked: string[] = []
  cdp.on('Network.webSocketFrameReceived', ({ response }) => {
    bytes += response.payloadData.length
    if (response.payloadData.includes('"reset":true')) resets++
  })
  cdp.on('Network.requestWillBeSent', ({ request }) => asked.push(new URL(request.url).pathname))
  line.slow({ wait: 150, bytes: 200_000 }) // 3G: 300 ms there and back, 1.6 Mbit/s
  const began = Date.now()
  await s.context.setOffline(false)
  await log.getByText('第 10000 句', { exact: true }).waitFor()
  console.log(`caught up over 3G: ${Date.now() - began} ms, ${bytes} characters by socket, ${asked.length} requests`)
  expect(resets).toBe(1)
  expect(bytes).toBeLessThan(100_000)
  expect(asked.length).toBeLessThan(12)
  expect(asked.filter((path) => path.endsWith('/items')).length).toBeLessThanOrEqual(1)
  expect((await texts(s.page)).slice(-3)).toEqual(['第 9998 句', '第 9999 句', '第 10000 句'])

  // Where one had read to is still known: the first unread one is a tap away, whatever lies between.
  await s.page.getByRole('button', { name: '10000 条新消息' }).click()
  await s.page.getByText('以下是新消息').waitFor()
  await log.getByText('第 1 句', { exact: true }).waitFor()
  await log.getByText('睡前').waitFor()
  const order = await texts(s.page)
  expect(order[order.indexOf('睡前') + 1]).toBe('第 1 句')
  await s.page.getByRole('button', { name: '回到最新' }).click()
  await log.getByText('第 10000 句', { exact: true }).waitFor()
  await post(['醒来以后'])
  await log.getByText('醒来以后').waitFor()

  // Read here is read on the other device, too.
  await toldRead()
  const other = await signedIn(desk)
  const hello = other.page.waitForEvent('websocket').then((socket) => socket.waitForEvent('framereceived'))
  await other.page.goto('/rooms')
  await hello // a page that goes while it connects complains of it
  await other.page.getByRole('link', { name: /院0/ }).waitFor()
  expect(await other.page.locator('.count').count()).toBe(0)
  for (const x of [s, other]) await x.context.close()
  line.end()
  await end()
  noFaults()
})
