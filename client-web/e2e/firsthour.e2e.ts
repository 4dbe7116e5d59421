// The office's first hour: doors without a table, owners, posters; and pages that are not everybody's.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { clipped, desk, noFaults, phone, signIn, someone, withBrowser } from './page'
import { admin, apply, owner, password, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
let fresh: Linli
withBrowser()
beforeAll(async () => {
  ;[linli, fresh] = await Promise.all([Linli.start(town.data), Linli.start()])
})
afterAll(() => Promise.all([linli.stop(), fresh.stop()]))

const shot = process.env.SHOT

test('without a table forty homes are counted, looked at and taken in a minute, and owners and posters are next', async () => {
  const { context, page } = await someone(fresh, desk)
  await page.goto('/setup')
  await page.getByLabel('设置码').fill(fresh.code)
  await page.getByLabel('办事处名称').fill('如意示范办事处')
  await page.getByLabel('您的姓名').fill(admin.name)
  await page.getByLabel('手机号').fill(admin.phone)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '建立办事处' }).click()
  await page.getByRole('button', { name: '没有表格？按楼栋填' }).waitFor()

  // The empty table has its head, and its example is never taken in.
  const [empty] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: '下载空白表' }).click(),
  ])
  await page.getByLabel('把花名册拖到这里').setInputFiles((await empty.path())!)
  await page.getByText('和现在的一样，没有变化').waitFor()

  // Before anything is written down, no page says that all are here.
  await page.goto('/office')
  const none = page.locator('.empty', { has: page.getByRole('heading', { name: '还没有填门牌' }) })
  await none.getByRole('link', { name: '按楼栋填' }).waitFor()
  expect(await none.getByRole('link', { name: '导入' }).getAttribute('href')).toBe('/office/roster')
  expect(await page.getByText('全到了').count()).toBe(0)
  expect(await page.getByText('每一户都在群里').count()).toBe(0)
  await page.getByText('还没有群，先建一个').first().waitFor()
  if (shot) await page.screenshot({ path: `${shot}/hour-0.png` })
  await page.getByRole('link', { name: '按楼栋填', exact: true }).click()

  await page.getByRole('button', { name: /看一看这/ }).click()
  await page.getByText('请写社区的名字').waitFor()
  await page.getByLabel('在哪个社区').fill('湖心社区')
  await page.getByLabel('是哪个小区').fill('和园')
  const house = async (n: number, stairs: number, floors: number) => {
    const row = page.getByRole('group', { name: `${n}号楼` })
    await row.getByLabel('几个单元').fill(`${stairs}`)
    await row.getByLabel('几层').fill(`${floors}`)
    await row.getByLabel('每层几户').fill('2')
  }
  await house(1, 2, 3)
  await page.getByRole('button', { name: '加一栋' }).click()
  await house(2, 2, 4)
  await page.getByRole('button', { name: '加一栋' }).click()
  await house(3, 1, 6)
  await page.getByRole('status').getByText('3 栋，40 户').waitFor()
  const labels = page.locator('.houserow').first().locator('.field > span:first-child')
  const tops = await labels.evaluateAll((all) => all.map((e) => e.getBoundingClientRect().top))
  expect(new Set(tops).size).toBe(1)
  // Beside it the poster as it will hang, and how many of it; who will be the owner is asked, and may wait.
  const beside = page.getByRole('complementary', { name: '贴在楼下的海报' })
  await beside.getByText('湖心社区').waitFor()
  await beside.getByText('群建好后，这里是二维码').waitFor()
  await beside.getByText('3 栋 5 个单元门，建议 5 张 A4').waitFor()
  await page.getByRole('radio', { name: '请别人当' }).check()
  await page.getByRole('button', { name: '看一看这 40 户' }).click()
  await page.getByText('请写真实姓名').waitFor()
  await page.getByRole('radio', { name: '以后再定' }).check()
  if (shot) await page.screenshot({ path: `${shot}/numbers-desk.png`, fullPage: true })

  // What is otherwise: a shop on the ground floor, and a door that there is not. A reload loses nothing.
  await page.getByRole('button', { name: '3号楼 12 户，改' }).click()
  await page.getByRole('button', { name: '101 住户' }).click()
  await page.getByRole('button', { name: '602 住户' }).click()
  await page.getByRole('button', { name: '602 店' }).click()
  await page.getByRole('status').getByText('3 栋，38 户 · 1 店').waitFor()
  await page.reload()
  await page.getByRole('status').getByText('3 栋，38 户 · 1 店').waitFor()
  // Nor does another tab on another day: it is kept on the device.
  await page.getByRole('button', { name: '先存着' }).click()
  await page.getByText('存在这台设备上了').waitFor()
  await page.waitForURL('**/office')
  const tab = await context.newPage()
  await tab.goto('/office/roster?by=doors')
  await tab.getByRole('status').getByText('3 栋，38 户 · 1 店').waitFor()
  await tab.close()
  await page.goto('/office/roster?by=doors')
  await page.getByRole('button', { name: '3号楼 10 户，改' }).click()
  await page.getByRole('button', { name: '602 没有' }).click()
  await page.getByRole('button', { name: '101 店' }).click()
  await page.getByRole('button', { name: '101 没有' }).click()

  // On a narrow phone it is all there, and nothing is wider than the page.
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  expect(await clipped(page)).toEqual([])
  await page.setViewportSize(phone)
  expect(await clipped(page)).toEqual([])
  if (shot) await page.screenshot({ path: `${shot}/numbers-phone.png`, fullPage: true })
  // Its foot is one line, and the question about rooms stands within its box.
  expect((await page.locator('.rosterfoot').boundingBox())!.height).toBeLessThan(phone.height / 8)
  const asks = page.locator('fieldset', { hasText: '开几个群' })
  const below = (await asks.locator('legend').boundingBox())!.y - (await asks.boundingBox())!.y
  expect(below).toBeGreaterThanOrEqual(12)
  await page.setViewportSize(desk)
  expect(await clipped(page)).toEqual([])

  await page.getByRole('button', { name: '看一看这 40 户' }).click()
  await page.getByText('导入前看一看').waitFor()
  expect(await page.locator('.kpi', { hasText: '新增' }).locator('.n').innerText()).toBe('42') // and their community and room
  expect(await page.locator('.kpi', { hasText: '移除' }).locator('.n').innerText()).toBe('0')
  if (shot) await page.screenshot({ path: `${shot}/numbers-look.png`, fullPage: true })
  await page.getByRole('button', { name: '回去改' }).click()
  await page.getByRole('status').getByText('3 栋，40 户').waitFor()
  await page.getByRole('button', { name: '看一看这 40 户' }).click()
  await page.getByRole('button', { name: '建 3 栋楼，开“和园”群' }).click()
  await page.getByText('导入完成').waitFor()
  await page.getByRole('link', { name: '加错了？看手填的门牌' }).waitFor()
  // The room is there with its poster, whose code can be read from the screen, and with its rules.
  const code = page.getByRole('img', { name: '海报上的二维码' })
  await expect.poll(() => code.evaluate((e) => (e as HTMLImageElement).naturalWidth)).toBeGreaterThan(100)
  await page.getByRole('link', { name: '下载海报' }).waitFor()
  if (shot) await page.screenshot({ path: `${shot}/opened-desk.png`, fullPage: true })
  expect(await clipped(page)).toEqual([])
  await page.getByRole('link', { name: '去管理' }).click()

  // The list ticks the first, and leads to the second.
  await page.getByText('0 / 40 户已入群').waitFor()
  await page.getByText('40 个门牌里，0 个来自花名册，40 个是手填的').waitFor()
  const hour = page.getByRole('region', { name: '头一个小时' })
  await hour.getByRole('link', { name: /导入或填门牌.*做好了/ }).waitFor()
  await hour.getByText('1 个群，0 个有群主').waitFor()
  const steps = () => hour.locator('li').allInnerTexts()
  const inOrder = [/^1 导入或填门牌/, /^2 请群主/, /^3 打印海报/].map((step) => expect.stringMatching(step))
  expect(await steps()).toEqual(inOrder)
  await hour.getByRole('button', { name: /3 打印海报.*1 个群，1 个有海报.*做好了/ }).waitFor()
  if (shot) await page.screenshot({ path: `${shot}/hour-1.png` })
  await hour.getByRole('button', { name: /请群主/ }).click()
  await page.getByRole('button', { name: '任命群主' }).click()
  await page.getByLabel('真实姓名').fill(owner.name)
  await page.getByLabel('手机号').fill(owner.phone)
  await page.getByRole('button', { name: '任命群主' }).click()
  await page.getByText('还没登录过').waitFor()
  await page.getByRole('link', { name: '下载海报' }).waitFor() // made when the room was
  await page.keyboard.press('Escape')
  await page.reload()
  await page.getByText('0 / 40 户已入群').waitFor()
  await expect.poll(() => hour.count()).toBe(0) // all three are done

  // The same numbers again are the same doors, and those of a table come to them.
  await page.goto('/office/roster?by=doors')
  await page.getByLabel('是哪个小区').fill('和园')
  await house(1, 2, 3)
  await page.getByLabel('先不开').check()
  await page.getByRole('button', { name: '看一看这 12 户' }).click()
  await page.getByText('和现在的一样，没有变化').waitFor()

  // What was added by mistake is taken back, a house or a door at a time; the rest stays.
  await page.goto('/office')
  await page.getByRole('button', { name: '看手填的 40 个门牌' }).click()
  const mine = page.getByRole('dialog', { name: '手填的门牌' })
  await mine.getByText('发出去的门牌码作废').waitFor()
  await mine.getByRole('region', { name: '和园 2号楼' }).getByRole('button', { name: '收回 16 个门牌' }).click()
  await page.getByText('已收回 16 个门牌').waitFor()
  const third = mine.getByRole('region', { name: '和园 3号楼' })
  await third.getByRole('button', { name: /和园 3号楼/ }).click()
  if (shot) await page.screenshot({ path: `${shot}/by-hand.png` })
  await third.getByRole('button', { name: '收回 3-1-101' }).click()
  await third.getByRole('button', { name: '收回 11 个门牌' }).waitFor()
  expect(await mine.getByRole('region', { name: '和园 2号楼' }).count()).toBe(0)
  await page.keyboard.press('Escape')
  await page.getByText('0 / 23 户已入群').waitFor()
  // Another yard, whose owner is who writes it down, in two rooms. What does not come through is tried again, and done once.
  await page.setViewportSize(phone)
  await page.goto('/office/roster?by=doors')
  await page.getByRole('button', { name: '回去改' }).click() // what was looked at last is still there
  await page.getByLabel('是哪个小区').fill('荷园')
  await house(1, 1, 2)
  await page.getByRole('button', { name: '加一栋' }).click()
  await page.getByRole('radio', { name: '每栋一个群' }).check()
  await page.getByRole('radio', { name: `我自己，${admin.name}` }).check()
  await page.getByText('看一看这些群规').click()
  await page.getByText('9. 不守群规的').waitFor()
  await page.getByRole('button', { name: '看一看这 8 户' }).click()
  await page.route('**/api/v1/staff', (route) => route.abort('internetdisconnected'))
  await page.getByRole('button', { name: '建 2 栋楼，开 2 个群' }).click()
  await page.getByText('楼和门牌都建好了，群还差一步').waitFor()
  await page.unroute('**/api/v1/staff')
  await page.getByRole('button', { name: '再试一次' }).click()
  await page.locator('summary', { hasText: '荷园2号楼' }).waitFor()
  await page.getByRole('region', { name: '工作人员' }).first().getByText(admin.name).waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  if (shot) await page.screenshot({ path: `${shot}/opened-phone.png`, fullPage: true })
  const api = new Api(fresh.url)
  await api.signIn(admin.phone, password)
  const { rooms } = await api.get<{ rooms: { id: string; name: string; member: boolean }[] }>('/rooms')
  // A room that was opened by itself has no poster yet: that is the step which is left, and it leads there.
  const { communities } = await api.get<{ communities: { id: string }[] }>('/levels')
  await api.post('/rooms', { name: '楼长群', community: communities[0]!.id })
  await page.goto('/office')
  await expect.poll(() => hour.locator('li').count()).toBe(3)
  await hour.getByRole('button', { name: /3 打印海报.*4 个群，3 个有海报/ }).click()
  await page.getByRole('dialog', { name: /楼长群/ }).waitFor()
  await page.keyboard.press('Escape')
  const inside = rooms.filter((r) => r.member).map((r) => r.name)
  expect(inside.sort()).toEqual(['荷园1号楼', '荷园2号楼'])
  const levels = await api.get<{ communities: { rooms: { name: string; owner: string }[] }[] }>('/levels')
  const owned = levels.communities.flatMap((c) => c.rooms).filter((r) => r.owner && r.name !== '和园')
  expect(owned.map((r) => r.name).sort()).toEqual(inside)
  for (const r of rooms.filter((x) => x.name.startsWith('荷园'))) {
    expect((await api.get<{ links: unknown[] }>(`/rooms/${r.id}/links`)).links).toHaveLength(1)
    expect((await api.get<{ charter: { text: string } }>(`/rooms/${r.id}`)).charter.text).toContain('1. 说话和气')
  }

  // The rules that they were opened with are their own: the page of all rooms says so, and shows them.
  await page.goto('/office')
  await page.getByRole('button', { name: '全部群的群规和设置' }).click()
  const rules = page.getByRole('dialog')
  await rules.getByText('3 个群有自己的群规').waitFor()
  await rules.getByText('和园、荷园1号楼、荷园2号楼 的群规').click()
  await rules.getByText('9. 不守群规的').waitFor()
  if (shot) await page.screenshot({ path: `${shot}/office-rules.png` })
  await page.keyboard.press('Escape')

  // What was counted has no names: nobody is said to be somebody else, and letting in stands first.
  const home = rooms.find((r) => r.name === '荷园1号楼')!.id
  const { links } = await api.get<{ links: { link: string }[] }>(`/rooms/${home}/links`)
  await apply(fresh, links[0]!.link, { name: '陈桂英', phone: '13900000003', title: '女士', door: '1-101' })
  await page.goto('/admission')
  const entry = page.locator('article', { hasText: '陈桂英' })
  await entry.getByText('花名册里这一户没有登记姓名').waitFor()
  expect(await entry.getByText('户对，人不同').count()).toBe(0)
  expect(await entry.locator('.verdicts .btn').allInnerTexts()).toEqual(['通过', '退回补充', '拒绝'])
  if (shot) await page.screenshot({ path: `${shot}/queue-nobody.png` })
  await context.close()
})

