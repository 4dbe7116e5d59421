import { reactive } from 'vue'
import { wrong } from '@/words'

export const toasts = reactive<{ id: number; text: string }[]>([])
let last = 0

// Says something in passing.
export const toast = (text: string) => {
  const id = ++last
  toasts.push({ id, text })
  setTimeout(() => {
    const at = toasts.findIndex((x) => x.id === id)
    if (at >= 0) toasts.splice(at, 1)
  }, 4200)
}

// Runs what a person asked for, and says why when it was refused.
export const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work()
  } catch (e) {
    toast(wrong(e))
    return undefined
  }
}
