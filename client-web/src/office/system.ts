// How the machine and its copies are, judged from what the server says of them.
import type { CopyPlace, CopyReport, SystemBody } from '@/wire/gen'
import { t } from '@/words'

export const reasons = ['full', 'missing', 'emptied', 'foreign', 'other'] as const
type Reason = (typeof reasons)[number]
export const reason = (why = ''): Reason => reasons.find((r) => r === why) ?? 'other'

// Something that is not as it should be. place is the target that it is about, where it is about one; at is in ms.
export interface Finding {
  what:
    | 'reserve'
    | 'wrong'
    | 'failed'
    | 'unable'
    | 'late'
    | 'damaged'
    | 'absent'
    | 'low'
    | 'first'
    | 'untried'
    | 'stale'
  bad: boolean // red; otherwise amber
  place?: string
  why?: Reason
  n?: number
  at?: number
}

const tooOld = 48 * 3600_000 // ms: a copy is tried each day

export const newest = (p: CopyPlace) => p.copies.reduce((a, b) => (b.at > a.at ? b : a), p.copies[0]!)

// Whether a whole copy was made since the try that found something wrong.
export const renewed = (p: CopyPlace) => p.copies.some((c) => c.whole && c.at > (p.verified?.at ?? 0))

const ofPlace = (p: CopyPlace, r: CopyReport, now: number): Finding[] => {
  const found: Finding[] = []
  const add = (what: Finding['what'], bad: boolean, more: Partial<Finding> = {}) =>
    found.push({ what, bad, place: p.target, ...more })
  const v = p.verified
  if (p.last?.why) add('failed', true, { why: reason(p.last.why), at: p.last.at })
  if (!p.copies.length) {
    if (!p.last?.why) add('first', false)
    return found
  }
  const c = newest(p)
  if (v?.wrong.length) add(v.copy ? 'wrong' : 'unable', true, { n: v.wrong.length, at: v.at })
  if (now - c.at > 2 * r.every) add('late', true, { at: c.at })
  if (c.damaged) add('damaged', true, { n: c.damaged })
  if (!v) add('untried', false)
  else if (!v.wrong.length && now - v.at > tooOld) add('stale', false, { at: v.at })
  return found
}

// The worst first: what is lost already, what would be lost with the machine, what may come.
const order: Finding['what'][] = ['reserve', 'wrong', 'failed', 'unable', 'late', 'damaged', 'absent', 'low', 'first']
const rank = (f: Finding) => (order.includes(f.what) ? order.indexOf(f.what) : order.length)

// All that is not as it should be, the worst first; empty when all is well.
export const judged = (s: SystemBody): Finding[] => {
  const found: Finding[] = []
  if (s.total && s.free < s.reserve) found.push({ what: 'reserve', bad: true })
  else if (s.total && s.free < 4 * s.reserve) found.push({ what: 'low', bad: false })
  if (s.backup) for (const p of s.backup.places) found.push(...ofPlace(p, s.backup, s.now))
  else found.push({ what: 'absent', bad: false })
  return found.sort((a, b) => rank(a) - rank(b))
}

// What became of work that was begun when the report was `from`, and has ended: `none` where nothing was done, as when another program
// was at it.
export const outcome = (
  what: string,
  from: CopyReport,
  to: CopyReport,
): 'copied' | 'failed' | 'none' | 'same' | 'wrong' => {
  const had = (p: CopyPlace) => from.places.find((x) => x.target === p.target)
  if (what === 'verify') {
    const tried = to.places.filter((p) => p.verified && p.verified.at !== had(p)?.verified?.at)
    return !tried.length ? 'none' : tried.some((p) => p.verified!.wrong.length) ? 'wrong' : 'same'
  }
  const made = to.places.filter((p) => p.last && p.last.at !== had(p)?.last?.at)
  return !made.length ? 'none' : made.some((p) => p.last!.why) ? 'failed' : 'copied'
}

// What a disk has on it, in the order in which it is shown; `other` is what is not Linli's, as far as it knows.
export const onDisk = (s: SystemBody) => {
  const known = s.space.reduce((n, row) => n + row.bytes, 0)
  return [...s.space, { kind: 'other', bytes: Math.max(0, s.total - s.free - known) }]
}

const units = ['KB', 'MB', 'GB', 'TB']
// A number of bytes as people read it: 18 MB, 1.2 GB.
export const size = (bytes: number) => {
  let n = bytes / 1024
  let i = 0
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1024
  return `${n < 10 && i ? n.toFixed(1) : Math.max(bytes ? 1 : 0, Math.round(n))} ${units[i]}`
}

// One decimal, never rounded up to a whole that is not reached.
export const percent = (part: number, all: number) => (Math.floor((1000 * part) / all) / 10).toFixed(1)

// How long something took: 3 分 20 秒.
export const took = (ms: number) => {
  const s = Math.max(1, Math.round(ms / 1000))
  return s < 60 ? t('sysSeconds', { n: s }) : t('sysMinutes', { m: Math.floor(s / 60), n: s % 60 })
}
