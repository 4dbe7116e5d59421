import type { Item } from '@/wire/types'

const editedFor = 15 * 60_000 // so long may its author change what a message says; the server decides

export const editable = (item: Item, now: number) => item.kind === 'text' && now - item.at < editedFor
