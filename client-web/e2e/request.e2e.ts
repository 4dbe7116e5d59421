// J5: a request, two volunteers at once, confirmation, rating; and who may see the door.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { file, Linli } from './linli'
import { inRoom, noFaults, phone, signIn, someone, still, withBrowser } from './page'
import { lixy, owner, password, signedIn, volunteers, zhang } from './town'

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
  await asker.page.getByLabel(/可以送上门/).check()
  await asker.page.getByRole('button', { name: '发出求助' }).click()

  for (const p of [one!.page, two!.page, asker.page]) {
    await p.getByRole('heading', { name: '降压药两盒，药店可以开发票' }).waitFor()
    await p.getByText('待认领').waitFor()
  }
  // Masked until somebody takes it; the door stands in the room's name for them, so that is not promised.
  expect(await one!.page.getByText('认领后见电话').isVisible()).toBe(true)
  expect(await one!.page.getByText('认领后见门牌').count()).toBe(0)
  for (const p of [one!.page, two!.page]) expect(await p.content()).not.toContain(zhang.phone)
  await one!.page
    .getByText(/今天.*前/)
    .first()
    .waitFor()

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
  await won.page.getByRole('button', { name: '打电话' }).click()
  await won.page.getByText(zhang.phone).waitFor()
  await expect
    .poll(() => won.page.locator('dl.facts dd').allInnerTexts())
    .toContainEqual(expect.stringMatching(/1(单元|-) ?101/))
  const looks = async (who: { phone: string }) => {
    const api = await signedIn(linli, who)
    const page = await api.get<{ new: { seq: number; kind: string }[] }>(`/rooms/${town.room}/items?limit=50`)
    return api.get(`/rooms/${town.room}/items/${page.new.find((i) => i.kind === 'request')!.seq}/contact`)
  }
  for (const who of [volunteers[1 - winner]!, lixy]) await expect(looks(who)).rejects.toThrow(/403/)
  expect(await lost.page.content()).not.toContain(zhang.phone)
  // Who lives there and is neither sees that it is taken, and by whom; not where, nor how to call.
  const plain = await inRoom(linli, lixy, town.room)
  const seen = plain.page.locator('[role=log] .card', { hasText: '降压药两盒' })
  await seen.getByText(`${name} 已接下`).waitFor()
  for (const p of [plain.page, lost.page]) {
    const card = p.locator('[role=log] .card', { hasText: '降压药两盒' })
    expect(await card.innerText()).not.toMatch(/1(单元|-) ?101/)
    expect(await card.getByRole('button', { name: '打电话' }).count()).toBe(0)
    expect(await p.content()).not.toContain(zhang.phone)
  }
  await plain.context.close()
  await won.page.getByRole('dialog').getByRole('button', { name: '开始办理' }).click()
  await asker.page.getByText('办理中').first().waitFor()
  await won.page.getByLabel(/说明一下/).fill('放在门口鞋柜上')
  await won.page.getByRole('dialog').getByRole('button', { name: '已完成' }).click()

  await asker.page.getByText(new RegExp(`${name} .*说已办好`)).waitFor()
  await asker.page.getByText('放在门口鞋柜上').first().waitFor()
  await asker.page.getByRole('button', { name: '确认办结' }).click()
  await asker.page.getByRole('button', { name: new RegExp(`${name} 帮忙办结`) }).click()
  await asker.page.getByRole('button', { name: '5 星' }).click()
  await asker.page.getByLabel('说一句感谢的话').fill('谢谢')
  await asker.page.getByRole('button', { name: '评价', exact: true }).click()
  for (const p of [asker.page, won.page, lost.page]) await p.getByText(/帮忙办结 · 5 星/).waitFor()
  await won.page.getByText(/帮忙办结 · 5 星/).click()
  await won.page.getByRole('dialog').getByText('★★★★★ 谢谢').waitFor()
  await won.page.getByRole('dialog').getByRole('button', { name: '关闭' }).click()

  // Masked again, and she can see who looked.
  await expect(looks(volunteers[winner]!)).rejects.toThrow(/403/)
  await asker.page.goto('/me')
  await asker.page.getByRole('link', { name: '谁看过我的信息' }).click()
  await asker.page
    .locator('li', { hasText: name })
    .filter({ hasText: '志愿者' })
    .filter({ hasText: '办您的求助时看了联系方式' })
    .filter({ hasText: /\d+:\d\d/ })
    .first()
    .waitFor()
  for (const s of [asker, won, lost]) await s.context.close()
  noFaults()
})

