// What crosses the wire (docs/protocol.md). Times are milliseconds since 1970.
export type Seq = number

export interface Name {
  id: string
  rev: number
  name: string
  badge?: string
}

export type Words = Record<string, unknown> | null

export interface Flags {
  retracted?: boolean
  pinned?: boolean
  react?: Record<string, string[]>
}

// biome-ignore lint/suspicious/noExplicitAny: each kind reads its own state
export type State = Flags & Record<string, any>

export interface Item {
  seq: Seq
  ch: Seq
  kind: string
  by: string
  as?: string
  at: number
  id?: string
  re?: Seq
  o?: Record<string, number>
  words?: Words
  sum?: string
  state?: State
}

export interface Mine {
  seq: Seq
  ch: Seq
  // biome-ignore lint/suspicious/noExplicitAny: each kind reads its own part
  own: Record<string, any> | null
}

export interface Delivery {
  room: string
  seq: Seq
  reset?: boolean
  first?: boolean
  new?: Item[]
  set?: { seq: Seq; ch: Seq; state: State }[]
  people?: Name[]
  pins?: Seq[]
  gone?: string[]
  mine?: Mine[]
}

export interface Command {
  id: string
  room: string
  act: string
  re?: Seq
  with?: Record<string, unknown>
  words?: Record<string, unknown>
}

export type No = [string, string, Record<string, unknown>?]

export interface FromServer extends Partial<Delivery> {
  hello?: { person: string; device: string; now: number; n: number; rooms: { id: string; seq: Seq }[] | null }
  ok?: [string, Seq][]
  no?: No[]
  join?: { id: string; seq: Seq }
  leave?: { room: string; until?: number; reason?: Words }
  me?: { application?: string; room?: string; state?: string; place?: number; words?: Words; roles?: boolean }
  muted?: { room: string; until: number; reason?: Words }
  queue?: { room: string; application: string; state: string; pending: number }
  hint?: { room: string; person: string; typing: boolean }
  read?: [string, Seq][]
  failed?: { room: string; code: string }
}

export interface Fault {
  code: string
  reason: string
  with?: Record<string, unknown>
}

export interface Count {
  all: number
  covered: number
}

export interface RoomRow {
  id: string
  name: string
  community: string
  communityName: string
  seq: Seq
  lanes?: Record<string, number>
  read: { seq: Seq; lanes?: Record<string, number> }
  pins: Seq[]
  last?: Item
  lastName?: string
  member: boolean
  role: string
  premises?: string
  label?: string
  muted?: number
  homes: Count
  shops: Count
  members: number
  online: number
  owner?: string
  ownerName?: string
  pending?: number
  charterDue?: boolean // it was changed since this member agreed to it
}

export interface Policy {
  history: 'all' | 'since' | 'none'
  since?: number
  autoGreen: boolean
}

export interface RoomDetail extends RoomRow {
  charter: { version: number; text: string }
  agreed: boolean
  policy?: Policy // for who answers for the room
}

export interface Grant {
  role: string
  room?: string
  community?: string
}

export interface MyApplication {
  id: string
  room: string
  roomName: string
  state: 'pending' | 'asked' | 'approved' | 'rejected'
  place?: number
  text?: string
  at: number
  waited?: number
  owner?: string
  premises?: string
  relation: string
  category: string
  note?: string
  door?: string
  link?: string
  charter: number
}

export interface Me {
  person: string
  device: string
  name: string
  title?: string
  phone: string
  office: { name: string }
  grants: Grant[]
  applications: MyApplication[]
  rooms: number
  features: { demo: boolean }
}
