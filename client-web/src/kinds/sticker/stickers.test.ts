import { expect, test } from 'vitest'
import file from './stickers.svg?raw'
import { stickers, wordOf } from './stickers'

test('each sticker has a word and a drawing, and no drawing is left over; a name from a newer server has none', () => {
  const drawn = [...file.matchAll(/<symbol id="s-(\w+)"/g)].map((m) => m[1])
  expect(drawn.sort()).toEqual([...stickers].sort())
  for (const s of stickers) expect(wordOf(s)).not.toBe('')
  expect(wordOf('winner')).toBe('')
  expect(wordOf(undefined)).toBe('')
})
