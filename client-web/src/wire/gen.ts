// Written by `make types` from the Go types; do not edit.

export interface AcceptInputBody {
  room: string
  version: number
}

export interface AlarmBody {
  contact: boolean
  item: unknown
  people: Name[]
  roomName: string
}

export interface Alert {
  badge?: number
  loud?: boolean
  receipt: string
  room?: string
  seq?: number
  tag: string
  test?: boolean
  text: string
  title: string
  topic: string
  url?: string
}

export interface AlertsBody {
  channels: Way[]
  key: string
  pushes: PushRow[]
  topics: Record<string, boolean>
  verdict: string
}

export interface Answer {
  code: string
  reason: string
  with?: Record<string, unknown>
}

export interface ApplicationMine {
  about?: string
  at: number
  category: string
  charter: number
  door?: string
  for?: string
  id: string
  label?: string
  link?: string
  name?: string
  note?: string
  owner?: string
  place?: number
  premises?: string
  relation: string
  room: string
  roomName: string
  state: string
  telephone?: Telephone
  text?: string
  title?: string
  version: number
  waited?: number
}

export interface ApplicationRow {
  adds?: string
  asked?: string
  at: number
  badge?: string
  category: string
  door?: string
  for?: string
  id: string
  inside: number
  known?: string
  label?: string
  lacks?: boolean
  light: string
  member?: string
  name: string
  near?: DoorOfOne[]
  note?: string
  phone: string
  premises?: string
  relation: string
  room: string
  roomName: string
  roster?: RosterSays
  slip?: boolean
  state: string
  taken?: string
  text?: string
  title?: string
  twice?: boolean
  version: number
}

export interface ApplicationsBody {
  applications: ApplicationRow[]
  waited: number
}

export interface AppointInputBody {
  community?: string
  name?: string
  phone?: string
  role: string
  room?: string
  self?: boolean
}

export interface AppointedBody {
  id: string
  name?: string
  offered: boolean
}

export interface ApproveManyInputBody {
  these: Seen[]
}

export interface ApprovedBody {
  approved: number
  faults: Record<string, Fault>
}

export interface AskDueInputBody {
  token?: string
}

export interface AuditBody {
  before?: number
  lines: AuditLine[]
  months: string[]
}

export interface AuditLine {
  at: number
  by?: string
  kind: string
  n: number
  name?: string
  of?: string
  source?: string
  subject?: string
  what: string
}

export interface BadgeInputBody {
  badge: string
}

export interface BindInputBody {
  premises: string
  relation?: string
}

export interface BuildingChoice {
  entrances: EntranceChoice[]
  name: string
}

export interface ByHandBody {
  houses: ByHandHouse[]
}

export interface ByHandDoor {
  label: string
  lives?: boolean
  premises: string
}

export interface ByHandHouse {
  building?: string
  compound: string
  doors: ByHandDoor[]
}

export interface BySlip {
  door: string
  kind: string
  premises: string
  until: number
}

export interface Calls {
  left: number
  of: number
}

export interface Card {
  description?: string
  host: string
  title: string
  url: string
}

export interface CatchRow {
  item: unknown
  name: string
  room: string
  roomName: string
  seq: number
  why: string
}

export interface CatchupBody {
  confirm: CatchRow[]
  home: CatchRow[]
  mine: CatchRow[]
  read: ReadTo[]
  rest: RestRow[]
}

export interface Charter {
  text: string
  version: number
}

export interface CharterInputBody {
  room?: string
  text: string
}

export interface Choices {
  muted: Record<string, string[]>
  quiet: Hours
  topics: Record<string, boolean>
}

export interface CodeBody {
  code: string
  expires: number
}

export interface CodeInputBody {
  code: string
  label?: string
  password: string
  phone: string
  tokens?: boolean
}

export interface CodeMine {
  byName: string
  until: number
}

export interface Command {
  act: string
  id: string
  re?: number
  room?: string
  with?: unknown
  words?: unknown
}

