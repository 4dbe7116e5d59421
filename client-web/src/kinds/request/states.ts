import type { Item } from '@/wire/types'
import type { Key } from '@/words'

// How a request's state looks: its word, its colour, and how many panes are lit.
export const looks: Record<string, { word: Key; tone: string; lit: number }> = {
  open: { word: 'open', tone: 'open', lit: 1 },
  claimed: { word: 'claimed', tone: 'doing', lit: 2 },
  doing: { word: 'doing', tone: 'doing', lit: 2 },
  done: { word: 'waitConfirm', tone: 'confirm', lit: 3 },
  closed: { word: 'closed', tone: 'done', lit: 4 },
  rated: { word: 'rated', tone: 'done', lit: 4 },
  cancelled: { word: 'cancelled', tone: '', lit: 0 },
}

// For how long it has been over the time that it was wanted by; 0 while it is not.
export const lateBy = (state: Item['state'], now: number): number =>
  state?.by && state.by < now && ['open', 'claimed', 'doing'].includes(state.status) ? now - state.by : 0

// Nobody has come for long, and there is no time by which it was wanted that would say more.
const long = 20 * 60_000 // ms
export const longFor = (item: Item, now: number): boolean => !item.state?.by && now - item.at >= long

// How it may end.
export const settled = ['closed', 'rated', 'cancelled']

export const stepWords: Record<string, Key> = {
  post: 'stepPost',
  claim: 'stepClaim',
  release: 'stepRelease',
  dispatch: 'stepDispatch',
  start: 'stepStart',
  complete: 'stepComplete',
  confirm: 'stepConfirm',
  reopen: 'stepReopen',
  rate: 'stepRate',
  cancel: 'stepCancel',
  lapse: 'stepLapse',
}

export const templates = ['买菜', '买药', '清理垃圾', '打印', '代取', '代缴', '维修', '陪护', '其他']