test('on a phone the wizard goes a step back with the way back, says what it counts, and ends at its last step', async () => {
  const third = await Linli.start()
  const { context, page } = await someone(third, phone)
  const look = async (name: string) => {
    for (const width of [320, phone.width]) {
      await page.setViewportSize({ width, height: phone.height })
      expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(width)
      expect(await clipped(page), name).toEqual([])
      if (shot) await page.screenshot({ path: `${shot}/wizard-${name}-${width}.png`, fullPage: true })
    }
  }
  await page.goto('/setup')
  await page.getByLabel('设置码').fill(third.code)
  await page.getByLabel('办事处名称').fill('如意示范办事处')
  await page.getByLabel('您的姓名').fill(admin.name)
  await page.getByLabel('手机号').fill(admin.phone)
  await page.getByLabel('密码').fill(password)
  await look('office')
  await page.getByRole('button', { name: '建立办事处' }).click()
  const numbers = page.getByRole('button', { name: '没有表格？按楼栋填' })
  await numbers.click()
  await page.getByLabel('在哪个社区').fill('湖心社区')
  await page.getByLabel('是哪个小区').fill('和园')
  await page.getByRole('radio', { name: '请别人当' }).check()
  await page.getByLabel('真实姓名').fill(owner.name)
  await page.getByLabel('手机号').fill(owner.phone)
  const stairs = page.getByLabel('几个单元')
  await stairs.fill('999')
  await page.getByRole('alert').getByText('一栋最多 20 个单元').waitFor()
  await look('over')
  await stairs.fill('2')
  expect(await page.getByRole('alert').count()).toBe(0)
  await page.getByRole('button', { name: '1号楼 24 户，改' }).click()
  const key = page.getByRole('button', { name: '602 住户' }).first()
  const edge = await key.evaluate((e) => getComputedStyle(e).borderRightWidth)
  expect(edge).toBe(await key.evaluate((e) => getComputedStyle(e).borderLeftWidth))
  await look('numbers')

  const see = page.getByRole('button', { name: '看一看这 24 户' })
  await see.click()
  await page.getByText(`群主 ${owner.name}`).waitFor()
  expect(await page.getByText('0 工作人员').count()).toBe(0)
  await page.getByText('都算 1 个').waitFor()
  await look('look')
  // Back from the look to the numbers, from these to the table, and forward by the buttons again.
  await page.goBack()
  await see.waitFor()
  await page.goBack()
  await numbers.click()
  await see.click()
  await page.getByRole('button', { name: '回去改' }).click()
  await see.click()
  await page.getByRole('button', { name: '建 1 栋楼，开“和园”群' }).click()
  await page.getByText('第 3 步，共 3 步').waitFor()
  await page.getByText('导入完成').waitFor()
  await page.getByRole('button', { name: '首次登录码', exact: true }).click()
  await page.locator('.code').waitFor()
  const foot = page.locator('.rosterfoot')
  expect((await foot.boundingBox())!.height).toBeLessThan(phone.height / 8)
  await look('opened')
  await page.reload()
  await page.getByText('第 3 步，共 3 步').waitFor()
  await page.getByRole('heading', { name: '设置好了' }).waitFor()
  await page.getByRole('link', { name: '去管理' }).click()
  await page.waitForURL('**/office')
  await context.close()
  await third.stop()
})

