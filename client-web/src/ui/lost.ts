import { get } from '@/wire/http'
import { t } from '@/words'
import { toast } from './toast'

// A part of the program could not be fetched when it was wanted: after an update it has another name. The page is opened anew where it was wanted, at most
// once in ten seconds, and never when there is no server to open it from. Else it says so: no tap stays without an answer.

const key = 'linli.lost'
const pause = 10_000 // ms

let wanted = ''
let seeing = false

// The page that somebody wanted to see, when that is another than the one that is open.
export const want = (to: string) => {
  wanted = to
}

const here = () => location.pathname + location.search

// How a page is opened anew; tests put their own in its place.
export const anew = { open: (to: string) => (to === here() ? location.reload() : location.assign(to)) }

// May it be opened anew? Once in a while, and only where that can be remembered: else it might go round for ever.
const mayReload = () => {
  try {
    if (Date.now() - Number(sessionStorage.getItem(key) ?? 0) < pause) return false
    sessionStorage.setItem(key, String(Date.now()))
    return true
  } catch {
    return false
  }
}

export const lost = async () => {
  if (seeing) return
  seeing = true
  const answers =
    navigator.onLine !== false &&
    (await get<{ needed: boolean }>('/setup').then(
      (s) => typeof s?.needed === 'boolean',
      () => false,
    ))
  if (!answers) toast(t('f_offline'))
  else if (mayReload()) anew.open(wanted || here())
  else toast(t('partLost'))
  wanted = ''
  seeing = false
}

// Said by the program of everything that it fetches on the way, before whoever wanted it is told.
addEventListener('vite:preloadError', () => void lost())
