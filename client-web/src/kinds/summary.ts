import type { Item } from '@/wire/types'
import { t } from '@/words'

// A text as it is shown: with a few accents on each letter, not a tower of them that hides what others have said.
export const calm = (s: string) => s.replace(/(\p{M}{4})\p{M}+/gu, '$1')

// One line for a room's row, a quote, the notice bar: what a client says of an item without showing its card.
export const summary = (item: Item, name = ''): string => {
  if (item.state?.retracted) return t('retractedShort')
  if (item.kind === 'joined') return t('joinedLine', { name, sum: item.sum ?? '' })
  if (item.kind === 'text') return text(item, 'text') || wordless(item)
  return calm(item.sum ?? '') || text(item, 'title') || t('unknownKind')
}

// A text out of an item's words; empty when they were forgotten.
export const text = (item: { words?: Record<string, unknown> | null }, field: string): string => {
  const value = item.words?.[field]
  return typeof value === 'string' ? calm(value) : ''
}

// What stands where a message has no words: its author's were forgotten, or cannot be read from the disk any more.
export const wordless = (item: { words?: Record<string, unknown> | null }): string =>
  t(item.words?.damaged === true ? 'unreadable' : 'forgotten')

// What a quote says of a text that it has the words of.
export const firstLine = (s: string): string => {
  const line = [...s.trim().split('\n', 1)[0]!.trim()]
  return line.length > 60 ? `${line.slice(0, 60).join('')}…` : line.join('')
}

export const texts = (item: { words?: Record<string, unknown> | null }, field: string): string[] => {
  const value = item.words?.[field]
  return Array.isArray(value) ? value.map((v) => calm(String(v))) : []
}
