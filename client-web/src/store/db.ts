import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Attachment } from '@/media/upload'
import type { Command, Item, Mine, Name, Quote, RoomRow } from '@/wire/types'

export interface Pending extends Command {
  n: number
  at: number
  of?: string // who wrote it
  files?: Attachment[]
  behind?: string // the command whose item this one answers: it goes when that one has a seq
  refused?: { code: string; with?: Record<string, unknown> }
}

export interface Kept {
  room: string
  ch: number
  items: Item[]
  mine: Mine[]
  people: Name[]
  quotes?: Quote[]
  pins: number[]
  first: boolean
}

interface Store extends DBSchema {
  meta: { key: string; value: unknown }
  outbox: { key: string; value: Pending }
  rooms: { key: string; value: Kept }
}

// The copy on this device. Any failure (private windows, evicted storage, a lost connection) leaves the page working without it.
let opening: Promise<IDBPDatabase<Store>> | undefined

const open = () => {
  opening ??= openDB<Store>('linli', 1, {
    upgrade(db) {
      db.createObjectStore('meta')
      db.createObjectStore('outbox', { keyPath: 'id' })
      db.createObjectStore('rooms', { keyPath: 'room' })
    },
    terminated() {
      opening = undefined
    },
    blocking(_now, _next, e) {
      ;(e.target as IDBDatabase).close()
      opening = undefined
    },
  })
  return opening
}

const attempt = async <T>(work: (db: IDBPDatabase<Store>) => Promise<T>, otherwise: T): Promise<T> => {
  for (let again = 0; again < 2; again++) {
    try {
      return await work(await open())
    } catch {
      opening = undefined
    }
  }
  return otherwise
}

let stale = false // what this page holds is of a life that is over; it is about to go

export const begun = 'begun/'

export const db = {
  get: <T>(key: string) => attempt((d) => d.get('meta', key) as Promise<T | undefined>, undefined),
  set: (key: string, value: unknown) => attempt((d) => d.put('meta', value, key) as Promise<unknown>, undefined),
  // The next number of this device's commands, shared by all tabs.
  next: (least: number) =>
    attempt(async (d) => {
      const tx = d.transaction('meta', 'readwrite')
      const n = Math.max(((await tx.store.get('n')) as number | undefined) ?? 0, least) + 1
      await tx.store.put(n, 'n')
      await tx.done
      return n
    }, least + 1),
  outbox: () => attempt((d) => d.getAll('outbox'), []),
  keepCommand: (c: Pending) => attempt((d) => d.put('outbox', c) as Promise<unknown>, undefined),
  dropCommand: (id: string) => attempt((d) => d.delete('outbox', id) as Promise<unknown>, undefined),
  room: (id: string) => attempt((d) => d.get('rooms', id), undefined),
  keepRoom: (k: Kept) => (stale ? Promise.resolve() : attempt((d) => d.put('rooms', k) as Promise<unknown>, undefined)),
  dropRoom: (id: string) => attempt((d) => d.delete('rooms', id) as Promise<unknown>, undefined),
  rows: () => attempt((d) => d.get('meta', 'rows') as Promise<RoomRow[] | undefined>, undefined),
  // What was written on a device that was signed out goes on under a new name, once, whichever tab comes first.
  renameCommand: (old: string, c: Pending) =>
    attempt(async (d) => {
      const tx = d.transaction('outbox', 'readwrite')
      const there = await tx.store.get(old)
      if (there) await Promise.all([tx.store.delete(old), tx.store.put(c)])
      await tx.done
      return !!there
    }, false),
  drop: (key: string) => attempt((d) => d.delete('meta', key) as Promise<unknown>, undefined),
  // What somebody began to write and nobody but this device knows, by who wrote it.
  begun: <T>() =>
    attempt(async (d) => {
      const keys = (await d.getAllKeys('meta')).filter((k) => k.startsWith(begun))
      return Promise.all(keys.map(async (k) => [k.slice(begun.length), (await d.get('meta', k)) as T] as const))
    }, []),
  // The office was put back from a copy: what was kept of rooms is from a life that is over. What was not sent is the person's still. Tells
  // whether anything was kept.
  begin: (life: string) =>
    attempt(async (d) => {
      const tx = d.transaction(['meta', 'rooms'], 'readwrite')
      const [meta, rooms] = [tx.objectStore('meta'), tx.objectStore('rooms')]
      const kept = (await rooms.count()) > 0
      stale = kept
      await Promise.all([rooms.clear(), meta.delete('rows'), meta.put(life, 'life')])
      await tx.done
      return kept
    }, false),
  // On sign-out nothing of the person stays here.
  wipe: () =>
    attempt(async (d) => {
      await Promise.all([d.clear('meta'), d.clear('outbox'), d.clear('rooms')])
    }, undefined),
  // When the server ends a session nothing stays but the words that were not sent: those go when the person says so.
  wipeButUnsent: () =>
    attempt(async (d) => {
      const tx = d.transaction(['meta', 'rooms'], 'readwrite')
      const meta = tx.objectStore('meta')
      for (const key of await meta.getAllKeys()) if (!key.startsWith(begun)) await meta.delete(key)
      await tx.objectStore('rooms').clear()
      await tx.done
    }, undefined),
}
