// The way in: who applied comes back, a member at the poster goes in, and what was wrong is said with what to do.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, kept, noFaults, phone, signIn, someone, withBrowser } from './page'
import { apply, lixy, owner, password, signedIn, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('before program and stylesheet are there the page is not white: the mark and one sentence, and nothing else', async () => {
  const { context, page } = await someone(linli, phone, { serviceWorkers: 'block' })
  const refused: string[] = []
  page.on('response', (r) => r.status() === 401 && refused.push(r.url()))
  let come = () => {}
  const held = new Promise<void>((ok) => {
    come = ok
  })
  await page.route(/\.(js|css|svg)$/, async (r) => {
    await held
    await r.continue()
  })
  await page.goto('/signin', { waitUntil: 'commit' })
  const boot = page.locator('#app .boot')
  await boot.waitFor()
  expect(await page.locator('#app').innerText()).toBe('邻里 · 正在打开…')
  const mark = boot.locator('svg')
  for (const part of [mark, boot.locator('p')]) {
    const box = (await part.boundingBox())!
    expect(Math.abs(box.x + box.width / 2 - phone.width / 2)).toBeLessThan(2)
    expect(box.y).toBeGreaterThan(phone.height / 4)
    expect(box.y + box.height).toBeLessThan((phone.height * 3) / 4)
  }
  come()
  await page.getByLabel('手机号').waitFor()
  expect(await boot.count()).toBe(0)
  // Who has not signed in is not asked who they are: nothing is refused.
  await page.goto(`/join/${town.link}`)
  await page.getByLabel('真实姓名').waitFor()
  await page.waitForLoadState('networkidle')
  expect(refused).toEqual([])
  await context.close()
})

const fillForm = async (page: Page, name: string, tel: string, door: string, word = password) => {
  await page.goto(`/join/${town.link}`)
  await page.getByLabel('真实姓名').fill(name)
  await page.getByRole('radio', { name: '女士' }).check()
  await page.getByLabel('手机号').fill(tel)
  await page.getByRole('group', { name: '住在哪一户' }).getByRole('button').click()
  await page.getByRole('dialog', { name: '住在哪一户' }).getByRole('button', { name: door }).click()
  await page.getByRole('radio', { name: '业主' }).check()
  await page.getByLabel('设一个登录密码').fill(word)
  await page.getByLabel(/我同意/).check()
  await page.getByRole('button', { name: '提交申请' }).click()
}

test('an applicant signs in with the phone and password they gave, and sees how it stands', async () => {
  await apply(linli, town.link, wangli)
  const { context, page } = await someone(linli, phone)
  await page.goto('/signin')
  await page.getByLabel('手机号').fill(wangli.phone)
  await page.getByLabel('密码').fill('wrong-2020')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByText('手机号或密码不对').waitFor()
  await page.getByRole('button', { name: '忘了密码？' }).waitFor()
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '显示' }).click()
  expect(await page.getByLabel('密码').getAttribute('type')).toBe('text')
  if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/signin.png` })
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByRole('link', { name: /和园3号楼/ }).click()
  await page.getByText('申请已送到').waitFor()
  await page.getByText('这一页会自己打开').waitFor()
  await page.getByText('2单元 501').waitFor()
  await page.getByRole('button', { name: '撤回申请' }).waitFor()
  if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/pending.png` })

  // What is put right stays the one application.
  const boss = await signedIn(linli, owner)
  const queue = async () => {
    const { applications } = await boss.get<{ applications: { name: string; note?: string }[] }>(
      '/applications?state=pending',
    )
    return applications.map((a) => [a.name, a.note ?? ''])
  }
  await page.getByRole('link', { name: '修改资料' }).click()
  await page.getByLabel(/备注/).fill('白天在家')
  expect(await page.getByLabel(/我同意/).count()).toBe(0) // she has agreed, and it is the same
  await page.getByRole('heading', { name: '修改资料' }).waitFor()
  await page.getByRole('button', { name: '提交修改' }).click()
  await page.getByText('申请已送到').waitFor()
  await expect.poll(queue).toEqual([[wangli.name, '白天在家']])

  // Who applies at the poster once more, signed out, is led to the one there is.
  const again = await someone(linli, phone)
  await fillForm(again.page, '王丽', wangli.phone, '2单元 501')
  await again.page.getByText('您已经申请过了，这是那一份。').waitFor()
  await again.page.getByText('申请已送到').waitFor()
  expect(await queue()).toHaveLength(1)

  // Who signs in from the poster is led there as well; and a form that was open elsewhere meanwhile says what waits.
  const poster = await someone(linli, phone)
  await poster.page.goto(`/join/${town.link}`)
  await poster.page.getByRole('link', { name: '登录' }).click()
  await poster.page.getByLabel('手机号').fill(wangli.phone)
  await poster.page.getByLabel('密码').fill(password)
  await poster.page.getByRole('button', { name: '登录', exact: true }).click()
  await poster.page.waitForURL('**/pending')
  await poster.page.getByText('您已经申请过了').waitFor()
  await poster.page.getByText('申请已送到').waitFor()
  await poster.page.goto(`/join/${town.link}`)
  await poster.page.waitForURL('**/pending')
  await poster.context.close()

  // Another with the same phone: both are marked, and neither is let in with those who are let in together.
  const twin = await someone(linli, phone)
  await fillForm(twin.page, '钱多', wangli.phone, '2单元 301', 'another-2020')
  await twin.page.getByText('申请已送到').waitFor()
  const own = await someone(linli, phone)
  await signIn(own.page, owner)
  await own.page.goto('/admission')
  for (const name of [wangli.name, '钱多'])
    await own.page.locator('article', { hasText: name }).getByText('同一手机号有别人也在申请').waitFor()
  for (const [name, tel, door] of [
    ['郑浩', '13800000201', '2-101'],
    ['梁玉', '13800000202', '2-102'],
  ] as const)
    await apply(linli, town.link, { name, phone: tel, title: '先生', door })
  await own.page.getByRole('button', { name: '2 人一起通过' }).click()
  await expect.poll(async () => (await queue()).map(([name]) => name).sort()).toEqual([wangli.name, '钱多'].sort())

  // Taken back, nobody sees it any more, and it can be begun again.
  for (const p of [twin.page, page]) {
    await p.getByRole('button', { name: '撤回申请' }).click()
    await p.getByRole('heading', { name: '已撤回' }).waitFor()
    await p.getByRole('link', { name: '重新申请' }).waitFor()
  }
  await own.page.getByText('现在没有人等着入群').waitFor()
  expect(await own.page.getByText('等得最久').count()).toBe(0)
  for (const s of [again, twin, own]) await s.context.close()
  await context.close()
})

