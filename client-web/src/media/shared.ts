// What another app shared with this one: the worker (worker/sw.js) keeps it here until it was posted.
export interface Shared {
  text: string
  files: File[]
}

const box = 'shared'

// What lies there; undefined when nothing does, or this browser keeps nothing.
export const shared = async (): Promise<Shared | undefined> => {
  try {
    const held = await caches.open(box)
    const text = (await (await held.match('/share/words'))?.text()) ?? ''
    const files: File[] = []
    for (const request of await held.keys()) {
      if (!new URL(request.url).pathname.startsWith('/share/files/')) continue
      const answer = (await held.match(request))!
      const blob = await answer.blob()
      const type = answer.headers.get('Content-Type') ?? blob.type
      files.push(new File([blob], decodeURIComponent(answer.headers.get('X-Name') ?? ''), { type }))
    }
    return text || files.length ? { text, files } : undefined
  } catch {
    return undefined
  }
}

export const forgetShared = () => globalThis.caches?.delete(box).catch(() => false)
