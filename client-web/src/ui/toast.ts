import { reactive } from 'vue'
import { life } from '@/store/state'
import { wrong } from '@/words'
import { elder } from './look'

export const toasts = reactive<{ id: number; text: string }[]>([])
let last = 0

// Says something in passing.
export const toast = (text: string) => {
  const id = ++last
  toasts.push({ id, text })
  // In the large look nothing goes before it was read.
  if (elder.value) toasts.splice(0, toasts.length - 1)
  else setTimeout(() => untoast(id), 4200)
}

export const untoast = (id: number) => {
  const at = toasts.findIndex((x) => x.id === id)
  if (at >= 0) toasts.splice(at, 1)
}

// Runs what a person asked for, and says why when it was refused; who has signed out meanwhile is told nothing of it.
export const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  const still = life()
  try {
    return await work()
  } catch (e) {
    if (still()) toast(wrong(e))
    return undefined
  }
}
