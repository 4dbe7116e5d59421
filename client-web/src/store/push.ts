import { apple, standalone, wechat } from '@/ui/install'
import { get, post, remove } from '@/wire/http'
import type { AlertsBody } from '@/wire/types'
import { me } from './live'

// Push on this device: what stands in its way, turning it on and off, and mending it when the browser has changed it by itself.

// Why there can be no push here; '' when there can. Each has a guide of its own.
export type Obstacle = '' | 'wechat' | 'insecure' | 'home' | 'worker' | 'unsupported' | 'denied'

const key = 'linli.push' // `<device> <endpoint>` of what the server was told
const patience = 20_000 // ms; where a push service cannot be reached, browsers wait for minutes

const kept = () => localStorage.getItem(key) ?? ''
const keep = (s?: PushSubscription) => {
  if (s) localStorage.setItem(key, `${me.value?.device} ${s.endpoint}`)
  else localStorage.removeItem(key)
}
// The worker's registration; undefined where a browser has no worker for this page, or no push.
const registration = async () => {
  const found = await navigator.serviceWorker?.getRegistration().catch(() => undefined)
  return found?.pushManager && navigator.serviceWorker.ready
}

export const obstacle = async (): Promise<Obstacle> => {
  if (wechat) return 'wechat'
  if (!isSecureContext) return 'insecure'
  if (apple && !standalone()) return 'home'
  if (!('PushManager' in window) || !('Notification' in window)) return 'unsupported'
  if (!(await registration())) return 'worker'
  return Notification.permission === 'denied' ? 'denied' : ''
}

// The endpoint that this browser is subscribed under.
export const current = async () => (await (await registration())?.pushManager.getSubscription())?.endpoint

const late = (ms: number) => new Promise<never>((_, fail) => setTimeout(() => fail(new Error('late')), ms))

// Always anew: one that is there already may be dead, or under a key that the server no longer has.
const subscribe = async (applicationServerKey: string) => {
  const { pushManager } = (await registration())!
  await (await pushManager.getSubscription())?.unsubscribe()
  return Promise.race([pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }), late(patience)])
}

const tell = async (s: PushSubscription) => {
  const { endpoint, keys } = s.toJSON()
  const { id } = await post<{ id: string }>('/me/pushes', { endpoint, p256dh: keys?.p256dh, auth: keys?.auth })
  keep(s)
  return id
}

// Asks for permission, which a browser allows only in answer to a tap, and subscribes under the server's key. `closed`: the question was
// put away; `unreachable`: the browser cannot get through to its push service, as most Android phones in mainland China. Throws a
// Refusal of the server.
export const turnOn = async (serverKey: string): Promise<'on' | 'denied' | 'closed' | 'unreachable'> => {
  const permission = await Notification.requestPermission()
  if (permission !== 'granted') return permission === 'denied' ? 'denied' : 'closed'
  const s = await subscribe(serverKey).catch(() => undefined)
  if (!s) return 'unreachable'
  await tell(s)
  return 'on'
}

export const turnOff = async () => {
  keep()
  await (await (await registration())?.pushManager.getSubscription())?.unsubscribe()
}

// Somebody turned it on here: what the browser has changed since, while the page was closed, the server is told. A subscription that the browser has
// dropped is made anew where that may be, else the server forgets it; true when it will not ring here any more. Who signs in on a phone
// where another had it on has not asked for it.
export const mend = async (): Promise<boolean> => {
  const [device, endpoint] = kept().split(' ')
  if (device !== me.value?.device) {
    await turnOff()
    return false
  }
  const at = await registration()
  if (!at) return false // no worker yet: the next start sees
  const s = await at.pushManager.getSubscription()
  if (s?.endpoint === endpoint) return false
  try {
    const { key: serverKey, pushes } = await get<AlertsBody>('/me/alerts')
    const old = pushes.filter((p) => p.current).map((p) => p.id)
    const fresh =
      s ?? (Notification.permission === 'granted' ? await subscribe(serverKey).catch(() => undefined) : undefined)
    const now = fresh && (await tell(fresh))
    for (const id of old) if (id !== now) await remove(`/me/pushes/${id}`)
    if (!fresh) keep()
    return !fresh
  } catch {
    return false // nobody answers: the next start tells
  }
}
