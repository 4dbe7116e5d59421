// What people do without a page: to bring a town about quickly. Only the public protocol.
export class Api {
  constructor(
    readonly url: string,
    public access = '',
  ) {}

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(this.access ? { Authorization: `Bearer ${this.access}` } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const data = await answer.json().catch(() => undefined)
    const wait = data?.code === 'too-many' ? data.with?.retry : undefined
    if (wait <= 5) {
      await new Promise((done) => setTimeout(done, wait * 1000))
      return this.ask(method, path, body) // asked too fast, as the server sees it
    }
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(data)}`)
    return data as T
  }
  get = <T>(path: string) => this.ask<T>('GET', path)
  post = <T>(path: string, body: unknown = {}) => this.ask<T>('POST', path, body)

  async signIn(phone: string, password: string) {
    const s = await this.post<{ access: string; device: string }>('/session', { phone, password, tokens: true })
    this.access = s.access
    return s
  }
  private n = 0
  // Does something in a room; the answer is the seq of its entry.
  async act(room: string, act: string, more: Record<string, unknown> = {}) {
    const me = await this.get<{ device: string }>('/me')
    const id = `${me.device}.${++this.n}`
    const out = await this.post<{ ok: [string, number][] | null; no: [string, string, unknown][] | null }>(
      `/rooms/${room}/commands`,
      { do: [{ id, room, act, ...more }] },
    )
    if (out.no?.length) throw new Error(JSON.stringify(out.no))
    return out.ok![0]![1]
  }
}
