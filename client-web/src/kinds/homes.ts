import { rows } from '@/store/live'
import type { Mine } from '@/wire/types'

// The doors that I act for in a room, the first one first.
export const homesOf = (room: string) => {
  const row = rows.get(room)
  return row?.doors ?? (row?.premises ? [{ premises: row.premises, label: row.label ?? '' }] : [])
}

// Was a notice confirmed for all of them? Who has none confirms for themselves.
export const allConfirmed = (room: string, own: Mine['own'] | undefined) =>
  !!own?.confirmed || (!!own?.homes && homesOf(room).every((d) => own.homes[d.premises]))