export interface CommandAnswers {
  no?: unknown[]
  ok?: unknown[]
}

export interface CommandsInputBody {
  do: Command[]
}

export interface CommunityInputBody {
  name: string
}

export interface ConfirmedRow {
  at: number
  building?: string
  by: string
  door?: string
  entrance?: string
  kind: string
  label: string
  note?: unknown
  premises: string
  visit?: boolean
}

export interface ContactBody {
  door: string
  name: string
  phone: string
}

export interface CopyCounts {
  apart: number
  files: number
  frames: number
  gone: number
  items: number
  logs: number
}

export interface CopyEnded {
  at: number
  error?: string
  why?: string
}

export interface CopyMade {
  apart: number
  at: number
  bytes: number
  damaged?: number
  files: number
  frames: number
  gone: number
  items: number
  logs: number
  name: string
  new: number
  took: number
  whole: boolean
}

export interface CopyPlace {
  copies: CopyMade[]
  known: boolean
  last?: CopyEnded
  swept?: number
  target: string
  verified?: CopyVerdict
}

export interface CopyReport {
  days: number
  every: number
  months: number
  next: number
  places: CopyPlace[]
  work?: CopyWork
}

export interface CopyVerdict {
  at: number
  copy: string
  is: CopyCounts
  took: number
  was: CopyCounts
  wrong: string[]
}

export interface CopyWork {
  done: number
  of: number
  since: number
  target: string
  what: string
}

export interface Count {
  all: number
  covered: number
}

export interface Counts {
  added: number
  changed: number
  communities: number
  duplicates: number
  households: number
  removed: number
  rooms: number
  shops: number
  staff: number
  unchanged: number
}

export interface Damage {
  file?: string
  frame?: number
  log: string
}

export interface DaysBody {
  days: number[]
}

export interface DecisionRow {
  application: string
  as?: string
  at: number
  by: string
  byName: string
  label?: string
  light?: string
  name?: string
  room: string
  roomName: string
  text?: string
  verb: string
}

export interface DecisionsBody {
  decisions: DecisionRow[]
}

export interface Delivery {
  after?: number
  current?: Record<string, number>
  first?: boolean
  from?: number
  gone?: string[]
  mine?: Mine[]
  new?: Item[]
  people?: Name[]
  pins?: number[]
  quotes?: Quote[]
  reset?: boolean
  room: string
  rules?: Rules
  seq: number
  set?: Set[]
}

export interface DeviceRow {
  created: number
  current: boolean
  id: string
  label: string
  online: boolean
  seen: number
  step?: string
}

export interface DevicesBody {
  devices: DeviceRow[]
}

export interface Difference {
  how: string
  name: string
  what: string
}

export interface DigitsBody {
  secret: string
  side: number
  square: string
}

export interface DigitsInputBody {
  digits: string
}

export interface DoneBody {
  done: boolean
}

export interface DoorChoice {
  door: string
  premises: string
}

export interface DoorOfOne {
  label: string
  premises: string
}

export interface DoorRow {
  building: string
  community: string
  compound: string
  covered: boolean
  door: string
  entrance: string
  kind: string
  label: string
  members: number
  premises: string
  room: string
}

export interface DoorsBody {
  doors: DoorRow[]
  total: number
}

export interface DoorsChoice {
  buildings: BuildingChoice[]
  shops: ShopChoice[]
}

export interface DoorsWanted {
  community?: string
  find?: string
  kind?: string
  limit?: number
  offset?: number
  room?: string
  uncovered?: boolean
}

export interface Draft {
  at: number
  room: string
  text: string
}

export interface DraftInputBody {
  text: string
}

export interface DueBody {
  token?: string
  until: number
}

export interface EntranceChoice {
  doors: DoorChoice[]
  name: string
}

export interface Fault {
  code: string
  reason: string
  with?: Record<string, unknown>
}

export interface Features {
  demo: boolean
  keepFiles: number
  keepMedia: number
  previews: string[]
  speech: boolean
}

