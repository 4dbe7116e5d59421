import { kinds } from '@/kinds/registry'
import { text } from '@/kinds/summary'
import { sameDay } from '@/words'
import type { Item } from '@/wire/types'

// A busy room stays calm: what is over stands close together, and twenty times 收到 is one line. It is only a way of showing: nothing is
// moved, counted or lost by it, and each fold opens where it stands.

// A row of the talk: an item, or a fold of several. Before is the item it stands behind, for day lines and names.
export interface Line {
  key: string
  before?: Item
  item?: Item
  fold?: 'ended' | 'heard'
  items?: Item[] // of a fold
  open?: boolean // its items stand behind it
}

const silence = 5 * 60_000
// Was nothing said for so long that the talk says when it goes on?
export const silent = (before: Item, item: Item) => item.at - before.at > silence

const spell = 10 * 60_000 // in which people say 收到
const ofHeard = 3
const kept = 2 // ended cards in a row that stand each for themselves
const hear =
  /^(?:(?:好的?|嗯|已)?[，,、 ]*(?:收到|(?:谢谢|感谢)(?:群主|社区|大家|您|你|各位)?|👍|🙏)[\u{1f3fb}-\u{1f3ff}]?[了啦]?[，,。.！!～~ ]*)+$/u

// Somebody says that they have read it, and no more.
export const isHeard = (item: Item) => {
  const said = item.kind === 'text' ? text(item, 'text').trim() : ''
  const s = item.state
  return said.length > 0 && said.length <= 16 && !s?.retracted && !s?.to && !s?.all && hear.test(said)
}

// The word for how a card ended; undefined while it goes on, and for what is no card.
export const endOf = (item: Item) => (item.state?.retracted ? undefined : kinds[item.kind]?.ended?.(item.state ?? {}))

// Folds a room's items. `mine` is what must stand by itself: my own. What ends while it is looked at stays as it is until the page
// opens anew: a card moves nothing.
export const folder = (mine: (item: Item) => boolean) => {
  const live = new Set<number>()
  const classOf = (item: Item): Line['fold'] => {
    if (endOf(item)) return live.has(item.seq) || mine(item) ? undefined : 'ended'
    if (kinds[item.kind]?.ended) live.add(item.seq)
    return isHeard(item) && !mine(item) ? 'heard' : undefined
  }

  return (items: Item[], opened: ReadonlySet<number>, unreadFrom = 0): Line[] => {
    const classes = items.map(classOf)
    const lines: Line[] = []
    const single = (i: number, before?: Item) => lines.push({ key: `${items[i]!.seq}`, item: items[i]!, before })
    for (let i = 0; i < items.length; ) {
      const end = runFrom(items, classes, i, unreadFrom)
      const from = classes[i] === 'ended' ? i + kept : i
      const enough = classes[i] && end - from >= (classes[i] === 'ended' ? 2 : ofHeard)
      for (const stop = enough ? from : end; i < stop; i++) single(i, afterFold(lines.at(-1), items[i - 1]))
      if (!enough) continue
      const folded = items.slice(from, end)
      const open = folded.some((x) => opened.has(x.seq))
      lines.push({ key: `f${items[from]!.seq}`, before: items[from - 1], fold: classes[from], items: folded, open })
      if (open) for (let j = from; j < end; j++) single(j, j === from ? unseen(items[j]!) : items[j - 1])
      i = end
    }
    return lines
  }
}

// Behind a closed fold a speaker is named again.
const unseen = (item: Item): Item => ({ ...item, by: '' })
const afterFold = (last?: Line, before?: Item) => (last?.fold && !last.open && before ? unseen(before) : before)

// How far the same goes on: within one day, on one side of what is new, and 收到 within ten minutes.
const runFrom = (items: Item[], classes: Line['fold'][], from: number, unreadFrom: number) => {
  const first = items[from]!
  let end = from + 1
  for (; end < items.length && classes[from] && classes[end] === classes[from]; end++) {
    const item = items[end]!
    if (!sameDay(first.at, item.at)) break
    if (unreadFrom > first.seq && item.seq >= unreadFrom) break
    if (classes[from] === 'heard' && item.at - first.at > spell) break
  }
  return end
}

// Which line shows an item; -1 when none does.
export const lineOf = (lines: Line[], seq: number) =>
  lines.findIndex((l) => l.item?.seq === seq || (!l.open && l.items?.some((x) => x.seq === seq)))
