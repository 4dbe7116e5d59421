// Whose a page is, where it is not everybody's: one place for the way there and for who reaches it by its address.
import { left, listed, me, rows } from './state'
import { t } from '@/words'

export type For = 'deciders' | 'office' | 'admin'
const roles: Record<For, string[]> = {
  deciders: ['owner', 'deputy', 'secretary', 'admin'],
  office: ['owner', 'deputy', 'secretary', 'assessor', 'admin'],
  admin: ['admin'],
}
const grants = () => me.value?.grants ?? []
export const may = (what: For) => grants().some((g) => roles[what].includes(g.role))
// Who answers for a room: owner, deputy, or the office above it.
export const answersFor = (room: string) => roles.deciders.includes(rows.get(room)?.role ?? '')
// A lane that is kept for those who answer for the room is closed to everybody else there.
export const closedLane = (room: string, lane: string) =>
  !answersFor(room) && !!rows.get(room)?.reserved?.includes(lane)
// Who has a role in the office, and not in a room alone.
export const official = () => grants().some((g) => ['secretary', 'assessor', 'admin'].includes(g.role))
// Where one begins.
export const home = () => (official() ? '/office' : '/rooms')

// Why a page stays shut; undefined: it does not.
export const shut = (of: For | undefined, room: string | undefined) => {
  if (of && !may(of)) {
    const owner = [...rows.values()].find((r) => r.ownerName)?.ownerName
    if (of === 'deciders')
      return { title: t('lockOwner'), text: owner ? t('lockOwnerName', { name: owner }) : t('lockOwnerHint') }
    return {
      title: t(of === 'admin' ? 'lockAdmin' : 'lockOffice'),
      text: t(of === 'admin' ? 'lockAdminHint' : 'lockOfficeHint'),
    }
  }
  if (room && listed.value && !rows.get(room)?.member && !left.get(room))
    return { title: t('notIn'), text: t('notInHint') }
  return undefined
}