export interface File {
  h?: number
  hash: string
  size: number
  type: string
  w?: number
}

export interface Flags {
  edited?: number
  pinned?: boolean
  react?: Record<string, string[]>
  retracted?: boolean
}

export interface Form {
  category?: string
  charter?: number
  door?: string
  label?: string
  name?: string
  note?: string
  password?: string
  phone?: string
  premises?: string
  relation: string
  title?: string
  tokens?: boolean
}

export interface FoundBody {
  counts: Record<string, number>
  hits: FoundRow[]
  more: boolean
  without?: Record<string, number>
}

export interface FoundRow {
  at: number
  item: unknown
  name: string
  room: string
  roomName: string
  seq: number
}

export interface FromClient {
  do?: Command[]
  hint?: Hint
  read?: ReadTo[]
  resume?: Resume[]
}

export interface Grant {
  community?: string
  role: string
  room?: string
}

export interface Heading {
  columns: string[]
  file: string
  kind: string
  left: string[]
  names: string[]
  place: Place
  row: number
  sheet: string
  unsure: boolean
}

export interface Hello {
  device: string
  life?: string
  n: number
  now: number
  person: string
  rooms: RoomHead[]
}

export interface Hint {
  person?: string
  room: string
  typing: boolean
}

export interface Hit {
  at: number
  room: string
  seq: number
}

export interface HomesReached {
  homes: number
  reached: number
}

export interface Hours {
  from: number
  to: number
}

export interface IdBody {
  id: string
}

export interface Item {
  as?: string
  at: number
  by: string
  ch: number
  id?: string
  kind: string
  o?: Record<string, number>
  re?: number
  seq: number
  state?: unknown
  sum?: string
  words?: unknown
}

export interface JoinBody {
  charter: Charter
  community: string
  households: number
  name: string
  owner: string
  privacy: string
  room: string
  slip?: BySlip
  waited: number
}

export interface Leave {
  reason?: unknown
  room: string
  self?: boolean
  until?: number
}

export interface LevelCommunity {
  homes: Count
  id: string
  members: number
  name: string
  pending: number
  rooms: LevelRoom[]
  shops: Count
  waiting: number
}

export interface LevelOffice {
  homes: Count
  listed: number
  members: number
  name: string
  pending: number
  rooms: number
  shops: Count
  waiting: number
  whole: boolean
}

export interface LevelRoom {
  homes: Count
  id: string
  members: number
  name: string
  online: number
  owner: string
  pending: number
  posters: number
  shops: Count
  waiting: number
}

export interface LevelsBody {
  communities: LevelCommunity[]
  office: LevelOffice
}

export interface Limit {
  claims: number
  contacts: number
}

export interface LimitChange {
  claims?: number
  contacts?: number
}

export interface Limits {
  residents: Limit
  volunteers: Limit
}

export interface LimitsInputBody {
  residents?: LimitChange
  volunteers?: LimitChange
}

export interface LinkRow {
  created: number
  link: string
  revoked?: number
  scans: number
  url: string
}

export interface LinksBody {
  links: LinkRow[]
}

export interface LookRow {
  as?: string
  at: number
  badge?: string
  by: string
  byName: string
  reason: string
  room?: string
  roomName?: string
}

export interface LooksBody {
  looks: LookRow[]
}

export interface Mark {
  lanes?: Record<string, number>
  seq: number
}

export interface MeBody {
  applications: ApplicationMine[]
  code?: CodeMine
  device: string
  features: Features
  grants: Grant[]
  name: string
  offers: OfferMine[]
  office: OfficeName
  person: string
  phone: string
  rooms: number
  step?: StepMine
  stepBy?: number
  title?: string
}

export interface MemberRow {
  badge?: string
  display: string
  doors: DoorOfOne[]
  joined: number
  muted?: number
  name: string
  online: boolean
  person: string
  phone: string
  role?: string
  title?: string
}

export interface MembersBody {
  members: MemberRow[]
  total: number
}

