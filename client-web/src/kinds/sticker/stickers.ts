import { type Key, t } from '@/words'
import { zh } from '@/words/zh'

// The drawings there are, as the server knows them.
export const stickers = [
  'thanks',
  'heard',
  'tired',
  'morning',
  'night',
  'cheer',
  'like',
  'hug',
  'safe',
  'coming',
  'brought',
  'rain',
]

// What a sticker says; empty for one that this client has no drawing of.
export const wordOf = (name: unknown) => {
  const key = `sticker_${name}`
  return key in zh ? t(key as Key) : ''
}
