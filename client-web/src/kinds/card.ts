import { computed, type InjectionKey, ref } from 'vue'
import { act, called, me, timeline, underway } from '@/store/live'
import { answersFor } from '@/store/rights'
import { life } from '@/store/state'
import { openBut } from '@/store/tasks'
import { toast } from '@/ui/toast'
import type { Item } from '@/wire/types'
import { refusal, t } from '@/words'
import { homesOf } from './homes'

export interface CardProps {
  item: Item
  room: string
}

// A room with a pane beside it opens there what a card would open over it: it stays while the card scrolls away.
export const openBeside: InjectionKey<(seq: number, how: string) => void> = Symbol('beside')

// What every card needs: who I am here, my own part, names, and doing something to it.
export const useCard = (props: CardProps) => {
  const line = timeline(props.room)
  // What is done for a household is done for one of one's doors here; of several, first for one that has not done it.
  const doors = computed(() => homesOf(props.room))
  const several = computed(() => doors.value.length > 1)
  const part = computed(() => line.mine.get(props.item.seq)?.own ?? null)
  const done = (premises: string) => !!part.value?.homes?.[premises]
  const chosen = ref('')
  const door = computed({
    get: () => chosen.value || (doors.value.find((d) => !done(d.premises)) ?? doors.value[0])?.premises || '',
    set: (premises) => {
      chosen.value = premises
    },
  })
  const own = computed(() => {
    const { homes, ...rest } = part.value ?? {}
    if (!homes) return part.value
    return homes[door.value] || Object.keys(rest).length ? { ...rest, ...homes[door.value] } : null
  })
  const asDoor = computed(() => (several.value ? { for: door.value } : {}))
  const answers = computed(() => answersFor(props.room))
  const mine = computed(() => props.item.by === me.value?.person)
  const name = (person: string) => line.name(person)
  // 王女士 of 3-2-501 王女士
  const short = (person: string) => name(person).split(' ').at(-1) ?? ''
  const busy = underway(props.room, props.item.seq)
  const run = async (verb: string, more: { with?: Record<string, unknown>; words?: Record<string, unknown> } = {}) => {
    const still = life()
    try {
      await act(props.room, `${props.item.kind}.${verb}`, { re: props.item.seq, ...more })
      return true
    } catch (e) {
      const f = e as { code: string; with?: Record<string, unknown> }
      const winner = f.code === 'taken' && f.with?.by ? await called(props.room, String(f.with.by)) : ''
      const left = winner ? openBut(props.room, props.item.seq) : 0
      const slow = winner && t('slow', { name: winner.split(' ').at(-1)! }) + (left ? t('slowLeft', { n: left }) : '')
      if (still()) toast(slow || refusal(f))
      return false
    }
  }
  return { line, own, answers, mine, name, short, busy, run, doors, several, done, door, asDoor }
}
