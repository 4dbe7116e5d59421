import { ref, shallowRef } from 'vue'
import type { Fault } from '@/wire/types'
import { zh } from './zh'

export type Key = keyof typeof zh
export type Language = 'zh-CN' | 'en'

const catalogue = shallowRef<Record<Key, string>>(zh)
export const language = ref<Language>('zh-CN')

export const speak = async (l: Language) => {
  catalogue.value = l === 'en' ? (await import('./en')).en : zh
  language.value = l
  document.documentElement.lang = l
  document.title = t('app')
}

// The words for a key, with what stands in braces filled in.
export const t = (key: Key, values?: Record<string, string | number>): string => {
  const text: string = catalogue.value[key] ?? key
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text
}

const hour = () => new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', hour12: false })

export const clock = (at: number) => hour().format(at)

const dayOf = (at: number) => {
  const d = new Date(at)
  return new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime()
}

export const sameDay = (a: number, b: number) => dayOf(a) === dayOf(b)

// A day as in a conversation: 今天, 昨天, 3月4日.
export const day = (at: number, now: number) => {
  const days = Math.round((dayOf(now) - dayOf(at)) / 86_400_000)
  if (days === 0) return t('today')
  if (days === 1) return t('yesterday')
  const year = new Date(at).getFullYear() !== new Date(now).getFullYear()
  return new Intl.DateTimeFormat(language.value, {
    year: year ? 'numeric' : undefined,
    month: 'long',
    day: 'numeric',
    weekday: days < 7 ? 'short' : undefined,
  }).format(at)
}

// A time as short as it can be told: 14:03, 昨天 14:03, 3月4日.
export const when = (at: number, now: number) => {
  if (sameDay(at, now)) return clock(at)
  const days = Math.round((dayOf(now) - dayOf(at)) / 86_400_000)
  return days === 1 || days === -1
    ? `${t(days === 1 ? 'yesterday' : 'tomorrow')} ${clock(at)}`
    : `${day(at, now)} ${clock(at)}`
}

// How long something takes or took, in its largest unit.
export const span = (ms: number) => {
  const minutes = Math.max(1, Math.round(ms / 60_000))
  if (minutes < 60) return t('minShort', { n: minutes })
  if (minutes < 48 * 60) return t('hourShort', { n: Math.round(minutes / 60) })
  return t('dayShort', { n: Math.round(minutes / 1440) })
}

// How long somebody has waited; within the first minute it has only just been said.
export const waited = (ms: number) => (ms < 60_000 ? t('justSaid') : t('waited', { time: span(ms) }))

// A refusal in words.
export const refusal = (f: Pick<Fault, 'code' | 'with'>, now = Date.now()): string => {
  const more = f.with ?? {}
  if (f.code === 'muted') return more.until ? t('f_muted', { until: when(Number(more.until), now) }) : t('f_mutedPlain')
  if (f.code === 'wrong' && more.left === 0) return t('f_wrongWait', { retry: Number(more.retry ?? 60) })
  if (f.code === 'internal' && more.id) return t('f_internal') + t('f_number', { id: String(more.id) })
  if (f.code === 'no-space' && more.field === 'look') return t('f_noSpaceLook')
  if (f.code === 'wrong' && more.left !== undefined) return t('f_wrongLeft', { left: Number(more.left) })
  if (f.code === 'removed' && more.field === 'person') return t('f_removedThem')
  if (f.code === 'removed' && more.until) return t('f_removedUntil', { until: when(Number(more.until), now) })
  if (f.code === 'forbidden' && more.field === 'role') return t('f_holdsPost')
  const late = ({ edit: 'f_lateEdit', retract: 'f_lateRetract', reopen: 'f_lateReopen' } as const)[String(more.field)]
  if (f.code === 'too-late' && late) return t(late)
  if (f.code === 'invalid' && more.field === 'telephone') return t('f_badTelephone')
  if (f.code === 'invalid' && more.field === 'phone') return t('f_badPhone')
  if (f.code === 'invalid' && more.field === 'name' && !more.limit) return t('f_badName')
  if (f.code === 'invalid' && ['until', 'by', 'closes', 'promise', 'due', 'since'].includes(String(more.field)))
    return t('f_badTime')
  if (f.code === 'too-many') return t('f_too-many', { retry: Number(more.retry ?? 5) })
  if (f.code === 'forbidden' && more.field === 'seqs') return t('f_stays')
  if (f.code === 'forbidden' && more.kind === 'sticker') return t('f_without')
  if (f.code === 'forbidden' && more.field === 'lane')
    return t(more.lane === 'request' ? 'helpReserved' : 'chatReserved')
  if (f.code === 'too-large' && more.field === 'files') return t('f_brought')
  if (f.code === 'too-large' && more.field === 'star') return t('f_starsFull')
  if (f.code === 'quota' && more.field === 'application') return t('f_quotaAmend')
  if (f.code === 'conflicting' && more.application) return t('f_waits')
  if (f.code === 'conflicting' && more.field === 'lives') return t('f_lives')
  if (f.code === 'conflicting' && more.field === 'notice') return t('f_corrected')
  if (f.code === 'conflicting' && more.field === 'version' && more.version) return t('f_seen')
  if (f.code === 'invalid' && more.field === 'category' && more.asked) return t('f_nameBadge')
  if (f.code === 'no-premises' && more.field) return t('f_noDoor')
  if (f.code === 'quota' && more.field === 'reminders')
    return more.until
      ? t('f_remindedNow', { until: when(Number(more.until), now) })
      : t('f_reminded', { n: Number(more.limit ?? 3) })
  if (f.code === 'quota' && more.field === 'nudge')
    return t('f_nudged', { until: when(Number(more.until ?? now), now) })
  if (f.code === 'quiet-hours' && more.field === 'reminders') return t('f_remindNight')
  if (f.code === 'quota' && more.field === 'edits') return t('f_edits')
  if (f.code === 'unreadable' && more.save) return t('unreadableSave', { save: String(more.save) })
  if (f.code === 'quota' && more.field === 'claims') return t('f_claims', { limit: Number(more.limit ?? 5) })
  if (f.code === 'quota' && more.field === 'contacts')
    return t('f_contacts', { limit: Number(more.limit ?? 20), until: when(Number(more.until ?? now), now) })
  if (f.code === 'unreadable' && more.format === 'moving') return t('f_moving')
  if (f.code === 'unreadable' && more.format === 'heic') return t('unreadableHeic')
  const mb = Math.floor(Number(more.limit ?? 0) / (1 << 20))
  if (f.code === 'too-large' && mb) return t('f_tooLargeMb', { mb })
  const key = `f_${f.code}` as Key
  return key in catalogue.value ? t(key) : t('f_internal')
}

// What went wrong, whatever was thrown.
export const wrong = (e: unknown): string => {
  const f = (e as { fault?: Fault }).fault ?? (e as Fault)
  return f && typeof f.code === 'string' ? refusal(f) : t('f_internal')
}
