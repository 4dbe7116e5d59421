// Doors as somebody finds them who walks past: by entrance, from the top down.
export interface Doorway {
  premises: string
  label: string
  kind: string
  building?: string
  entrance?: string
  door?: string
  seen?: boolean
}

export interface Entrance<D extends Doorway> {
  name: string // 3号楼 2单元; empty for shops
  doors: D[]
}

// In the order in which they come.
export const entrances = <D extends Doorway>(doors: D[]): Entrance<D>[] => {
  const found = new Map<string, Entrance<D>>()
  for (const d of doors) {
    const name = d.kind === 'home' ? [d.building, d.entrance].filter(Boolean).join(' ') : ''
    const e = found.get(name) ?? { name, doors: [] }
    e.doors.push(d)
    found.set(name, e)
  }
  return [...found.values()]
}

// 1204 is behind window 4 of the 12th floor; a door that is no such number has a floor of its own.
const floor = (door = '') => (/^\d{3,4}$/.test(door) ? Number(door.slice(0, -2)) : 0)

// An entrance's windows: its floors from the top, each its doors from the left.
export const floors = <D extends Doorway>(e: Entrance<D>): D[][] => {
  const found = new Map<number, D[]>()
  for (const d of e.doors) found.set(floor(d.door), [...(found.get(floor(d.door)) ?? []), d])
  return [...found.entries()]
    .sort(([a], [b]) => b - a)
    .map(([, row]) => row.sort((a, b) => (a.door ?? a.label).localeCompare(b.door ?? b.label, 'zh', { numeric: true })))
}

export const stateOf = (d: Doorway, confirmed: Set<string>) =>
  confirmed.has(d.premises) ? 'on' : d.seen ? 'half' : 'off'
