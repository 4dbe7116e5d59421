// What crosses the wire (docs/protocol.md), as the Go types say (gen.ts), and narrower where only this side looks inside: words, the
// states of kinds, tuples. Times are milliseconds since 1970.
import type * as gen from './gen'

export type {
  Charter,
  Choices,
  Count,
  Damage,
  Draft,
  Grant,
  Name,
  PocketBody,
  PocketNews,
  PreviewsBody,
  Quote,
  ReadTo,
  Standing,
  UploadBody,
} from './gen'
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
  set?: { seq: Seq; ch: Seq; state: State; words?: Words; sum?: string }[]
  mine?: Mine[]
}

export interface Command extends gen.Command {
  room: string
  with?: Record<string, unknown>
  words?: Record<string, unknown>
}

export type No = [string, string, Record<string, unknown>?]

export type Leave = gen.Leave & { reason?: Words }

export interface FromServer extends Partial<Delivery> {
  hello?: gen.Hello
  ok?: [string, Seq][]
  no?: No[]
  join?: gen.RoomHead
  leave?: Leave
  me?: Partial<gen.MyApplication> & { words?: Words; roles?: boolean }
  muted?: gen.Muted & { reason?: Words }
  queue?: gen.Queued
  hint?: gen.Hint & { person: string }
  read?: gen.ReadTo[]
  alert?: Alert
  own?: gen.PocketNews
  failed?: { room: string; code: string }
}

// Something that rings. Under one tag the later replaces the earlier.
export interface Alert {
  receipt: string // to say that it was shown
  topic: string
  room?: string
  seq?: Seq
  title: string
  text: string
  tag: string
  loud?: boolean // an emergency
  test?: boolean
  url?: string // where it leads, as that of a push does
}

// A way to reach somebody. What is said of it was measured: a page or a worker said that it had shown something.
export interface Channel {
  channel: 'page' | 'push' | 'robot' | 'sms' | 'door'
  state: 'works' | 'untried' | 'failing' | 'absent'
  worked?: number
  failed?: number
  why?: 'gone' | 'refused' | 'unreachable'
}

export interface PushRow {
  id: string
  device: string
  label: string
  created: number
  worked?: number
  failed?: number
  current: boolean
}

export interface AlertsBody {
  key: string // the server's, that browsers subscribe under
  topics: Record<string, boolean>
  channels: Channel[]
  pushes: PushRow[]
  verdict: 'rings' | 'unsure' | 'silent'
}

export interface ReachBody {
  members: number
  homes: number // doors with somebody behind
  reached?: number // of them: where somebody can be reached
  by: Record<'page' | 'push' | 'robot' | 'sms' | 'none', number> // each member once, by the best that worked in 30 days
  people: { person: string; name: string; label?: string; best: string; worked?: number }[]
}

export interface RoomRow extends gen.RoomRow {
  last?: Item
}

export interface StarRow extends gen.StarRow {
  item: Item | null
}

export interface FoundRow extends gen.FoundRow {
  item: Item
}

export interface TodoRow extends gen.TodoRow {
  item: Item
}

export interface CatchRow extends gen.CatchRow {
  item: Item
}

export interface CatchUp extends gen.CatchupBody {
  confirm: CatchRow[]
  mine: CatchRow[]
  home: CatchRow[]
}

export interface Policy extends gen.Policy {
  history: 'all' | 'since' | 'none'
}

export interface OfficeRules extends gen.RulesBody {
  policy: Policy
}

export interface RoomDetail extends gen.RoomBody {
  last?: Item
  policy?: Policy // for who answers for the room
  office?: Policy // and what the office says, which it may follow
}

export interface MyApplication extends gen.ApplicationMine {
  state: 'pending' | 'asked' | 'approved' | 'rejected' | 'withdrawn'
}

export type ApplicationRow = gen.ApplicationRow

export interface Me extends gen.MeBody {
  applications: MyApplication[]
}