export interface MembersInputBody {
  find?: string
  limit?: number
  offset?: number
}

export interface Mine {
  ch: number
  own: unknown
  seq: number
}

export interface MineBody {
  applications: ApplicationMine[]
}

export interface MissingRow {
  building?: string
  door?: string
  entrance?: string
  kind: string
  label: string
  members: number
  names: string[]
  premises: string
  reached: string
  seen: boolean
}

export interface Muted {
  reason?: unknown
  room: string
  until: number
}

export interface MyApplication {
  application: string
  place?: number
  room: string
  state: string
  words?: unknown
}

export interface Name {
  badge?: string
  id: string
  name: string
  rev: number
}

export interface NameInputBody {
  name: string
  title?: string
}

export interface Near {
  claims: number
  contacts: number
  name: string
  of: Limit
  person: string
}

export interface OfferMine {
  at: string
  byName: string
  community?: string
  role: string
  room?: string
}

export interface OfferedRow {
  name: string
  person: string
  post: Grant
}

export interface OfficeName {
  name: string
}

export interface OpenRoomInputBody {
  building?: string
  community: string
  compound?: string
  name: string
}

export interface OwnRules {
  name: string
  room: string
  text: string
}

export interface PaperBody {
  codes: string[]
}

export interface PassInputBody {
  digits?: string
  label?: string
  paper?: string
  passkey?: unknown
  token?: string
  tokens?: boolean
  trust?: boolean
}

export interface PasskeyInputBody {
  passkey: unknown
}

export interface PasskeyRow {
  at: number
  here: boolean
  id: string
  name: string
  used?: number
}

export interface PasswordInputBody {
  new: string
  old: string
}

export interface PeopleBody {
  people: SpelledName[]
}

export interface Place {
  building?: string
  community?: string
  compound?: string
  entrance?: string
}

export interface PocketBody {
  choices: Choices
  drafts: Draft[]
  rooms: Standing[]
  stars: Star[]
  topics: Record<string, boolean>
}

export interface PocketNews {
  aside?: Star
  choices?: Choices
  draft?: Draft
  room?: Standing
  star?: Star
  unstar?: Star
}

export interface Policy {
  autoGreen: boolean
  history: string
  own?: string[]
  reserved?: string[]
  since?: number
  stickers: boolean
}

export interface PolicyInputBody {
  autoGreen?: boolean
  follow?: string[]
  history?: string
  reserved?: string[]
  room?: string
  since?: number
  stickers?: boolean
}

export interface PostInputBody {
  accept: boolean
  community?: string
  role: string
  room?: string
}

export interface PreviewsBody {
  previews: Card[]
}

export interface ProofBody {
  digits?: string
  paper?: string
  passkey?: unknown
}

export interface PushBody {
  id: string
}

export interface PushRow {
  created: number
  current: boolean
  device: string
  failed?: number
  id: string
  label: string
  worked?: number
}

export interface Question {
  file: string
  guess: string
  rows: number
  sheet: string
  what: string
}

export interface QuestionBody {
  options: unknown
}

export interface Queued {
  application: string
  pending: number
  room: string
  state: string
}

export interface Quote {
  by?: string
  ch: number
  hidden?: boolean
  kind?: string
  retracted?: boolean
  seq: number
  sum?: string
}

export interface ReachBody {
  by: Record<string, number>
  homes: number
  members: number
  people: ReachRow[]
  reached: number
}

export interface ReachRow {
  best: string
  label?: string
  name: string
  person: string
  worked?: number
}

export type ReadTo = [string, number, string?]

export interface ReceiptsBody {
  confirmed: ConfirmedRow[]
  missing: MissingRow[]
  of: number
  remind?: Reminder
  seen: number
}

export interface RefreshInputBody {
  refresh?: string
}

export interface Reminder {
  app: number
  homes: number
  most: number
  people: number
  shops: number
  texts: number
}

