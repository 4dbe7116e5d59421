import { describe, expect, it } from 'vitest'
import golden from '../../../../internal/wire/testdata/deliveries/forward.json'
import { picturesOf } from '@/media/files'
import type { Item } from '@/wire/types'
import { partsOf, sourceOf } from './parts'

const item = golden.deliveries[0]!.new![0] as unknown as Item

describe('a forward', () => {
  it('is cut into messages, each with its own files, source and words', () => {
    const parts = partsOf(item)
    expect(parts.map((p) => [p.kind, p.source, p.by, p.said])).toEqual([
      ['text', '和园5号楼', '程胜嘉', '明早五点来水'],
      ['picture', '和园5号楼', '李女士', '楼下'],
      ['poll', '和园5号楼', '程胜嘉', '[投票] 装不装快递柜'],
    ])
    expect(parts.map((p) => (p.item.state!.files as unknown[]).length)).toEqual([0, 1, 0])
    expect(parts[1]!.item).toMatchObject({ seq: item.seq, kind: 'picture', words: { text: '楼下' } })
    expect(parts[2]!.live).toEqual({ room: 'r2', seq: 9 })
    expect(sourceOf(parts)).toBe('和园5号楼')
    expect(picturesOf(item).map((f) => f.hash)).toEqual(['HASH1'])
  })

  it('names a file by its place, and tells a video from the picture of it', () => {
    const files = ['video/mp4', 'image/jpeg', 'application/pdf'].map((type, i) => ({ hash: `H${i}`, type, size: 1 }))
    const mixed: Item = {
      ...item,
      words: { parts: [{ room: 'A' }, { room: 'B' }], names: ['', '', '报价.pdf'] },
      state: {
        files,
        parts: [
          { kind: 'video', files: 2, seconds: 9 },
          { kind: 'file', files: 1 },
        ],
      },
    }
    const parts = partsOf(mixed)
    expect(parts[0]!.item.state).toMatchObject({ seconds: 9, files: files.slice(0, 2) })
    expect(parts.map((p) => p.item.words?.name)).toEqual([undefined, '报价.pdf'])
    expect(sourceOf(parts)).toBe('')
    expect(picturesOf(mixed)).toEqual([])
  })

  it('stands without its words', () => {
    const parts = partsOf({ ...item, words: null })
    expect(parts.map((p) => [p.said, p.by])).toEqual([
      ['', ''],
      ['', ''],
      ['', ''],
    ])
    expect(parts[1]!.item.state?.files).toHaveLength(1)
  })
})
