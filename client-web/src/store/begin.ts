import { Refusal, signedInUntil } from '@/wire/http'
import type { Me } from '@/wire/types'
import { db } from './db'

// Begins a session on this page, and fetches what goes on in it. That nobody has signed in here is known without.
export const begin = async () => {
  if (!signedInUntil() && !(await db.get<Me>('me')))
    throw new Refusal({ code: 'sign-in', reason: 'nobody has signed in here' })
  const session = await import('./session')
  await session.begin()
}