test('who has an office role begins at what they answer for, everybody else at their rooms', async () => {
  for (const size of [phone, desk]) {
    for (const [who, at] of [
      [admin, '/office'],
      [owner, '/rooms'],
      [zhang, '/rooms'],
    ] as const) {
      const { context, page } = await someone(linli, size)
      await signIn(page, who)
      await page.waitForURL(`**${at}`)
      await page.goto('/')
      await page.waitForURL(`**${at}`)
      await page.goto('/no/such/page')
      await page.waitForURL(`**${at}`)
      await context.close()
    }
  }
})

test('an owner reads 我的 n 个群, as cards on a phone', async () => {
  const { context, page } = await someone(linli, phone)
  await signIn(page, owner)
  await page.getByRole('link', { name: '管理' }).click()
  await page.getByRole('heading', { name: '我的 1 个群' }).waitFor()
  const card = page.locator('article', { hasText: '和园3号楼' })
  await card.getByText(/\d+ \/ 40 户已入群/).waitFor()
  expect(await page.locator('table').count()).toBe(0)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  if (shot) await page.screenshot({ path: `${shot}/owned.png` })
  await card.getByRole('button', { name: /^缺 \d+ 户$/ }).click()
  await page.getByText(/还有 \d+ 户没到/).waitFor()
  await context.close()
})

