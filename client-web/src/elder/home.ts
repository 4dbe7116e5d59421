import { looks } from '@/kinds/request/states'
import { type Key, t } from '@/words'

// What forms call by the office's words, as people say it at home, with a picture to find it by. What is posted is the same fact.
const words: Record<string, { word: Key; icon: string }> = {
  买菜: { word: 'homeFood', icon: 'basket' },
  买药: { word: 'homeMedicine', icon: 'pill' },
  清理垃圾: { word: 'homeRubbish', icon: 'bin' },
  打印: { word: 'homePrint', icon: 'print' },
  代取: { word: 'homeFetch', icon: 'parcel' },
  代缴: { word: 'homePay', icon: 'bill' },
  维修: { word: 'homeMend', icon: 'wrench' },
  陪护: { word: 'homeCompany', icon: 'members' },
  突发疾病: { word: 'homeIll', icon: 'pulse' },
  人员被困: { word: 'homeStuck', icon: 'door' },
  火情: { word: 'homeFire', icon: 'flame' },
  水电气: { word: 'homeMains', icon: 'drop' },
  走失: { word: 'homeLost', icon: 'search' },
}
export const homely = (fact = '') => (words[fact] ? t(words[fact].word) : fact)
export const pictureOf = (fact: string) => words[fact]?.icon ?? 'more'

// How far a request of mine is.
const states: Record<string, Key> = { open: 'homeOpen', claimed: 'homeClaimed', doing: 'homeDoing', done: 'homeDone' }
export const homelyState = (status: string) => t(states[status] ?? looks[status]?.word ?? 'open')
