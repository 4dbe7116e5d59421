// Homes counted by hand, for who has no table: buildings by stairs, floors and doors, and what is otherwise. They become the rows of a
// table, and go the way that every table goes.
export interface Building {
  name: string // 1号楼
  stairs: number
  floors: number
  doors: number // on a floor of one stair
  ground: '' | 'shop' | 'none' // what is on the ground floor; empty: homes as above
  other: Record<string, What> // by stair-door, as 2-501: what is not as its floor
}
export type What = 'home' | 'shop' | 'none'
export interface Yard {
  community: string
  compound: string
  rooms: 'one' | 'each' | 'none'
  buildings: Building[]
  owner?: 'me' | 'other' | 'later' // of each new room
  ownerName?: string
  ownerPhone?: string
  charter?: boolean // each new room begins with the ready rules
}

export const most = { stairs: 20, floors: 60, doors: 30, doorsOfAll: 5000 }

export interface Door {
  stair: number
  floor: number
  door: string // 501
  what: What
}
const whole = (n: number, max: number) => Math.max(0, Math.min(max, Math.floor(Number(n) || 0)))
// Every door of a building, the ground floor first.
export const doorsOf = (b: Building): Door[] => {
  const list: Door[] = []
  for (let stair = 1; stair <= whole(b.stairs, most.stairs); stair++)
    for (let floor = 1; floor <= whole(b.floors, most.floors); floor++)
      for (let n = 1; n <= whole(b.doors, most.doors); n++) {
        const door = `${floor}${String(n).padStart(2, '0')}`
        const what = b.other[`${stair}-${door}`] ?? ((floor === 1 && b.ground) || 'home')
        list.push({ stair, floor, door, what })
      }
  return list
}
export const count = (list: Door[], what: What) => list.filter((d) => d.what === what).length
// 1 and 1栋 are 1号楼 and 1栋; a name stays.
export const named = (name: string) => (/^\d+$/.test(name.trim()) ? `${name.trim()}号楼` : name.trim())

const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const table = (name: string, rows: string[][]) =>
  new File([rows.map((r) => `${r.map(cell).join(',')}\n`).join('')], name, { type: 'text/csv' })

// The rooms that a yard gets.
export const roomsOf = (y: Yard): string[] => {
  const name = y.compound.trim()
  return y.rooms === 'one' ? [name] : y.rooms === 'each' ? y.buildings.map((b) => name + named(b.name)) : []
}

// The tables that a yard comes to: its places, its homes, its shops.
export const tables = (y: Yard): File[] => {
  const at = [y.community.trim(), y.compound.trim()] as const
  const files: File[] = []
  const rooms = roomsOf(y)
  if (rooms.length)
    files.push(
      table('organization.csv', [['级别', '名称', '上级'], ['社区', at[0], ''], ...rooms.map((r) => ['群', r, at[0]])]),
    )
  const homes: string[][] = []
  const shops: string[][] = []
  for (const b of y.buildings) {
    const name = named(b.name)
    for (const d of doorsOf(b)) {
      const stair = `${d.stair}单元`
      if (d.what === 'home') homes.push([...at, name, stair, d.door])
      if (d.what === 'shop') shops.push([...at, `${name}${stair}${d.door}店`, `${name}${stair}${d.door}`])
    }
  }
  if (homes.length) files.push(table('households.csv', [['社区', '小区', '楼栋', '单元', '房号'], ...homes]))
  if (shops.length) files.push(table('shops.csv', [['社区', '小区', '店铺名称', '地址'], ...shops]))
  return files
}
