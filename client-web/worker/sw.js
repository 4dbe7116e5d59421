// Keeps the built page on the device, so that it opens without a network, rings while no page is open, and takes what another app
// shares. Nothing of the office's is ever kept here: what goes to /api passes by. scripts/worker.mjs fills in the names.
const version = '__VERSION__'
const files = ['__FILES__']
const kept = `linli-${version}`
const shared = 'shared' // one thing that was shared, until a page has posted it (src/media/shared.ts)

self.addEventListener('install', (e) => e.waitUntil(caches.open(kept).then((c) => c.addAll(files))))

self.addEventListener('activate', (e) =>
  e.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith('linli-') && name !== kept) await caches.delete(name)
      await self.clients.claim()
    })(),
  ),
)

// `update`: the person has seen that there is a new version and wants it. `ring`: a page that nobody looks at was told something.
self.addEventListener('message', (e) => {
  if (e.data === 'update') self.skipWaiting()
  if (e.data?.ring) e.waitUntil(ring(e.data.ring))
})

self.addEventListener('fetch', (e) => {
  const { request } = e
  const { origin, pathname } = new URL(request.url)
  if (origin !== self.location.origin) return
  if (request.method === 'POST' && pathname === '/share') return e.respondWith(take(request))
  if (request.method !== 'GET' || /^\/(api\/|healthz|readyz|metrics)/.test(pathname)) return
  const wanted = request.mode === 'navigate' ? '/' : request
  e.respondWith(caches.match(wanted, { cacheName: kept }).then((found) => found ?? fetch(request)))
})

// Every push shows something: a browser takes the right away from who stays silent, and a push that cannot be read may be the one that
// counts.
self.addEventListener('push', (e) => {
  let alert = {}
  try {
    alert = e.data.json()
  } catch {
    // shown as it is
  }
  e.waitUntil(ring(alert))
})

const tell = (path, body = {}) =>
  fetch(`/api/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })

// Shows an alert, and says that it was shown. What replaces one about the same item, that page and push both brought, makes no second
// sound.
const ring = async (alert) => {
  const { title = '邻里', text = '有新消息', tag = '', loud = false, url = '/rooms', badge, receipt, room, seq } = alert
  const before = tag ? await self.registration.getNotifications({ tag }) : []
  const again = !!seq && before.some((n) => n.data?.room === room && n.data?.seq === seq)
  await self.registration.showNotification(title, {
    body: text,
    lang: 'zh-CN',
    icon: '/icon-192.png',
    badge: '/icon-badge.png',
    data: { url, room, seq },
    requireInteraction: loud,
    ...(loud || !again ? { vibrate: loud ? [600, 200, 600, 200, 600] : [200] } : {}),
    ...(tag && { tag, renotify: loud || !again }),
  })
  if (badge !== undefined) await self.navigator.setAppBadge?.(badge).catch(() => {})
  if (receipt) await tell(`/alerts/${receipt}/shown`).catch(() => {})
}

// A page that is open goes there itself: what is being written in it stays.
self.addEventListener('notificationclick', (e) => {
  e.notification.close()
  e.waitUntil(
    (async () => {
      const { pathname, search } = new URL(e.notification.data?.url ?? '/rooms', self.location.origin)
      const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
      const page = pages.find((p) => p.focused) ?? pages.find((p) => p.visibilityState === 'visible') ?? pages[0]
      if (!page) return self.clients.openWindow(pathname + search)
      page.postMessage({ go: pathname + search })
      await page.focus()
    })(),
  )
})

// The push service has ended a subscription. Who is signed in here gets a new one; a page that is opened later sees to the rest
// (src/store/push.ts).
self.addEventListener('pushsubscriptionchange', (e) =>
  e.waitUntil(
    (async () => {
      const { applicationServerKey } = (e.oldSubscription ?? e.newSubscription)?.options ?? {}
      if (!applicationServerKey) return
      const subscribe = () => self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })
      const { endpoint, keys } = (e.newSubscription ?? (await subscribe())).toJSON()
      const body = { endpoint, p256dh: keys.p256dh, auth: keys.auth }
      const answer = await tell('/me/pushes', body)
      if (answer.status === 401 && (await tell('/session/refresh')).ok) await tell('/me/pushes', body)
    })(),
  ),
)

// What another app shares lies here until the page has asked which room it is for. The last one counts.
const take = async (request) => {
  await caches.delete(shared)
  try {
    const form = await request.formData()
    const box = await caches.open(shared)
    const said = ['title', 'text', 'url'].map((k) => String(form.get(k) ?? '').trim()).filter(Boolean)
    // Many an app puts the address into the text as well.
    const words = said.filter((s, i) => !said.some((other, j) => (other === s ? j < i : other.includes(s))))
    await box.put('/share/words', new Response(words.join('\n')))
    for (const [i, file] of form.getAll('files').entries())
      await box.put(
        `/share/files/${i}`,
        new Response(file, { headers: { 'Content-Type': file.type, 'X-Name': encodeURIComponent(file.name) } }),
      )
    return Response.redirect('/share', 303)
  } catch {
    await caches.delete(shared)
    return Response.redirect('/share?lost', 303) // no room for it on this device, most likely
  }
}
