import { filesByPart } from '@/media/files'
import type { Item } from '@/wire/types'

// One message that was passed on: where it was said, by whom and when, and what it was.
export interface Part {
  kind: string
  source: string
  by: string
  at: number
  said: string // what was written, or one line for what is no text; empty when it was forgotten
  item: Item // as if it had been posted here: its files are read through the message that brought it
  live?: { room: string; seq: number } // where a card lives
}

interface Fact {
  kind?: string
  seconds?: number
  room?: string
  seq?: number
}
interface Quoted {
  room?: string
  by?: string
  at?: number
  text?: string
  sum?: string
}

export const partsOf = (item: Item): Part[] => {
  const facts = (item.state?.parts ?? []) as Fact[]
  const said = (item.words?.parts ?? []) as Quoted[]
  const names = (item.words?.names ?? []) as string[]
  const files = filesByPart(item)
  return facts.map((f, i) => {
    const q = said[i] ?? {}
    const own = files[i]!
    const name = names[own.from]
    return {
      kind: f.kind ?? 'text',
      source: q.room ?? '',
      by: q.by ?? '',
      at: q.at ?? item.at,
      said: q.text || q.sum || '',
      item: {
        ...item,
        kind: f.kind ?? 'text',
        words: { ...(q.text && { text: q.text }), ...(name && { name }) },
        sum: q.sum,
        state: { files: own.files, seconds: f.seconds },
      },
      live: f.room && f.seq ? { room: f.room, seq: f.seq } : undefined,
    }
  })
}

// The room that all of it is from; empty when it is from several.
export const sourceOf = (parts: Part[]) =>
  parts.every((p) => p.source === parts[0]!.source) ? (parts[0]?.source ?? '') : ''
