import type { Piece } from '@/media/aloud'
import { now } from '@/store/live'
import type { Item } from '@/wire/types'
import { t } from '@/words'
import { sentences, spokenWhen } from '@/words/spoken'
import { text, wordless } from '../summary'

// A notice as it is shown and read: its title, its sentences, until when it holds.
export const pieceOf = (room: string, item: Item): Piece => ({
  what: `${room}/${item.seq}${item.state?.version ? `/${item.state.version}` : ''}`,
  parts: [
    text(item, 'title') || wordless(item),
    ...sentences(text(item, 'body')),
    ...(item.state?.until ? [t('until', { time: spokenWhen(item.state.until, now()) })] : []),
  ],
})
