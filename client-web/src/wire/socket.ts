import { now } from './clock'
import { freshen, signedInUntil } from './http'
import type { FromServer } from './types'

// What the server takes in one message: bytes, and how many of each list (docs/protocol.md, The socket). What is more ends the connection.
const mostBytes = 64 << 10
const mostOf: Record<string, number> = { do: 32, resume: 256, read: 256 }
const encoder = new TextEncoder()
const sizeOf = (part: unknown) => encoder.encode(JSON.stringify(part)).length

// Does a command fit into a message at all?
export const fits = (command: unknown) => sizeOf({ do: [command] }) <= mostBytes

// A message as it goes out: in several, in order, where a list is too long for one. What fits into none is left out.
export const packed = (message: object): string[] =>
  Object.entries(message).flatMap(([key, value]) => {
    if (!Array.isArray(value)) return [JSON.stringify({ [key]: value })]
    const around = sizeOf({ [key]: [] })
    const parts: unknown[][] = []
    let size = mostBytes
    for (const one of value) {
      const more = sizeOf(one) + 1 // and a comma
      if (around + more > mostBytes) continue
      if (size + more > mostBytes || parts.at(-1)!.length >= (mostOf[key] ?? 32)) {
        parts.push([])
        size = around
      }
      parts.at(-1)!.push(one)
      size += more
    }
    return parts.map((part) => JSON.stringify({ [key]: part }))
  })

// The one connection for all rooms. It comes back by itself, later and later, and at once when the page or the network does.
export class Socket {
  private ws?: WebSocket
  private tries = 0
  private timer = 0
  private heard = 0
  private wanted = false

  constructor(
    private hear: (message: FromServer) => void,
    private change: (open: boolean, code?: number) => void,
  ) {
    const now = () => this.wanted && this.hurry()
    addEventListener('online', now)
    addEventListener('pageshow', now)
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && now())
    addEventListener('offline', () => this.drop())
    setInterval(() => {
      if (this.ws?.readyState === WebSocket.OPEN && Date.now() - this.heard > 75_000) this.drop()
    }, 15_000)
  }

  start() {
    this.wanted = true
    this.connect()
  }

  stop() {
    this.wanted = false
    clearTimeout(this.timer)
    this.drop()
  }

  get open() {
    return this.ws?.readyState === WebSocket.OPEN
  }

  send(message: object) {
    if (this.open) for (const part of packed(message)) this.ws!.send(part)
  }

  private hurry() {
    if (this.ws && this.ws.readyState <= WebSocket.OPEN) return
    clearTimeout(this.timer)
    this.tries = 0
    this.connect()
  }

  private drop() {
    const ws = this.ws
    this.ws = undefined
    if (!ws) return
    ws.onclose = ws.onmessage = ws.onopen = null
    ws.close()
    this.change(false)
    this.later()
  }

  private later() {
    if (!this.wanted) return
    clearTimeout(this.timer)
    // Twice as long each time, up to half a minute, and nobody at the same moment as everybody else.
    const most = Math.min(30_000, 500 * 2 ** this.tries++)
    this.timer = window.setTimeout(() => this.connect(), most / 2 + Math.random() * (most / 2))
  }

  private get needed() {
    return this.wanted && !(this.ws && this.ws.readyState <= WebSocket.OPEN)
  }

  private async connect() {
    // A phone that slept has an access token past its time, which opens nothing.
    if (this.needed && signedInUntil() < now()) await freshen()
    if (!this.needed) return
    const ws = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/socket`)
    this.ws = ws
    let opened = false
    ws.onopen = () => {
      opened = true
      this.heard = Date.now()
    }
    ws.onmessage = (e) => {
      this.heard = Date.now()
      const message = JSON.parse(e.data as string) as FromServer
      if (message.hello) {
        this.tries = 0
        this.change(true)
      }
      this.hear(message)
    }
    ws.onclose = async (e) => {
      if (this.ws !== ws) return
      this.ws = undefined
      this.change(false, e.code)
      // Signed out, or refused at the door, most likely by an access token past its time: the refresh knows which.
      if (e.code === 4001 || (!opened && this.tries % 3 === 0)) await freshen()
      this.later()
    }
  }
}
