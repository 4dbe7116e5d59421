// Keeps the built page on the device, so that it opens without a network. Nothing of the office's is ever kept here: what goes to
// /api passes by. scripts/worker.mjs fills in the names.
const version = '__VERSION__'
const files = ['__FILES__']
const kept = `linli-${version}`

self.addEventListener('install', (e) => e.waitUntil(caches.open(kept).then((c) => c.addAll(files))))

self.addEventListener('activate', (e) =>
  e.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith('linli-') && name !== kept) await caches.delete(name)
      await self.clients.claim()
    })(),
  ),
)

// The person has seen that there is a new version and wants it.
self.addEventListener('message', (e) => {
  if (e.data === 'update') self.skipWaiting()
})

self.addEventListener('fetch', (e) => {
  const { request } = e
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== self.location.origin || /^\/(api\/|healthz|readyz|metrics)/.test(pathname))
    return
  const wanted = request.mode === 'navigate' ? '/' : request
  e.respondWith(caches.match(wanted, { cacheName: kept }).then((found) => found ?? fetch(request)))
})
