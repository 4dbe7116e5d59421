// What crosses the wire (docs/protocol.md), as the Go types say (gen.ts), and narrower where only this side looks inside: words, the
// states of kinds, tuples. Times are milliseconds since 1970.
import type * as gen from './gen'

export type { Charter, Count, Grant, Name, PreviewsBody, UploadBody } from './gen'
export type Seq = number
export type Fault = gen.Answer

export type Words = Record<string, unknown> | null

// biome-ignore lint/suspicious/noExplicitAny: each kind reads its own state
export type State = gen.Flags & Record<string, any>

export interface Item extends gen.Item {
  words?: Words
  state?: State
}

export interface Mine extends gen.Mine {
  // biome-ignore lint/suspicious/noExplicitAny: each kind reads its own part
  own: Record<string, any> | null
}

export interface Delivery extends gen.Delivery {
  new?: Item[]
  set?: { seq: Seq; ch: Seq; state: State; words?: Words }[]
  mine?: Mine[]
}

export interface Command extends gen.Command {
  room: string
  with?: Record<string, unknown>
  words?: Record<string, unknown>
}

export type No = [string, string, Record<string, unknown>?]

export interface FromServer extends Partial<Delivery> {
  hello?: gen.Hello
  ok?: [string, Seq][]
  no?: No[]
  join?: gen.RoomHead
  leave?: gen.Leave & { reason?: Words }
  me?: Partial<gen.MyApplication> & { words?: Words; roles?: boolean }
  muted?: gen.Muted & { reason?: Words }
  queue?: gen.Queued
  hint?: gen.Hint & { person: string }
  read?: gen.ReadTo[]
  failed?: { room: string; code: string }
}

export interface RoomRow extends gen.RoomRow {
  last?: Item
}

export interface FoundRow extends gen.FoundRow {
  item: Item
}

export interface Policy extends gen.Policy {
  history: 'all' | 'since' | 'none'
}

export interface RoomDetail extends gen.RoomBody {
  last?: Item
  policy?: Policy // for who answers for the room
}

export interface MyApplication extends gen.ApplicationMine {
  state: 'pending' | 'asked' | 'approved' | 'rejected'
}

export interface Me extends gen.MeBody {
  applications: MyApplication[]
}
