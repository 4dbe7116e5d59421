// 和园3号楼 as most journeys need it: imported, with an administrator, an owner, two volunteers and some residents.
import { Api } from './api'
import { file, folder, imported, Linli } from './linli'
import { cpSync, rmSync } from 'node:fs'

export const password = 'heyuan-2020'
export const admin = { name: '周主任', phone: '13900008000' }
export const owner = { name: '周社工', phone: '13900008001' }
export const volunteers = [
  { name: '李志愿', phone: '13900008002' },
  { name: '陈志愿', phone: '13900008003' },
]
export const wangli = { name: '王丽', phone: '13800000501', title: '女士', door: '2-501', shown: '3-2-501 王女士' }
export const zhang = { name: '张建国', phone: '13800000101', title: '先生', door: '1-101', shown: '3-1-101 张先生' }
export const lixy = { name: '李秀英', phone: '13800000102', title: '女士', door: '1-102', shown: '3-1-102 李女士' }
export const family = { name: '张晓', phone: '13800000111', title: '先生', door: '1-101', shown: '3-1-101 张先生' }
export const sheets = ['organization.csv', 'households.csv', 'shops.csv', 'staff.csv'].map((f) => file('town', f))

interface Someone {
  name: string
  phone: string
  title: string
  door: string
}

export interface Town {
  room: string
  link: string
}

// The first sign-in of staff: a code from above them, then a password of their own.
const first = async (linli: Linli, above: Api, who: { phone: string }, person: string) => {
  const { code } = await above.post<{ code: string }>(`/staff/${person}/code`)
  const api = new Api(linli.url)
  const s = await api.post<{ access: string }>('/session/code', { phone: who.phone, code, password, tokens: true })
  api.access = s.access
  return api
}

// Somebody of the town, signed in without a page.
export const signedIn = async (linli: Linli, who: { phone: string }) => {
  const api = new Api(linli.url)
  await api.signIn(who.phone, password)
  return api
}

// Applies at a room's link; answers with the application.
export const apply = async (linli: Linli, link: string, who: Someone, relation = 'owner') => {
  const api = new Api(linli.url)
  const page = await api.get<{ charter: { version: number } }>(`/join/${link}`)
  const doors = await api.get<{
    buildings: { entrances: { name: string; doors: { premises: string; door: string }[] }[] }[]
  }>(`/join/${link}/doors`)
  const [entrance, door] = who.door.split('-')
  const premises = doors.buildings
    .flatMap((b) => b.entrances)
    .find((e) => e.name === `${entrance}单元`)
    ?.doors.find((d) => d.door === door)?.premises
  const s = await api.post<{ access: string }>(`/join/${link}`, {
    name: who.name,
    title: who.title,
    phone: who.phone,
    password,
    premises,
    relation,
    charter: page.charter.version,
    tokens: true,
  })
  api.access = s.access
  const mine = await api.get<{ applications: { id: string; version: number }[] }>('/applications/mine')
  return mine.applications[0]!
}

export const admit = async (linli: Linli, by: Api, link: string, who: Someone, relation = 'owner') => {
  const { id, version } = await apply(linli, link, who, relation)
  await by.post(`/applications/${id}/approve`, {
    version,
    ...(relation === 'family' ? { category: '家属', relation } : {}),
  })
}

// Builds the town once; answers with its folder and what a test must know of it.
export const build = async (): Promise<Town & { data: string }> => {
  const data = imported(...sheets)
  const linli = await Linli.start(data)
  rmSync(data, { recursive: true })
  const boss = new Api(linli.url)
  const s = await boss.post<{ access: string }>('/setup', {
    code: linli.code,
    office: '如意示范办事处',
    name: admin.name,
    phone: admin.phone,
    password,
    tokens: true,
  })
  boss.access = s.access
  const room = (await boss.get<{ communities: { rooms: { id: string }[] }[] }>('/levels')).communities[0]!.rooms[0]!.id
  const { staff } = await boss.get<{ staff: { person: string; name: string }[] }>(`/staff?room=${room}`)
  const own = await first(linli, boss, owner, staff.find((x) => x.name === owner.name)!.person)
  const { members } = await own.post<{ members: { person: string; name: string }[] }>(`/rooms/${room}/members`)
  for (const v of volunteers) {
    const { code } = await own.post<{ code: string }>(
      `/rooms/${room}/members/${members.find((m) => m.name === v.name)!.person}/code`,
    )
    await new Api(linli.url).post('/session/code', { phone: v.phone, code, password })
  }
  await own.post(`/rooms/${room}/links`)
  const { links } = await own.get<{ links: { link: string }[] }>(`/rooms/${room}/links`)
  const link = links[0]!.link
  for (const who of [zhang, lixy]) await admit(linli, own, link, who)
  const kept = folder()
  cpSync(await linli.leave(), kept, { recursive: true })
  return { data: kept, room, link }
}