// Every address there is, by everybody: a page, the lock card, or the way to sign in; never a white page, an empty queue or 没有网络.
test('a page without the right to it says whose it is and leads back, at every address', async () => {
  const inner = [
    '/rooms',
    '/todo',
    '/tasks',
    '/catchup',
    '/search',
    '/me',
    '/me/stars',
    '/me/alerts',
    `/rooms/${town.room}`,
  ]
  const owners = ['/admission', '/office']
  const admins = ['/office/audit', '/office/roster']
  const nobodys = ['/rooms/r0000000000000000', '/alarms/r0000000000000000/1', '/pending/a0000000000000000']
  const locks: [typeof zhang | undefined, string[]][] = [
    [zhang, [...owners, ...admins, ...nobodys]],
    [owner as typeof zhang, [...admins, nobodys[0]!, nobodys[2]!]],
    [admin as typeof zhang, [nobodys[0]!, nobodys[2]!, `/rooms/${town.room}`]],
  ]
  for (const [who, shut] of locks) {
    const { context, page } = await someone(linli, phone)
    await signIn(page, who!)
    for (const path of [...inner, ...owners, ...admins, ...nobodys, '/share']) {
      await page.goto(path)
      const locked = page.locator('.locked')
      if (shut.includes(path)) {
        await locked.waitFor()
        expect((await locked.innerText()).length, path).toBeGreaterThan(15)
        if (shot) await page.screenshot({ path: `${shot}/lock-${who!.phone}-${path.replaceAll('/', '_')}.png` })
      } else {
        await page.locator('main h1, section h1').first().waitFor()
        expect(await locked.count(), path).toBe(0)
      }
      expect(await page.getByText('没有网络').count(), path).toBe(0)
      if (who === zhang) expect(await page.getByText('现在没有人等着入群').count(), path).toBe(0)
    }
    await page.goto(shut[0]!)
    await page.locator('.locked').getByRole('link', { name: '回到首页' }).click()
    await page.waitForURL(/\/(rooms|office)$/)
    await context.close()
  }
  const { context, page } = await someone(linli, phone)
  for (const path of [...inner, ...owners, ...admins, ...nobodys]) {
    await page.goto(path)
    await page.waitForURL('**/signin?to=**')
    await page.getByLabel('手机号').waitFor()
  }
  await context.close()
})

