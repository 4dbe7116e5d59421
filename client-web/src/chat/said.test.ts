import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import Said from './Said.vue'

it('makes addresses tappable and nothing else', () => {
  const said = mount(Said, {
    props: {
      text: '看 https://www.zhengzhou.gov.cn/a?b=1。或者(http://x.cn/y)，javascript:alert(1) <a href="x">y</a> ftp://z',
    },
  })
  expect(said.findAll('a').map((a) => a.attributes('href'))).toEqual([
    'https://www.zhengzhou.gov.cn/a?b=1',
    'http://x.cn/y',
  ])
  expect(said.text()).toBe(
    '看 https://www.zhengzhou.gov.cn/a?b=1。或者(http://x.cn/y)，javascript:alert(1) <a href="x">y</a> ftp://z',
  )
})