export interface RemovalRow {
  at: number
  byName?: string
  community?: string
  from: string
  mayLift: boolean
  name: string
  person: string
  reason?: string
  room?: string
  until?: number
}

export interface RemovalsBody {
  removals: RemovalRow[]
}

export interface RemoveInputBody {
  community?: string
  person: string
  reason: string
  room?: string
  until?: number
}

export interface RestRow {
  first: number
  home?: boolean
  room: string
  roomName: string
  unread: Record<string, number>
}

export interface Resume {
  after: number
  room: string
}

export interface RoomBody {
  agreed: boolean
  answers?: number
  badge?: string
  called?: number
  calls?: Calls
  charter: Charter
  charterDue?: boolean
  community: string
  communityName: string
  current?: Record<string, number>
  damaged?: boolean
  display?: string
  doors: DoorOfOne[]
  homes: Count
  id: string
  label?: string
  lanes?: Record<string, number>
  last?: unknown
  lastName?: string
  member: boolean
  members: number
  muted?: number
  name: string
  near?: Near[]
  office?: Policy
  online: number
  owner?: string
  ownerName?: string
  pending?: number
  pins: number[]
  policy?: Policy
  premises?: string
  read: Mark
  reserved?: string[]
  role: string
  seq: number
  shops: Count
  telephone?: TelephoneBody
  without?: string[]
}

export interface RoomHead {
  id: string
  seq: number
}

export interface RoomRow {
  answers?: number
  badge?: string
  called?: number
  charterDue?: boolean
  community: string
  communityName: string
  current?: Record<string, number>
  damaged?: boolean
  display?: string
  doors: DoorOfOne[]
  homes: Count
  id: string
  label?: string
  lanes?: Record<string, number>
  last?: unknown
  lastName?: string
  member: boolean
  members: number
  muted?: number
  name: string
  online: number
  owner?: string
  ownerName?: string
  pending?: number
  pins: number[]
  premises?: string
  read: Mark
  reserved?: string[]
  role: string
  seq: number
  shops: Count
  telephone?: TelephoneBody
  without?: string[]
}

export interface RoomsBody {
  damage?: Damage[]
  rooms: RoomRow[]
}

export interface RosterBody {
  adds: Difference[]
  changes: Difference[]
  communities: string[]
  compounds: string[]
  counts: Counts
  errors: RowError[]
  failed: number
  fault?: Fault
  headings: Heading[]
  id: string
  marked: number
  meanings: string[]
  questions: Question[]
  remarks: RowError[]
  removes: Difference[]
  skipped: Skipped[]
  state: string
  total: number
  written: number
}

export interface RosterSays {
  name: string
  people?: number
  phone: string
  tenure?: string
}

export interface RowError {
  file: string
  reason: string
  row: number
  sheet: string
  text: string
}

export interface Rules {
  reserved?: string[]
  without?: string[]
}

export interface RulesBody {
  charter: Charter
  own?: OwnRules[]
  policy: Policy
}

export interface SearchInputBody {
  after?: Hit
  by?: string
  files?: boolean
  from?: number
  kind?: string
  lane?: string
  room?: string
  text?: string
  to?: number
}

export interface SecondBody {
  from: number
  mine: boolean
  on: number
  staff: number
}

export interface SecondInputBody {
  from: number
}

export interface Seen {
  id: string
  version: number
}

export interface SentBody {
  sent: string[]
}

export interface SessionBody {
  access?: string
  before?: boolean
  device?: string
  due?: DueBody
  expires?: number
  owes?: boolean
  person?: string
  refresh?: string
}

export interface Set {
  ch: number
  seq: number
  state: unknown
  sum?: string
  words?: unknown
}

export interface SetTelephoneInputBody {
  phone: string
  room?: string
  when?: string
}

export interface SetupAnswer {
  needed: boolean
  office?: string
}

export interface SetupInputBody {
  code: string
  name: string
  office: string
  password: string
  phone: string
  tokens?: boolean
}

