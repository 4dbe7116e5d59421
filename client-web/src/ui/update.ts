import { ref } from 'vue'

// A newer page that waits until the person wants it. The old one goes on meanwhile, with all of its own files.
export const newer = ref<ServiceWorker>()

// Keeps the page on this device. Where the browser does not allow it (WeChat's, private windows) all else works the same.
export const keepPage = async () => {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  try {
    const registration = await navigator.serviceWorker.register('/sw.js')
    const look = (worker: ServiceWorker | null) => {
      // The very first one replaces nothing.
      if (worker?.state === 'installed' && navigator.serviceWorker.controller) newer.value = worker
    }
    look(registration.waiting)
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing
      worker?.addEventListener('statechange', () => look(worker))
    })
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') registration.update().catch(() => {})
    })
  } catch {
    // as without
  }
}

export const update = () => {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
  newer.value?.postMessage('update')
}
