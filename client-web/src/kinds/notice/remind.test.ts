import 'fake-indexeddb/auto'
import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { h } from 'vue'
import Remind from './Remind.vue'

const Sheet = {
  render: (it: { $slots: Record<string, () => unknown> }) =>
    h('div', [it.$slots.default?.(), it.$slots.actions?.()] as never),
}
const sheet = (most: number) =>
  mount(Remind, {
    props: {
      room: 'r1',
      seq: 3,
      whom: '3 户',
      reminder: { homes: 3, shops: 0, people: 4, app: 2, texts: 0, most },
      doors: 0,
      reminded: [1],
    },
    global: { stubs: { Sheet } },
  })

it('how often it may be said is the server’s word', () => {
  expect(sheet(5).text()).toContain('已提醒 1 次，最多 5 次')
})

it('the button is there again when nothing will come of it any more', async () => {
  const live = await import('@/store/live')
  live.me.value = { person: 'p1', device: 'd1' } as never
  const remind = sheet(3)
  const button = remind.get('button')
  await button.trigger('click')
  await vi.waitFor(() => expect(live.outbox.size).toBe(1))
  expect(button.attributes('disabled')).toBeDefined()
  await live.forget('self')
  await vi.waitFor(() => expect(button.attributes('disabled')).toBeUndefined())
})