export interface SheetBody {
  codes: SheetRow[]
}

export interface SheetInputBody {
  community?: string
  room?: string
}

export interface SheetRow {
  at: string[]
  code: string
  expires: number
  name: string
  phone: string
  role: string
}

export interface ShopChoice {
  name: string
  premises: string
}

export interface SignInInputBody {
  label?: string
  password: string
  phone: string
  tokens?: boolean
}

export interface SignedOutBody {
  done: boolean
}

export interface Skipped {
  file: string
  rows: number
  sheet: string
  table: boolean
}

export interface SlipsBody {
  stairs: StairRow[]
}

export interface SpaceRow {
  bytes: number
  kind: string
}

export interface SpelledName {
  badge?: string
  id: string
  name: string
  out?: boolean
  rev: number
  spelled?: string
}

export interface StaffBody {
  offered: OfferedRow[]
  staff: StaffRow[]
}

export interface StaffRow {
  first: boolean
  grants: Grant[]
  name: string
  person: string
  reset: boolean
  signedIn: boolean
  step: boolean
}

export interface Stair {
  building?: string
  entrance?: string
  kind?: string
}

export interface StairRow {
  building?: string
  entrance?: string
  kind?: string
  ready: number
  uncovered: number
  until?: number
  used: number
}

export interface Standing {
  pinned?: number
  room: string
  unread?: number
}

export interface StandingInputBody {
  pinned?: boolean
  unread?: boolean
}

export interface Star {
  at?: number
  room: string
  seq: number
}

export interface StarRow {
  at?: number
  gone?: boolean
  item: unknown
  name: string
  room: string
  roomName: string
  seq: number
}

export interface StarsBody {
  more: boolean
  stars: StarRow[]
}

export interface StarsInputBody {
  from?: number
  text?: string
}

export interface StepMine {
  at: number
  what: string
}

export interface StepsBody {
  above?: string
  codes: number
  digits: boolean
  from?: number
  homes?: number
  may: boolean
  must: boolean
  on: boolean
  passed: boolean
  passkeys: PasskeyRow[]
  since?: number
  site: boolean
}

export interface SubscribeInputBody {
  auth: string
  endpoint: string
  p256dh: string
}

export interface SystemBody {
  backup?: CopyReport
  connections: number
  entries: number
  free: number
  memory: number
  now: number
  people: number
  reach: HomesReached
  reserve: number
  space: SpaceRow[]
  total: number
  version: string
}

export interface TakenBody {
  taken: TakenRow[]
}

export interface TakenRow {
  at: number
  author: string
  authorName: string
  by: string
  byName: string
  kind: string
  posted: number
  reason?: string
  seq: number
  versions: Version[]
}

export interface TaskRow {
  at: number
  item: unknown
  name: string
  people: Name[]
  room: string
  roomName: string
  seq: number
}

export interface TasksBody {
  done: TaskRow[]
  mine: TaskRow[]
  open: TaskRow[]
}

export interface Telephone {
  phone: string
  when?: string
}

export interface TelephoneBody {
  own: boolean
  phone: string
  when?: string
}

export interface TextInputBody {
  about?: string
  reason?: string
  text?: string
  version?: number
}

export interface TodoBody {
  all: number
  todo: TodoRow[]
}

export interface TodoRow {
  act: string
  item: unknown
  name: string
  room: string
  roomName: string
  seq: number
}

export interface UploadBody {
  at: number
  file?: File
  size: number
  upload: string
}

export interface UploadInputBody {
  as: string
  size: number
}

export interface Verdict {
  addDoor?: boolean
  category?: string
  premises?: string
  relation?: string
  version?: number
}

export interface Version {
  at: number
  words: unknown
}

export interface VersionsBody {
  versions: Version[]
}

export interface WantInputBody {
  badge: string
  note?: string
}

export interface Way {
  channel: string
  failed?: number
  state: string
  why?: string
  worked?: number
}

export interface WithdrawDoorsInputBody {
  premises: string[]
}
