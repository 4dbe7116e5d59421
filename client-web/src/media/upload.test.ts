import { afterEach, expect, it, vi } from 'vitest'
import { type Attachment, bring } from './upload'

afterEach(() => vi.unstubAllGlobals())

it('gives up, here and on the server, what is no longer wanted', async () => {
  const said: string[] = []
  let at = 0
  vi.stubGlobal('fetch', async (url: string, { method, body }: RequestInit) => {
    said.push(`${method} ${url.replace('/api/v1', '')}`)
    if (method === 'PATCH') at += (body as Blob).size
    return new Response(JSON.stringify({ upload: 'u1', at, size: 3 << 20 }))
  })
  const a: Attachment = { as: 'file', blob: new Blob([new Uint8Array(3 << 20)]) }
  let wanted = true
  const moved = vi.fn((n: number) => {
    if (n >= 1 << 20) wanted = false
  })
  await bring(
    'r1',
    a,
    moved,
    () => {},
    () => wanted,
  )
  expect(said).toEqual(['POST /rooms/r1/uploads', 'PATCH /uploads/u1', 'PATCH /uploads/u1', 'DELETE /uploads/u1'])
  expect(a.whole).toBeUndefined()
})
