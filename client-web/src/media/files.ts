import { freshen } from '@/wire/http'
import type { Item } from '@/wire/types'

export interface ShownFile {
  hash: string
  type: string
  size: number
  w?: number
  h?: number
}

export const filesOf = (item: Item): ShownFile[] => (item.state?.files as ShownFile[] | undefined) ?? []

// The files of each message that an item passes on.
export const filesByPart = (item: Item) => {
  let from = 0
  return ((item.state?.parts ?? []) as { kind?: string; files?: number }[]).map(({ kind, files = 0 }) => {
    const own = { kind, from, files: filesOf(item).slice(from, from + files) }
    from += files
    return own
  })
}

// The pictures of an item, also of one that was passed on; not what stands for a video.
export const picturesOf = (item: Item): ShownFile[] =>
  item.kind === 'picture' ? filesOf(item) : filesByPart(item).flatMap((p) => (p.kind === 'picture' ? p.files : []))

// Where the bytes of an item's file are.
export const fileUrl = (room: string, seq: number, hash: string, small = false) =>
  `/api/v1/rooms/${room}/items/${seq}/files/${hash}${small ? '?small' : ''}`

// An image or player cannot ask for a new access token by itself: once, somebody does it for it.
export const retry = async (e: Event) => {
  const el = e.target as HTMLImageElement
  if (el.dataset.again || !(await freshen())) return
  el.dataset.again = '1'
  el.src = `${el.src}${el.src.includes('?') ? '&' : '?'}again`
}

export const bytes = (n: number) =>
  n < 1 << 20 ? `${Math.max(1, Math.round(n / 1024))} KB` : `${(n / (1 << 20)).toFixed(1)} MB`

// A name that may stand on anybody's disk; the server refuses others.
export const fileName = (name: string) => {
  const clean = [...name.replace(/[/\\:*?"<>|\p{Cc}\p{Cf}]/gu, '').replace(/^\.+/, '')]
  const end = /\.\w{1,8}$/.exec(clean.join(''))?.[0] ?? ''
  return clean.length <= 120 ? clean.join('') || 'file' : clean.slice(0, 120 - end.length).join('') + end
}
