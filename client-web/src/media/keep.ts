import { me, now } from '@/store/live'
import type { Item } from '@/wire/types'
import { t } from '@/words'

// How long the office keeps what was brought. A date follows from the message's own time, here as on the server (kind.Keep).

const day = 86_400_000
const zone = 8 * 3_600_000 // one clock in all of China

const days = (item: Item) => {
  const f = me.value?.features
  return (item.kind === 'file' ? f?.keepFiles : f?.keepMedia) ?? 0
}

// When an item's files go: at the end of the last day; 0 for never. What is pinned stays.
export const keptUntil = (item: Item) =>
  days(item) && !item.state?.pinned ? (Math.floor((item.at + zone) / day) + days(item) + 1) * day - zone : 0

export const isPast = (item: Item) => {
  const until = keptUntil(item)
  return until > 0 && now() >= until
}

// The last day, as 2026-03-01.
export const lastDay = (item: Item) => new Date(keptUntil(item) - 1 + zone).toISOString().slice(0, 10)

export const keptLine = (item: Item) => {
  if (keptUntil(item)) return t('keptUntil', { date: lastDay(item) })
  return t(days(item) ? 'keptPinned' : 'keptHere')
}

// What stands in the place of files that went.
export const goneLine = (item: Item) => {
  const word = { file: 'goneFile', picture: 'gonePicture', video: 'goneVideo', voice: 'goneVoice' } as const
  return t(word[item.kind as keyof typeof word] ?? 'goneFile', { date: lastDay(item) })
}