test('a request says about how much and shows a photo; nothing is chosen beforehand; whoever took it on calls by one tap', async () => {
  const asker = await inRoom(linli, zhang, town.room)
  await asker.page.getByRole('button', { name: '发别的' }).click()
  await asker.page.getByRole('button', { name: '找人帮忙' }).click()
  const form = asker.page.getByRole('dialog')
  await form.getByLabel('说说要什么').fill('照着药盒买两盒')
  expect(await form.locator('input:checked').count()).toBe(0)
  expect(await form.getByRole('button', { name: '发出求助' }).isDisabled()).toBe(true)
  await form.getByRole('radio', { name: '买药' }).check()
  await form.getByLabel(/大约多少钱/).fill('60')
  await form.locator('input[type=file]').setInputFiles(file('../public/icon-192.png'))
  await form.getByRole('button', { name: '去掉第 1 张照片' }).waitFor()
  await form.getByLabel(/可以送上门/).check()
  await still(asker.page)
  await asker.page.screenshot({ path: 'test-results/request-compose.png' })
  for (const box of await Promise.all(
    (await form.locator('button, input:not(.vh), textarea').all()).map((b) => b.boundingBox()),
  ))
    expect(box ? box.x + box.width : 0).toBeLessThanOrEqual(390)
  await form.getByRole('button', { name: '发出求助' }).click()

  const helper = await someone(linli, phone, { hasTouch: true, isMobile: true })
  await signIn(helper.page, volunteers[1]!)
  await helper.page.goto(`/rooms/${town.room}`)
  const card = helper.page.locator('[role=log] .card', { hasText: '照着药盒买两盒' })
  await card.getByText('大约 60 元，当面结清').waitFor()
  // The photo answers the request.
  const photo = helper.page.locator('[role=log] .cardwrap', { has: helper.page.locator('.pictures') })
  await photo.locator('.quote', { hasText: '3-1-101 张先生：[求助] 买药 照着药盒买两盒' }).waitFor()
  expect(await card.getByRole('button', { name: '打电话' }).count()).toBe(0)
  await card.getByRole('button', { name: '我来帮忙' }).click()
  await helper.page.evaluate(() => {
    const w = window as unknown as { dialled: string[] }
    w.dialled = []
    addEventListener('click', (e) => e.target instanceof HTMLAnchorElement && w.dialled.push(e.target.href), true)
  })
  await card.getByRole('button', { name: '打电话' }).click()
  await helper.page.getByRole('dialog').getByText(zhang.phone).waitFor()
  expect(await helper.page.evaluate(() => (window as unknown as { dialled: string[] }).dialled)).toEqual([
    `tel:${zhang.phone}`,
  ])
  await helper.page.screenshot({ path: 'test-results/request-call.png' })
  await helper.page.keyboard.press('Escape')
  await card.screenshot({ path: 'test-results/request-card.png' })
  // On a desk the number is shown, and the asker may call as well.
  await asker.page
    .locator('[role=log] .card', { hasText: '照着药盒买两盒' })
    .getByRole('button', { name: '打电话' })
    .click()
  await asker.page.getByRole('dialog').getByText(volunteers[1]!.phone).waitFor()
  await asker.context.close()
  await helper.context.close()
  noFaults()
})

test('claimed by two at once fifty times over: one wins, the other is told who', async () => {
  const [asker, one, two] = await Promise.all(
    [zhang, ...volunteers].map(async (p) => {
      const api = await signedIn(linli, p)
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

test('who waits nudges once a day, gently: whoever is to act hears it once, and a second time says when again', async () => {
  const own = await inRoom(linli, owner, town.room)
  const asker = await inRoom(linli, zhang, town.room)
  const api = await signedIn(linli, owner)
  await api.ask('PUT', '/me/choices', { muted: {}, quiet: { from: 0, to: 0 }, topics: {} }) // at whatever hour this runs
  await api.signIn(zhang.phone, password)
  await api.act(town.room, 'request.post', {
    with: { template: '打印', door: false },
    words: { text: '打印两张准考证' },
  })
  const card = asker.page.locator('[role=log] .card', { hasText: '打印两张准考证' })
  await own.page.locator('[role=log] .card', { hasText: '打印两张准考证' }).waitFor()
  expect(await own.page.getByRole('button', { name: '轻轻催一下' }).count()).toBe(0) // it is not theirs
  await own.page.goto('/rooms')
  await card.getByRole('button', { name: '轻轻催一下' }).click()
  await asker.page.getByText('催过了，等着办的人会听到一声。').waitFor()
  await card.getByText(/\d 轻催过$/).waitFor()
  await own.page
    .getByText(/轻轻催一下：\[求助\] 打印/)
    .first()
    .waitFor()
  await card.getByRole('button', { name: '轻轻催一下' }).click()
  await asker.page.getByText(/今天催过了，明天 \d+:\d+ 以后可以再催/).waitFor()
  await asker.page.screenshot({ path: 'test-results/nudge.png' })

  await api.act(town.room, 'suggestion.post', { words: { text: '楼道灯坏了三天' } })
  const idea = asker.page.locator('[role=log] .card', { hasText: '楼道灯坏了三天' })
  await idea.getByRole('button', { name: '轻轻催一下' }).click()
  await idea.getByText(/轻催过$/).waitFor()
  await own.page
    .getByText(/轻轻催一下：\[建议\]/)
    .first()
    .waitFor()
  for (const s of [own, asker]) await s.context.close()
  noFaults()
})
