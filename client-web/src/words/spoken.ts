import { day, language, sameDay, when } from '.'

// Times and doors as people say them: 22:00 is 晚上 10 点, 3-2-501 is 3 号楼 2 单元 501. For what is read aloud, and for the large look.

const part = (hour: number) =>
  hour < 5 ? '凌晨' : hour < 9 ? '早上' : hour < 12 ? '上午' : hour < 13 ? '中午' : hour < 18 ? '下午' : '晚上'

const oclock = (hour: number, minute: number) =>
  `${hour > 12 ? hour - 12 : hour} 点${minute === 0 ? '' : minute === 30 ? '半' : ` ${minute} 分`}`

const said = /(凌晨|早上|上午|中午|下午|晚上|今早|明早|今晚|明晚)?\s*(\d{1,2})[:：]([0-5]\d)(?![:：\d])/g

export const spoken = (text: string): string =>
  text
    .replace(/次日/g, '第二天')
    .replace(/(\d{1,2}[:：][0-5]\d)\s*[-–—~～至]\s*(?=(?:第二天)?\s*\d{1,2}[:：][0-5]\d)/g, '$1到')
    .replace(said, (whole, before: string | undefined, h: string, m: string) =>
      Number(h) > 24 ? whole : `${before ?? part(Number(h))} ${oclock(Number(h), Number(m))}`,
    )
    .replace(/(^|[^\d-])(\d{1,2})-(\d{1,2})-(\d{3,4})(?![\d-])/g, '$1$2 号楼 $3 单元 $4')

// A time as it is said: 今晚 10 点, 明早 5 点, 3月4日星期三下午 2 点半.
export const spokenWhen = (at: number, now: number): string => {
  if (language.value !== 'zh-CN') return when(at, now)
  const d = new Date(at)
  const time = part(d.getHours())
  const clock = oclock(d.getHours(), d.getMinutes())
  const short = sameDay(at, now) ? '今' : sameDay(at, now + 86_400_000) ? '明' : ''
  if (short && time === '晚上') return `${short}晚 ${clock}`
  if (short && time === '早上') return `${short}早 ${clock}`
  const named = short ? `${short}天` : sameDay(at, now + 2 * 86_400_000) ? '后天' : day(at, now)
  return `${named}${time} ${clock}`
}

// A text in the pieces in which it is read and followed: sentences, each with what ends it.
export const sentences = (text: string): string[] =>
  (text.match(/[^。！？；!?;\n]*[。！？；!?;\n]*/g) ?? []).filter((s) => s.trim())