test('a door that was typed is added by who may, chosen among the nearest by who may not, and the queue tells reasons and names', async () => {
  const api = new Api(linli.url)
  const { charter } = await api.get<{ charter: { version: number } }>(`/join/${town.link}`)
  const typed = (name: string, tel: string, door: string) =>
    new Api(linli.url).post(`/join/${town.link}`, {
      ...{ name, title: '女士', phone: tel, password, relation: 'owner', door, charter: charter.version },
    })
  await typed('吴新居', '13800000771', '3号楼2单元1901')
  await typed('孙手误', '13800000772', '3-2-5011')
  await typed('郑别处', '13800000773', '9-9-999')

  const own = await someone(linli, phone)
  await signIn(own.page, owner)
  await own.page.goto(`/rooms/${town.room}`)
  await own.page.getByRole('link', { name: /3 人等着审核/ }).click() // a sign in the room that somebody waits
  const entry = (name: string) => own.page.locator('article', { hasText: name })
  await entry('吴新居').getByText('花名册里没有 3号楼2单元1901').waitFor()
  expect(
    await entry('吴新居')
      .getByRole('button', { name: /进花名册/ })
      .count(),
  ).toBe(0)
  await entry('吴新居')
    .getByText(/请社区或办事处加进花名册/)
    .waitFor()
  for (const width of [320, 390]) {
    await own.page.setViewportSize({ width, height: 844 })
    for (const label of await own.page.locator('article .btn, article .state').all()) {
      const lines = await label.evaluate((e) => {
        const range = document.createRange()
        range.selectNodeContents(e)
        return new Set([...range.getClientRects()].map((r) => Math.round(r.top / 4))).size
      })
      expect(lines, await label.innerText()).toBe(1) // no label is broken in two
    }
    expect(await own.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  }
  if (shot) await own.page.screenshot({ path: `${shot}/queue-red.png`, fullPage: true })
  await entry('孙手误')
    .getByRole('button', { name: /^是 3-2-\d+，通过$/ })
    .first()
    .click()
  await expect.poll(() => entry('孙手误').count()).toBe(0)
  await entry('郑别处').getByRole('button', { name: '拒绝' }).click()
  await own.page.getByRole('dialog').locator('textarea').fill('这里没有9号楼')
  await own.page.getByRole('dialog').getByRole('button', { name: '拒绝' }).click()
  await expect.poll(() => entry('郑别处').count()).toBe(0)

  const boss = await someone(linli, desk)
  await signIn(boss.page, admin)
  await boss.page.goto('/admission')
  await boss.page.getByRole('button', { name: '加 3-2-1901 进花名册并通过' }).click()
  await boss.page.getByText('3-2-1901 已加进花名册').waitFor()
  await boss.page.goto('/office')
  await boss.page.getByText(/\/ 41 户已入群/).waitFor()

  // Somebody lives there now: it cannot be taken back.
  await boss.page.getByRole('button', { name: '看手填的 1 个门牌' }).click()
  const byHand = boss.page.getByRole('dialog', { name: '手填的门牌' })
  await byHand.getByText('1 个有人住或有人在申请，收不回：3-2-1901').waitFor()
  expect(await byHand.getByRole('button', { name: /收回/ }).count()).toBe(0)
  await boss.page.keyboard.press('Escape')

  await own.page.getByText('已处理').click()
  await own.page.getByText('周社工 拒绝了 郑别处').waitFor()
  await own.page.getByText('说的是：这里没有9号楼').waitFor()
  await own.page.getByText('周主任 通过了 吴新居').waitFor()
  if (shot) await own.page.screenshot({ path: `${shot}/queue-decided.png`, fullPage: true })
  await own.context.close()
  await boss.context.close()
})

test('on yellow, asking back stands first', async () => {
  const api = new Api(linli.url)
  const { charter } = await api.get<{ charter: { version: number } }>(`/join/${town.link}`)
  const doors = await api.get<{
    buildings: { entrances: { name: string; doors: { premises: string; door: string }[] }[] }[]
  }>(`/join/${town.link}/doors`)
  const premises = doors.buildings[0]!.entrances[1]!.doors.find((d) => d.door === '301')!.premises
  await api.post(`/join/${town.link}`, {
    ...{
      name: wangli.name,
      title: '女士',
      phone: wangli.phone,
      password,
      relation: 'owner',
      premises,
      charter: charter.version,
    },
  })
  const own = await someone(linli, phone)
  await signIn(own.page, owner)
  await own.page.goto('/admission')
  const entry = own.page.locator('article', { hasText: wangli.name })
  await entry.getByText('户对，人不同').waitFor()
  const verdicts = entry.locator('.verdicts .btn')
  expect(await verdicts.allInnerTexts()).toEqual(['退回补充', '通过', '按家属收', '拒绝'])
  // One of them is filled, and all stand whole beside each other.
  expect(await verdicts.evaluateAll((all) => all.map((e) => e.className.replace('btn', '').trim()))).toEqual([
    '',
    'line',
    'line',
    'plain',
  ])
  for (const width of [320, phone.width]) {
    await own.page.setViewportSize({ width, height: phone.height })
    const boxes = await verdicts.evaluateAll((all) => all.map((e) => e.getBoundingClientRect()))
    expect(new Set(boxes.map((b) => b.top)).size, `${width}`).toBe(1)
    const lines = await verdicts.evaluateAll((all) =>
      all.map((e) => {
        const range = document.createRange()
        range.selectNodeContents(e)
        return new Set([...range.getClientRects()].map((r) => Math.round(r.top / 4))).size
      }),
    )
    expect(lines).toEqual([1, 1, 1, 1])
    if (shot) await own.page.screenshot({ path: `${shot}/queue-yellow-${width}.png` })
  }
  await own.context.close()
})

test('none of it fails without a word', noFaults)
