import type { Fault } from './types'

// A refusal of the server, to be worded by its code. `offline` is ours: nobody answered.
export class Refusal extends Error {
  constructor(public fault: Fault) {
    super(fault.code)
  }
}

export const offline: Fault = { code: 'offline', reason: 'no answer' }

let turning: Promise<boolean> | undefined

// One refresh at a time serves all who wait for it.
const refresh = () => {
  turning ??= fetch('/api/v1/session/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{}',
  })
    .then((r) => r.ok)
    .catch(() => false)
    .finally(() => {
      turning = undefined
    })
  return turning
}

export const signedOut = new EventTarget()

const call = async (method: string, path: string, body?: unknown, headers = {}): Promise<Response> => {
  const raw = body instanceof FormData || body instanceof Blob
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers: body === undefined || raw ? headers : { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
    })
  } catch {
    throw new Refusal(offline)
  }
}

// Asks the server; an access token past its time is replaced once, unseen.
export const send = async <T>(method: string, path: string, body?: unknown, headers = {}): Promise<T> => {
  let answer = await call(method, path, body, headers)
  if (answer.status === 401 && !path.startsWith('/session') && !path.startsWith('/setup')) {
    if (await refresh()) answer = await call(method, path, body, headers)
    else signedOut.dispatchEvent(new Event('out'))
  }
  const data = await answer.json().catch(() => undefined)
  if (!answer.ok)
    throw new Refusal((data as Fault)?.code ? (data as Fault) : { code: 'internal', reason: answer.statusText })
  return data as T
}

export const get = <T>(path: string) => send<T>('GET', path)
export const post = <T>(path: string, body: unknown = {}) => send<T>('POST', path, body)
export const put = <T>(path: string, body: unknown = {}) => send<T>('PUT', path, body)
export const remove = <T>(path: string) => send<T>('DELETE', path)
export const freshen = refresh
