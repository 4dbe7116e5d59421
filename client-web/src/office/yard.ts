import { db } from '@/store/db'
import { news } from '@/store/live'
import type { Yard } from './numbers'

// What somebody counts by hand stays on this device until it is taken in, or until they sign out. Where the browser keeps nothing it
// lasts as long as the page.
const key = 'yard'
let held: Yard | undefined

export const keptYard = async (): Promise<Yard | null> => held ?? (await db.get<Yard>(key)) ?? null

// Tells whether it will be there after the page.
export const keepYard = async (y: Yard) => {
  held = JSON.parse(JSON.stringify(y)) as Yard // as it came: what Vue has wrapped cannot be stored
  return (await db.set(key, held)) !== undefined
}

export const dropYard = () => {
  held = undefined
  return db.drop(key)
}
news.addEventListener('out', () => {
  held = undefined
})