test('a member at the poster goes in; signed out, the way to sign in stands at the form', async () => {
  const { context, page } = await someone(linli, phone)
  await page.goto(`/join/${town.link}`)
  await page.getByText('已经入群或申请过？').waitFor()
  // Who helps sees whom they help: that is said before.
  await page.getByRole('button', { name: '《个人信息怎么用》' }).click()
  await page.getByText('您求助时，接下的人看得到您的姓名和手机号').waitFor()
  await page.keyboard.press('Escape')
  if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/join.png` })
  await page.getByRole('link', { name: '登录' }).click()
  await page.getByLabel('手机号').fill(zhang.phone)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByText('您已经在这个群里').waitFor()
  await page.getByRole('link', { name: '进群' }).click()
  await page.getByLabel('说点什么').waitFor()
  await context.close()
})

test('a form that was open while the application came from elsewhere leads to what waits', async () => {
  const tel = '13800000401'
  await apply(linli, town.link, { name: '林晚', phone: tel, title: '女士', door: '2-401' })
  const two = [await someone(linli, phone), await someone(linli, phone)]
  for (const { page } of two) await signIn(page, { phone: tel })
  await two[0]!.page.goto('/pending')
  await two[0]!.page.getByRole('button', { name: '撤回申请' }).click()
  await two[0]!.page.getByRole('heading', { name: '已撤回' }).waitFor()
  const fill = async (page: Page) => {
    await page.goto(`/join/${town.link}`)
    await page.getByRole('group', { name: '住在哪一户' }).getByRole('button').click()
    await page.getByRole('dialog').getByRole('button', { name: '2单元 401' }).click()
    await page.getByRole('radio', { name: '业主' }).check()
    await page.getByLabel(/我同意/).check()
  }
  for (const { page } of two) await fill(page)
  for (const { page } of two) {
    await page.getByRole('button', { name: '提交申请' }).click()
    await page.waitForURL('**/pending')
    await page.getByText('申请已送到').waitFor()
  }
  await two[1]!.page.getByText('您已经申请过了').waitFor()
  for (const { context } of two) await context.close()
})

test('what was typed as a password may be a code: it is asked, and nothing of the one way stays in the other', async () => {
  const { context, page } = await someone(linli, phone)
  await page.goto('/signin')
  await page.getByLabel('手机号').fill(owner.phone)
  const say = async (word: string) => {
    await page.getByLabel('密码').fill(word)
    await page.getByRole('button', { name: '登录', exact: true }).click()
    await page.getByText('手机号或密码不对').waitFor()
  }
  await say('1234567890')
  await page.getByText('填的像是登录码').waitFor()
  await page.getByRole('button', { name: '当登录码用' }).click()
  expect(await page.getByLabel('登录码').inputValue()).toBe('1234567890')
  expect(await page.getByLabel('设一个新密码').inputValue()).toBe('')
  expect(await page.getByRole('alert').count()).toBe(0)
  await page.getByText('首次登录码是 10 位，72 小时内有效').waitFor()
  await page.getByRole('button', { name: '用密码登录' }).click()
  await say('wrong-2020')
  expect(await page.getByRole('button', { name: '当登录码用' }).count()).toBe(0)
  await page.getByRole('button', { name: '我有登录码' }).click()
  expect(await page.getByLabel('设一个新密码').inputValue()).toBe('')
  expect(await page.getByRole('alert').count()).toBe(0)
  await context.close()
})

test('a code that was ended says whom to call, and leads in who is in already', async () => {
  const boss = await signedIn(linli, owner)
  const { link } = await boss.post<{ link: string }>(`/rooms/${town.room}/links`)
  await boss.ask('DELETE', `/rooms/${town.room}/links/${link}`)
  const { context, page } = await someone(linli, phone)
  await page.goto(`/join/${link}`)
  await page.getByText('此二维码已停用').waitFor()
  await page.getByText('就问社区工作人员').waitFor()
  await boss.ask('PUT', '/telephone', { room: town.room, phone: '0371-6888 1234', when: '8:30—18:00' })
  await page.reload()
  expect(await page.getByRole('link', { name: '0371-6888 1234' }).getAttribute('href')).toBe('tel:037168881234')
  await page.getByText('8:30—18:00').waitFor()
  if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/join-dead.png` })
  await page.getByRole('link', { name: '登录' }).click()
  await page.getByLabel('手机号').fill(zhang.phone)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL('**/rooms')
  await boss.ask('PUT', '/telephone', { room: town.room, phone: '' })
  await context.close()
})

