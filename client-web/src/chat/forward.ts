import { kinds } from '@/kinds/registry'
import { rows } from '@/store/live'
import type { Item } from '@/wire/types'

export const mostForwarded = 50 // messages at once

// May it be passed on? The server decides; here is what to offer.
export const mayForward = (item: Item) => !item.state?.retracted && item.kind !== 'joined' && !kinds[item.kind]?.stays

// Who is in one room only has nowhere to pass anything on to.
export const hasElsewhere = (room: string) => [...rows.values()].some((r) => r.member && r.id !== room)
