// The way in: who applied comes back, a member at the poster goes in, and what was wrong is said with what to do.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { noFaults, phone, signIn, someone, withBrowser } from './page'
import { apply, owner, password, wangli, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

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
  await page.getByRole('link', { name: '修改资料' }).waitFor()
  await page.getByRole('button', { name: '撤回申请' }).waitFor()
  if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}/pending.png` })
  await context.close()
})

test('a member at the poster goes in; signed out, the way to sign in stands at the form', async () => {
  const { context, page } = await someone(linli, phone)
  await page.goto(`/join/${town.link}`)
  await page.getByText('已经入群或申请过？').waitFor()
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

test('none of it fails without a word', noFaults)
