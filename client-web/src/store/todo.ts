import { ref, shallowRef, watch } from 'vue'
import { get, put, remove } from '@/wire/http'
import type { Delivery, PocketNews, TodoRow } from '@/wire/types'
import { db } from './db'
import { me, news } from './live'
import { answersFor } from './rights'
import { stirs } from './stirs'

// What waits for me in all my rooms, as the server lists it. It is asked for again when something touches it, never for talk.

export const todo = shallowRef<TodoRow[]>([])
export const todoAll = ref(0) // also those that the list leaves out
export const todoKnown = ref(false) // the server has said it since the page opened
export const todoWhy = ref<unknown>() // why it did not, the last time

interface Kept {
  person: string
  todo: TodoRow[]
  all: number
}

let asking = false
let again = false
export const loadTodo = async () => {
  const person = me.value?.person
  again = asking
  if (asking || !person) return
  asking = true
  try {
    const b = await get<{ todo: TodoRow[]; all: number }>('/me/todo')
    if (me.value?.person === person && b.todo) {
      todo.value = b.todo
      todoAll.value = b.all
      todoKnown.value = true
      todoWhy.value = undefined
      void db.set('todo', { person, ...b } satisfies Kept)
    }
  } catch (e) {
    todoWhy.value = e // the list of before stays; the next connection asks again
  } finally {
    asking = false
  }
  if (again) await loadTodo()
}

let timer = 0
let due = 0
const later = (ms: number) => {
  const at = Date.now() + ms
  if (timer && due <= at) return
  clearTimeout(timer)
  due = at
  timer = window.setTimeout(() => {
    timer = 0
    void loadTodo()
  }, ms)
}

const heard = (type: string, f: (detail: unknown) => void) =>
  news.addEventListener(type, (e) => f((e as CustomEvent).detail))

heard('delivery', (detail) => {
  const d = detail as Delivery
  const how = stirs(d, (room, seq) => todo.value.some((x) => x.room === room && x.seq === seq), answersFor(d.room))
  if (how === 'now') later(300)
  // A whole room hears of something new at the same moment.
  if (how === 'soon') later(500 + Math.random() * 2500)
})
heard('own', (n) => (n as PocketNews).aside && later(100))
heard('hello', () => later(0))
heard('join', () => later(300))
heard('me', () => later(300))
heard('leave', (room) => {
  todo.value = todo.value.filter((x) => x.room !== room)
  later(300)
})
heard('out', () => {
  clearTimeout(timer)
  timer = 0
  todo.value = []
  todoAll.value = 0
  todoKnown.value = false
  todoWhy.value = undefined
})
watch(
  () => me.value?.person,
  async (person) => {
    const kept = person ? await db.get<Kept>('todo') : undefined
    if (!kept || kept.person !== me.value?.person || todoKnown.value) return
    todo.value = kept.todo
    todoAll.value = kept.all
  },
  { immediate: true },
)

// What it asks for: to confirm a notice is not to confirm that help was given.
export const asksFor = (x: TodoRow) => (x.act === 'confirm' && x.item.kind === 'request' ? 'done' : x.act)

// Puts something aside, or takes that back.
export const aside = async (x: TodoRow, on: boolean) => {
  await (on ? put : remove)(`/me/todo/${x.room}/${x.seq}/aside`)
  await loadTodo()
}
