import type { Fault } from './types'

// A refusal of the server, to be worded by its code. `offline` is ours: nobody answered.
export class Refusal extends Error {
  constructor(public fault: Fault) {
    super(fault.code)
  }
}

export const offline: Fault = { code: 'offline', reason: 'no answer' }

// What an answer without a fault of ours means, as when a proxy on the way gives it.
const bare: Record<number, string> = {
  401: 'sign-in',
  403: 'forbidden',
  404: 'not-found',
  410: 'revoked',
  413: 'too-large',
}
Object.assign(bare, { 429: 'too-many', 502: 'busy', 503: 'busy', 504: 'busy', 507: 'no-space' })

const faultOf = async (answer: Response): Promise<Fault> => {
  const said = (await answer.json().catch(() => undefined)) as Fault | undefined
  return said?.code ? said : { code: bare[answer.status] ?? 'internal', reason: answer.statusText }
}

// `out`, with the fault: the session has ended. Only the refresh itself can say so, by 401 or 410; a cut line, a proxy without its server, a disk without
// space end nothing.
export const signedOut = new EventTarget()

// The second step of signing in is due on this device, or has to be set up: it can do nothing else, and what was not sent waits for it. Its page
// is opened cold, so that everything is asked anew behind it.
const owed = () => {
  if (location.pathname === '/me/second') return
  const here = location.pathname === '/signin' ? '/' : location.pathname + location.search
  location.assign(`/me/second?to=${encodeURIComponent(here)}`)
}

let turning: Promise<Fault | undefined> | undefined

// Replaces the tokens; answers with why not. One at a time serves all who wait for it.
const refresh = () => {
  turning ??= fetch('/api/v1/session/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{}',
  })
    .then(
      async (answer) => {
        if (answer.ok) {
          if (((await answer.json().catch(() => ({}))) as { owes?: boolean }).owes) owed()
          return undefined
        }
        const fault = await faultOf(answer)
        if (answer.status !== 401 && answer.status !== 410) return fault
        document.cookie = 'linli_until=; path=/; max-age=0'
        signedOut.dispatchEvent(new CustomEvent('out', { detail: fault }))
        return { ...fault, code: 'sign-in' }
      },
      () => offline,
    )
    .finally(() => {
      turning = undefined
    })
  return turning
}

// When the access token of this browser ends (ms, by the server's clock), as its cookie says; 0 where nobody is signed in.
export const signedInUntil = () => Number(/(?:^|; )linli_until=(\d+)/.exec(document.cookie)?.[1] ?? 0)

// What was asked for before the program was here (scripts/early.js): each answer once, and only while the page begins and has changed
// nothing; undefined when it was not asked or did not come.
const beginning = 20_000 // ms: longer than that a phone on a slow line seldom takes to have the program
const page = window as unknown as { early?: Record<string, Promise<Response>> }
export const early = async <T>(path: string): Promise<T | undefined> => {
  const asked = page.early?.[path]
  delete page.early?.[path]
  if (!asked || performance.now() > beginning) return undefined
  const got = await asked.catch(() => undefined)
  return got?.ok ? ((await got.json().catch(() => undefined)) as T | undefined) : undefined
}

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
  if (method !== 'GET') page.early = undefined
  const before = await early<T>(path)
  if (before !== undefined) return before
  for (let fresh = false; ; fresh = true) {
    const answer = await call(method, path, body, headers)
    if (answer.ok) return (await answer.json().catch(() => undefined)) as T
    const fault = await faultOf(answer)
    if (fault.code === 'second-step' && !fault.with?.fresh && !fault.with?.mine) owed()
    if (fault.code !== 'sign-in' || fresh || path.startsWith('/session') || path.startsWith('/setup'))
      throw new Refusal(fault)
    const why = await refresh()
    if (why) throw new Refusal(why)
  }
}

export const get = <T>(path: string) => send<T>('GET', path)
export const post = <T>(path: string, body: unknown = {}) => send<T>('POST', path, body)
export const put = <T>(path: string, body: unknown = {}) => send<T>('PUT', path, body)
export const remove = <T>(path: string) => send<T>('DELETE', path)
// Replaces the tokens before something that the browser fetches by itself; true when that went well.
export const freshen = async () => !(await refresh())
