import type { Delivery } from '@/wire/types'

// What a room tells, as far as the list of what waits for me cares: is it another list now? Talk, and the votes of others, are nothing
// to it; hundreds of people hear of them at once, and must not all ask again.
//   now   it touches what stands on my list, or what is mine alone
//   soon  something new that may wait for me
export const stirs = (
  d: Delivery,
  listed: (room: string, seq: number) => boolean,
  answers: boolean,
): '' | 'now' | 'soon' => {
  if (d.reset) return '' // history, behind the list that this connection's first word asks for
  for (const s of d.set ?? []) if (listed(d.room, s.seq) && !(s.state.open === true && !s.state.retracted)) return 'now'
  for (const m of d.mine ?? []) {
    const own = m.own
    if (listed(d.room, m.seq) ? !counts(own) : !own || own.asker || own.helper) return 'now'
  }
  for (const item of d.new ?? []) {
    if (item.kind === 'notice' ? item.state?.confirm : ['poll', 'signup'].includes(item.kind)) return 'soon'
    if (answers && ['suggestion', 'emergency'].includes(item.kind)) return 'soon'
  }
  return ''
}

// Owners are told how many have confirmed, each time.
const counts = (own: Record<string, unknown> | null) => !!own && !own.confirmed && own.n !== undefined
