import { ref, shallowReactive, shallowRef } from 'vue'
import type { Alert, Damage, Leave, Me, RoomRow } from '@/wire/types'

// What is known of who is signed in, and of their rooms: what every page asks. store/live.ts keeps it so; that comes when somebody has
// signed in.

export const me = ref<Me>()
export const rows = shallowReactive(new Map<string, RoomRow>())
export const online = ref(false)
export const everOnline = ref(false)
export const unsure = ref<unknown>() // why it could not be asked whether somebody is signed in
export const listed = ref(false) // the server has said which rooms are mine
export const left = shallowReactive(new Map<string, Leave>())
export const damage = shallowRef<Damage[]>([]) // logs that are damaged on the server's disk: the office's, and of rooms for who has a role
export const heard = shallowRef<Alert>() // shown above the page, for who looks at something else
export const news = new EventTarget() // hello, delivery, own, me, queue, join, leave, alert, out

// Who is signed in on this page may sign out, and somebody else in: what comes back behind an await asks whether the one is still there who
// was when it began.
let lives = 0
export const life = () => {
  const mine = lives
  return () => mine === lives
}
export const endLife = () => {
  lives++
}

// What became of a session that the server ended, for the page where one signs in.
export interface Over {
  why?: string
  at: number
}
