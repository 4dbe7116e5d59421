import { expect, it, vi } from 'vitest'
import { telOf } from './tel'

it('dials a number as people write it, and waits before an extension', () => {
  expect(telOf('0371-6888 1234 转 5')).toBe('tel:037168881234,5')
  expect(telOf('+86 138 1234 5678')).toBe('tel:+8613812345678')
})

it('and so does a card at the tap', async () => {
  vi.stubGlobal('fetch', async () => Response.json({ name: '李女士', phone: '0371-6888 1234 转 5', door: '' }))
  const { useContact } = await import('@/kinds/contact')
  vi.stubGlobal('matchMedia', () => ({ matches: true })) // a phone
  const dialled: string[] = []
  addEventListener('click', (e) => dialled.push((e.target as HTMLAnchorElement).href), true)
  await useContact({ room: 'r1', item: { seq: 3 } as never }).call()
  expect(dialled).toEqual(['tel:037168881234,5'])
  vi.unstubAllGlobals()
})

it('nothing else makes such an address', () => {
  const all = import.meta.glob<string>(['/src/**/*.vue', '/src/**/*.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  })
  const by = Object.entries(all).filter(([, text]) => text.includes('`tel:${'))
  expect(by.map(([path]) => path).filter((path) => !path.endsWith('.test.ts'))).toEqual(['/src/ui/tel.ts'])
})
