import type { Item } from '@/wire/types'

// All that somebody wrote into an item, a title first; of what was not written, what its line says behind the kind.
export const said = (item: Item): string => {
  const all: string[] = []
  const collect = (v: unknown) => {
    if (typeof v === 'string') all.push(v)
    else if (v && typeof v === 'object') for (const x of Object.values(v)) collect(x)
  }
  collect({ title: item.words?.title, ...item.words })
  return all.join(' ') || (item.sum ?? '').replace(/^\[.+?\] ?/, '')
}

// A piece of a text around what was sought, cut into what is marked and what is not. Sought by initials or a door, nothing is marked.
const before = 12
const most = 60

const literally = (s: string) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

export const snippet = (text: string, sought: string): { text: string; mark: boolean }[] => {
  const flat = text.replace(/\s+/g, ' ')
  const terms = sought.normalize('NFKC').split(/\s+/).filter(Boolean)
  if (!terms.length) return [{ text: flat.slice(0, most), mark: false }]
  const any = new RegExp(terms.map(literally).join('|'), 'giu')
  const first = flat.search(any)
  // Not into the middle of a pair of surrogates.
  const start = first > before ? first - before : 0
  const shown = [...flat.slice(start)]
    .slice(0, most)
    .join('')
    .replace(/^[\udc00-\udfff]/, '')
  const parts: { text: string; mark: boolean }[] = []
  let from = 0
  for (const m of shown.matchAll(any)) {
    if (m.index > from) parts.push({ text: shown.slice(from, m.index), mark: false })
    parts.push({ text: m[0], mark: true })
    from = m.index + m[0].length
  }
  if (from < shown.length) parts.push({ text: shown.slice(from), mark: false })
  if (start > 0) parts.unshift({ text: '…', mark: false })
  if (start + shown.length < flat.length) parts.push({ text: '…', mark: false })
  return parts
}
