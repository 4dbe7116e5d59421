import { reactive } from 'vue'
import { life } from '@/store/state'
import { wrong } from '@/words'

// What somebody asks for by the buttons of one form or sheet: one thing at a time, a press while it is under way does nothing. Why it was
// refused stays until the next press, for Refused.vue to show beside the button; `at` says which of several it was. Nothing is said of
// what was asked for by who has signed out meanwhile.
export const useTry = () => {
  const tried = reactive({
    busy: false,
    why: '',
    at: '' as string | number,
    run: async <T>(work: () => Promise<T>, at: string | number = ''): Promise<T | undefined> => {
      if (tried.busy) return undefined
      const still = life()
      Object.assign(tried, { busy: true, why: '', at })
      try {
        return await work()
      } catch (e) {
        if (still()) tried.why = wrong(e)
        return undefined
      } finally {
        tried.busy = false
      }
    },
  })
  return tried
}

export type Tried = Pick<ReturnType<typeof useTry>, 'busy' | 'why' | 'at'>
