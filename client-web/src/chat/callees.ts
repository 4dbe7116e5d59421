import type { Name } from '@/wire/types'

export interface Spelled extends Name {
  spelled?: string // linvshi lns
  out?: boolean // no member any more
}

// Somebody an @ may mean: a person, a role, or everybody.
export interface Callee {
  name: string
  id?: string
  role?: string
  all?: boolean
  badge?: string
}

// Roles that are called as such; 业主 and 家属 are most of the room.
const roles = ['物业', '片警', '业委会', '公共单位', '党员志愿者', '志愿者']
const most = 30

// Who is meant by what was typed behind the @: a door (3-2-501, 501), part of a name, or letters of its pinyin.
export const sought = (query: string, people: Spelled[], words: { all: string; duty: string }): Callee[] => {
  const q = query.toLowerCase()
  const there = new Set(people.map((p) => p.badge))
  const parts: Callee[] = [
    ...(words.all ? [{ name: words.all, all: true }] : []),
    { name: words.duty, role: '值班' },
    ...roles.filter((r) => there.has(r)).map((r) => ({ name: r, role: r })),
  ]
  const rank = (p: Spelled) => {
    const name = p.name.toLowerCase()
    if (!q) return p.badge && roles.includes(p.badge) ? 0 : 1
    if (name.startsWith(q) || name.split(' ').some((x) => x.startsWith(q))) return 0
    if (p.spelled?.split(' ').some((x) => x.startsWith(q))) return 1
    return name.includes(q) || (q.length > 2 && p.spelled?.includes(q)) ? 2 : 3
  }
  return [
    ...parts.filter((p) => p.name.includes(q)),
    ...people
      .map((p) => ({ p, at: rank(p) }))
      .filter((x) => x.at < 3)
      .sort((a, b) => a.at - b.at || a.p.name.localeCompare(b.p.name, 'zh'))
      .slice(0, most)
      .map(({ p }) => ({ name: p.name, id: p.id, badge: p.badge })),
  ]
}

// What stands between an @ and the caret, when somebody is being called there.
export const calling = (text: string, caret: number): string | undefined =>
  /(?:^|[^\w@])@([^\s@，。,！!？?]{0,16})$/.exec(text.slice(0, caret))?.[1]

// Those of the picked ones who are still called in the text, as the facts of a post.
export const called = (text: string, picked: Callee[]) => {
  const left = picked.filter((c) => text.includes(`@${c.name}`))
  const to = left.flatMap((c) => (c.id ? [c.id] : []))
  const roles = left.flatMap((c) => (c.role ? [c.role] : []))
  return {
    ...(to.length && { to: [...new Set(to)] }),
    ...(roles.length && { roles: [...new Set(roles)] }),
    ...(left.some((c) => c.all) && { all: true }),
  }
}
