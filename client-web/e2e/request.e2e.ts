// J5: a request, two volunteers at once, confirmation, rating; and who may see the door.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { Api } from './api'
import { Linli } from './linli'
import { inRoom, noFaults, withBrowser } from './page'
import { password, volunteers, zhang } from './town'

const town = inject('town')
let linli: Linli
withBrowser()
beforeAll(async () => {
  linli = await Linli.start(town.data)
})
afterAll(() => linli.stop())

test('from the need to five stars, live on three screens', async () => {
  const asker = await inRoom(linli, zhang, town.room)
  const [one, two] = await Promise.all(volunteers.map((v) => inRoom(linli, v, town.room)))

  await asker.page.getByRole('button', { name: '发别的' }).click()
  await asker.page.getByRole('button', { name: '找人帮忙' }).click()
  await asker.page.getByRole('radio', { name: '买药' }).check()
  await asker.page.getByLabel('说说要什么').fill('降压药两盒，药店可以开发票')
  await asker.page.getByRole('radio', { name: '今天之内' }).check()
  await asker.page.getByRole('button', { name: '发出求助' }).click()

  for (const p of [one!.page, two!.page, asker.page]) {
    await p.getByText('降压药两盒，药店可以开发票').waitFor()
    await p.getByText('待认领').waitFor()
  }
  // Masked until somebody takes it.
  expect(await one!.page.getByText('认领后见门牌').isVisible()).toBe(true)

  // Both in the same instant: each presses the button that they see, whoever's word comes first.
  const buttons = await Promise.all(
    [one!, two!].map((v) => v.page.getByRole('button', { name: '我来帮忙' }).elementHandle()),
  )
  await Promise.all(buttons.map((b) => b!.evaluate((e) => (e as HTMLElement).click())))
  await asker.page.getByText(/志愿 已接下/).waitFor()
  const winner = (await asker.page.getByText(/志愿 已接下/).innerText()).startsWith('李') ? 0 : 1
  const [won, lost] = winner === 0 ? [one!, two!] : [two!, one!]
  const name = volunteers[winner]!.name
  await won.page.getByRole('button', { name: '开始办理' }).waitFor()
  await lost.page.getByText(`${name} 已接下`).waitFor()
  expect(await lost.page.getByRole('button', { name: '我来帮忙' }).count()).toBe(0)
  await lost.page.getByText(new RegExp(`慢了一步，这件事${name}刚刚认领`)).waitFor()

  // The winner sees the door and the phone; the other never.
  await won.page.getByRole('button', { name: '看门牌和电话' }).click()
  await won.page.getByRole('dialog').getByRole('button', { name: '看门牌和电话' }).click()
  await won.page.getByText(zhang.phone).waitFor()
  await won.page.getByRole('dialog').getByRole('button', { name: '开始办理' }).click()
  await asker.page.getByText('办理中').first().waitFor()
  await won.page.getByLabel(/说明一下/).fill('放在门口鞋柜上')
  await won.page.getByRole('dialog').getByRole('button', { name: '已完成' }).click()

  await asker.page.getByText(`${name} 说已办好`).waitFor()
  await asker.page.getByText('放在门口鞋柜上').first().waitFor()
  await asker.page.getByRole('button', { name: '确认办结' }).click()
  await asker.page.getByRole('button', { name: new RegExp(`${name} 帮忙办结`) }).click()
  await asker.page.getByRole('button', { name: '5 星' }).click()
  await asker.page.getByLabel('说一句感谢的话').fill('谢谢')
  await asker.page.getByRole('button', { name: '评价', exact: true }).click()
  for (const p of [asker.page, won.page, lost.page]) await p.getByText(/帮忙办结 · 5 星/).waitFor()

  // Masked again, and she can see who looked.
  const api = new Api(linli.url)
  await api.signIn(volunteers[winner]!.phone, password)
  const page = await api.get<{ new: { seq: number; kind: string }[] }>(`/rooms/${town.room}/items?limit=50`)
  const seq = page.new.find((i) => i.kind === 'request')!.seq
  await expect(api.get(`/rooms/${town.room}/items/${seq}/contact`)).rejects.toThrow(/403/)
  await asker.page.goto('/me')
  await asker.page.getByText('谁看过我的信息').waitFor()
  await asker.page.locator('li', { hasText: name }).first().waitFor()
  for (const s of [asker, won, lost]) await s.context.close()
  noFaults()
})

test('claimed by two at once fifty times over: one wins, the other is told who', async () => {
  const [asker, one, two] = await Promise.all(
    [zhang, ...volunteers].map(async (p) => {
      const api = new Api(linli.url)
      await api.signIn(p.phone, password)
      return api
    }),
  )
  for (let i = 0; i < 50; i++) {
    const seq = await asker!.act(town.room, 'request.post', {
      with: { template: '买菜', door: true },
      words: { text: `第 ${i} 份菜` },
    })
    const out = await Promise.allSettled([one!, two!].map((v) => v.act(town.room, 'request.claim', { re: seq })))
    expect(out.filter((x) => x.status === 'fulfilled')).toHaveLength(1)
    expect(String((out.find((x) => x.status === 'rejected') as PromiseRejectedResult).reason)).toContain('taken')
    await asker!.act(town.room, 'request.cancel', { re: seq }) // nobody may hold more than twenty
  }
})
