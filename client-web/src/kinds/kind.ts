import type { Component, InjectionKey } from 'vue'
import type { State } from '@/wire/types'
import type { Key } from '@/words'

// What a form has to say, once it is filled in: facts and words of a post.
export interface Said {
  with?: Record<string, unknown>
  words?: Record<string, unknown>
  pictures?: File[] // go behind it, as its answer
}

// The room that a form posts to, for a form that says who will hear of it.
export const inRoom: InjectionKey<string> = Symbol('room')

// A kind on this side: its card, and the form that posts one. The folder is all there is of it; registry.ts finds it by name.
export interface Kind {
  card: Component
  ended?: (state: State) => Key | undefined // the word for how it ended, once nothing more can happen to it
  short?: boolean // its card is one line by itself then; others are folded to one
  form?: Form
  stays?: true // what it says is for its own room: it is not passed on
}

export interface Form {
  load: () => Promise<{ default: Component }> // its v-model is Said, or undefined while something is missing
  icon: string
  name: Key // in the panel, and above the form
  send: Key // on its button
  after?: Key // below it: what happens next
  lane?: 'request' | 'notice' // none: talk
  owners?: boolean // only those who answer for the room may post one
  order: number // in the panel; 0: not there, but behind a button of its own
}
