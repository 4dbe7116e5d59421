import { me } from '@/store/live'

// Addresses in what somebody wrote. The server finds them in the same way (internal/preview).

// An address ends before what closes a sentence, and before anything that is not of an address (Chinese goes on without a space).
export const address = /https?:\/\/[\w.~:/?#[\]@!$&'()*+,;=%-]*[\w/=&#%~-]/g

const parsed = (link: string) => {
  try {
    return new URL(link)
  } catch {
    return undefined
  }
}

export const hostOf = (link: string) => parsed(link)?.hostname ?? ''

const name =
  /((?:[\w-]+\.)+(?:cn|com|net|org|gov|edu|info|top|vip|cc|io|app|xyz|site|shop))[\s\])】）」』>》:：,，→=-]{0,4}[[(（]?$/i

const same = (a: string, b: string) => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`)

// The host that a reader takes a link for when it leads to another one: the name in front of an @, or the one that stands right before the
// link like a label. Empty when there is no such thing.
export const posesAs = (link: string, before: string): string => {
  const u = parsed(link)
  if (!u) return ''
  const label = u.username || name.exec(before.slice(-80))?.[1]?.toLowerCase() || ''
  return label && (u.username || !same(label, u.hostname)) ? label : ''
}

// Does a text have a link that the server may ask about?
export const previewable = (text: string) => {
  const hosts = me.value?.features?.previews ?? []
  if (!hosts.length) return false
  return [...text.matchAll(address)].some(([link]) => {
    const host = hostOf(link)
    return link.startsWith('https:') && hosts.some((h) => host === h || (h.startsWith('.') && host.endsWith(h)))
  })
}
