import { computed, reactive, ref, watch, watchEffect } from 'vue'
import { forgetShared } from '@/media/shared'
import { chime } from '@/ui/chime'
import { toast } from '@/ui/toast'
import { covered } from '@/ui/top'
import { post } from '@/wire/http'
import type { Alert } from '@/wire/types'
import { t } from '@/words'
import { unread } from './live'
import { heard, me, news, online, rows } from './state'

// What a page does when the server has something for this person: it rings, once, in whichever of its tabs, and says that it did.
// Who looks at that very room sees it anyway.

const patience = 30_000 // ms that an emergency goes on sounding when nobody looks
const between = 3000 // ms
const memory = 10_000 // ms that a tab holds what it has rung for, so that no other rings for it too

const visible = () => document.visibilityState === 'visible'
const looked = ref(visible())
const within = (a: Alert) => visible() && !!a.url && location.pathname === new URL(a.url, location.origin).pathname
const missed = reactive(new Map<string, string>()) // what was heard while nobody looked: its tag and room

// What waits for an eye: calls, notices to be confirmed, and what was missed elsewhere.
export const waiting = computed(() => {
  let n = 0
  const counted = new Set<string>()
  for (const r of rows.values()) {
    const here = (r.called ? 1 : 0) + (r.pins?.length ? unread(r, 'notice') : 0)
    if (here) counted.add(r.id)
    n += here
  }
  for (const room of missed.values()) if (!counted.has(room)) n++
  return n
})

const tell = (a: Alert) => post(`/alerts/${a.receipt}/shown`).catch(() => {})

// Of all tabs that hear it one rings: one that somebody looks at, when there is such a one. Where tabs cannot know of each other
// (pages without https) each decides alone.
const seen = 'linli.seen'
let release: (() => void) | undefined
const holdSeen = () => {
  release?.()
  release = undefined
  if (!looked.value || !online.value || !navigator.locks) return
  const until = new Promise<void>((done) => {
    release = done
  })
  void navigator.locks.request(seen, { mode: 'shared' }, () => until)
}
const claim = async (a: Alert) => {
  const { locks } = navigator
  if (!locks) return true
  if (!visible() && (await locks.query()).held?.some((l) => l.name === seen)) return false
  return new Promise<boolean>((answer) => {
    void locks.request(`linli.alert/${a.receipt}`, { ifAvailable: true }, (lock) => {
      answer(!!lock)
      return lock ? new Promise((done) => setTimeout(done, memory)) : undefined
    })
  })
}

// An emergency sounds until somebody looks, here or in another tab.
let sounding = 0
const others = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('linli.alerts')
const hush = () => {
  clearInterval(sounding)
  sounding = 0
}
const insist = () => {
  hush()
  const end = Date.now() + patience
  sounding = window.setInterval(() => (Date.now() < end ? void chime(true) : hush()), between)
  return chime(true)
}
const look = () => {
  if (!visible()) return
  hush()
  others?.postMessage('hush')
}

// A notification of the system, by the worker: it says itself that it was shown.
const notify = async (a: Alert) => {
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return false
  const worker = (await navigator.serviceWorker?.getRegistration())?.active
  worker?.postMessage({ ring: { ...a, badge: waiting.value } })
  return !!worker
}

export const ring = async (a: Alert) => {
  if (!visible() && !a.test) missed.set(a.tag, a.room ?? '')
  if (!(await claim(a))) return
  if (within(a) && !(a.loud && covered.value)) {
    if (a.loud) void chime(true)
    return tell(a)
  }
  if (visible()) {
    heard.value = a
    void (a.loud ? insist() : chime())
    return tell(a)
  }
  const notified = await notify(a)
  const sounded = a.loud ? await insist() : !notified && (await chime())
  if (!notified && sounded) await tell(a)
}

// Begins to listen; go opens a page of ours that a notification named.
export const listen = (go: (to: string) => void) => {
  news.addEventListener('alert', (e) => void ring((e as CustomEvent<Alert>).detail))
  news.addEventListener('out', () => {
    hush()
    heard.value = undefined
    missed.clear()
    void forgetShared()
    if (subscribed()) void import('./push').then((p) => p.turnOff())
  })
  document.addEventListener('visibilitychange', () => {
    looked.value = visible()
    if (visible()) missed.clear()
    look()
  })
  for (const type of ['pointerdown', 'keydown']) addEventListener(type, () => sounding && look(), { passive: true })
  others?.addEventListener('message', hush)
  navigator.serviceWorker?.addEventListener('message', (e) => {
    if (typeof e.data?.go !== 'string') return
    look()
    go(e.data.go)
  })
  watch([looked, online], holdSeen, { immediate: true })
  watch(
    () => me.value?.device,
    (device) => {
      if (device && subscribed())
        void import('./push').then(async (p) => {
          if (await p.mend()) toast(t('pushLost'))
        })
    },
    { immediate: true },
  )
  watchEffect(() => {
    const n = waiting.value
    document.querySelector('link[rel=icon]')?.setAttribute('href', n ? '/icon-unread.svg' : '/icon.svg')
    void navigator.setAppBadge?.(n).catch(() => {})
  })
}

// Was push turned on in this browser? Only then is its part fetched.
const subscribed = () => {
  try {
    return !!localStorage.getItem('linli.push')
  } catch {
    return false
  }
}