test('a member who applies again is marked in the queue and given a code there', async () => {
  const api = new Api(linli.url)
  const { charter } = await api.get<{ charter: { version: number } }>(`/join/${town.link}`)
  const { phone: tel, name, title } = zhang
  await api.post(`/join/${town.link}`, {
    ...{ name, title, phone: tel, password: 'forgot-2020', relation: 'owner', door: '3号楼1单元101' },
    charter: charter.version,
  })
  const own = await someone(linli, phone)
  await signIn(own.page, owner)
  await own.page.goto('/admission')
  const entry = own.page.locator('article', { hasText: zhang.name })
  await entry.getByText('已是本群成员，可能忘了密码').waitFor()
  expect(await entry.getByRole('button', { name: '通过', exact: true }).count()).toBe(0)
  await entry.getByRole('button', { name: '给他一个登录码' }).click()
  await entry.getByText(/只显示这一次/).waitFor()
  if (process.env.SHOT) await own.page.screenshot({ path: `${process.env.SHOT}/admission.png` })
  await own.context.close()
})

test('who goes out of a room reads before what that means and after it the way back; to the others they are gone; let in, they are there again', async () => {
  const [her, him, own] = await Promise.all([lixy, zhang, owner].map((who) => inRoom(linli, who, town.room)))
  const members = async (page: Page) => {
    await page.getByRole('button', { name: '群信息' }).click()
    const sheet = page.getByRole('dialog')
    await sheet.locator('li', { hasText: zhang.shown }).waitFor()
    const there = await sheet.locator('li', { hasText: lixy.shown }).count()
    const n = await sheet
      .getByRole('heading', { name: /位成员/ })
      .first()
      .innerText()
    await page.keyboard.press('Escape')
    return `${there} ${n}`
  }
  const missing = async () => {
    const { doors } = await boss.post<{ doors: { label: string }[] }>('/levels/doors', {
      uncovered: true,
      kind: 'home',
      room: town.room,
      limit: 200,
    })
    return doors.map((d) => d.label).includes('3-1-102')
  }
  const boss = await signedIn(linli, owner)
  const before = await members(him!.page)
  expect(before).toMatch(/^1 /)
  expect(await missing()).toBe(false)

  // Thought better of it, she stays.
  const { page } = her!
  page.removeAllListeners('dialog')
  const asked: string[] = []
  page.on('dialog', (d) => {
    asked.push(d.message())
    void (asked.length > 1 ? d.accept() : d.dismiss())
  })
  await page.getByRole('button', { name: '群信息' }).click()
  const out = page.getByRole('button', { name: '退出这个群' })
  await out.click()
  await expect.poll(() => asked).toHaveLength(1)
  expect(asked[0]).toContain('从您的设备上删掉')
  expect(asked[0]).toContain('重新申请')
  await out.click()
  await page.getByRole('heading', { name: '您已退出这个群' }).waitFor()
  expect(await kept(page, town.room)).toEqual([])
  if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/went-out.png` })

  // Nobody else has her among the members, nor behind her door.
  const after = await members(him!.page)
  expect(after).toMatch(/^0 /)
  expect(after).not.toBe(before.replace(/^1/, '0'))
  expect(await members(own!.page)).toBe(after)
  expect(await missing()).toBe(true)

  // In the list there is nothing of it, and at its address it is said whose it is.
  expect(await page.getByRole('link', { name: '重新申请' }).getAttribute('href')).toBe(`/join/${town.link}`)
  await page.getByText('返回', { exact: true }).click()
  await page.getByText('您还没有加入任何群').waitFor()
  await page.goto(`/rooms/${town.room}`)
  await page.locator('.locked').waitFor()

  // Back again: signed in she says where, as what, and agrees; no name, no password.
  await page.goto(`/join/${town.link}`)
  await page.getByRole('group', { name: '住在哪一户' }).getByRole('button').click()
  await page.getByRole('dialog').getByRole('button', { name: '1单元 102' }).click()
  await page.getByRole('radio', { name: '业主' }).check()
  await page.getByLabel(/我同意/).check()
  await page.getByRole('button', { name: '提交申请' }).click()
  await page.getByRole('heading', { name: '等待群主审核' }).waitFor()
  expect(await page.getByRole('button', { name: '进群' }).count()).toBe(0) // of the time before
  await own!.page.goto('/admission')
  await own!.page.locator('article', { hasText: lixy.name }).getByRole('button', { name: '通过', exact: true }).click()
  await page.waitForURL(`**/rooms/${town.room}`)
  expect(await members(him!.page)).toBe(before)
  expect(await missing()).toBe(false)
  for (const s of [her, him, own]) await s!.context.close()
})

test('none of it fails without a word', noFaults)
