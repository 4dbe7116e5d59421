// The places that one may say to live in, as a room's poster gives them.
export interface Doors {
  buildings: { name: string; entrances: { name: string; doors: { premises: string; door: string }[] }[] }[]
  shops: { premises: string; name: string }[]
}
export interface Door {
  premises: string
  door: string // what stands on it: 501, or the shop's name
  stair: string // 3号楼 2单元; empty: a shop
  label: string // 3号楼 2单元 501
  short: string // 3-2-501
  shop: boolean
}

export const bare = (part: string) => part.replace(/(号楼|单元|栋|幢)$/, '')
const joined = (parts: string[], by: string) => parts.filter(Boolean).join(by)
const home = (b: string, e: string, premises: string, door: string): Door => ({
  premises,
  door,
  stair: joined([b, e], ' '),
  label: joined([b, e, door], ' '),
  short: joined([b, e, door].map(bare), '-'),
  shop: false,
})

export const flat = (d: Doors): Door[] => [
  ...d.buildings.flatMap((b) =>
    b.entrances.flatMap((e) => e.doors.map((x) => home(b.name, e.name, x.premises, x.door))),
  ),
  ...d.shops.map((s) => ({ premises: s.premises, door: s.name, stair: '', label: s.name, short: s.name, shop: true })),
]

export const digits = (text: string) => text.normalize('NFKC').replace(/\D/g, '')

// Does a door fit what was typed so far? By any part of its words; or by its digits, whatever stands between them: 501, 2501, 3-2-501.
export const fits = (d: Door, typed: string) => {
  const q = typed.normalize('NFKC').trim()
  if (!q || d.label.includes(q) || d.short.includes(q)) return true
  return /^[\d\s\-号楼单元栋幢室]+$/.test(q) && digits(q) !== '' && digits(d.short).endsWith(digits(q))
}
