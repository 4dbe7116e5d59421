import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import SignIn from './pages/SignIn.vue'
import { begin } from './store/begin'
import { home } from './store/rights'
import { me, unsure } from './store/state'
import { moved } from './ui/layers'
import { elder } from './ui/look'
import { want } from './ui/lost'
import { get } from './wire/http'

// `open` pages need nobody signed in; `for` says whose a page is that is not everybody's (store/rights.ts). `elder` pages are those of 长辈版: the same rooms in another look.
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'elder', component: () => import('./elder/Home.vue'), meta: { elder: true } },
    {
      path: '/elder/settings',
      name: 'elder-settings',
      component: () => import('./elder/Settings.vue'),
      meta: { elder: true },
    },
    {
      path: '/elder/:room/notices',
      name: 'elder-notices',
      component: () => import('./elder/Notices.vue'),
      meta: { elder: true },
    },
    {
      path: '/elder/:room/help',
      name: 'elder-help',
      component: () => import('./elder/Help.vue'),
      meta: { elder: true },
    },
    {
      path: '/elder/:room/talk',
      name: 'elder-talk',
      component: () => import('./elder/Talk.vue'),
      meta: { elder: true },
    },
    { path: '/elder/:room/sos', name: 'elder-sos', component: () => import('./elder/Sos.vue'), meta: { elder: true } },
    { path: '/signin', name: 'signin', component: SignIn, meta: { open: true } },
    { path: '/setup', name: 'setup', component: () => import('./office/Setup.vue'), meta: { open: true } },
    { path: '/join/:link', name: 'join', component: () => import('./pages/Join.vue'), meta: { open: true } },
    { path: '/pending/:application', name: 'amend', component: () => import('./pages/Join.vue') },
    { path: '/pending', name: 'pending', component: () => import('./pages/Waiting.vue') },
    { path: '/rooms', name: 'rooms', component: () => import('./pages/Rooms.vue') },
    { path: '/rooms/:room', name: 'room', component: () => import('./pages/Room.vue') },
    {
      path: '/alarms/:room/:seq',
      name: 'alarm',
      component: () => import('./pages/Alarm.vue'),
      meta: { for: 'deciders' },
    },
    { path: '/todo', name: 'todo', component: () => import('./pages/Todo.vue') },
    { path: '/tasks', name: 'tasks', component: () => import('./pages/Tasks.vue') },
    { path: '/catchup', name: 'catchup', component: () => import('./pages/CatchUp.vue') },
    { path: '/search', name: 'search', component: () => import('./pages/Search.vue') },
    {
      path: '/admission',
      name: 'admission',
      component: () => import('./owner/Admission.vue'),
      meta: { for: 'deciders' },
    },
    { path: '/office', name: 'office', component: () => import('./office/Office.vue'), meta: { for: 'office' } },
    { path: '/office/audit', name: 'audit', component: () => import('./office/Audit.vue'), meta: { for: 'admin' } },
    { path: '/office/system', name: 'system', component: () => import('./office/System.vue'), meta: { for: 'admin' } },
    { path: '/office/roster', name: 'roster', component: () => import('./office/Roster.vue'), meta: { for: 'admin' } },
    { path: '/me', name: 'me', component: () => import('./pages/Mine.vue') },
    { path: '/me/second', name: 'second', component: () => import('./pages/Second.vue'), meta: { open: true } },
    { path: '/me/looks', name: 'looks', component: () => import('./pages/Looks.vue') },
    { path: '/me/stars', name: 'stars', component: () => import('./pages/Stars.vue') },
    { path: '/me/alerts', name: 'alerts', component: () => import('./alerts/Alerts.vue') },
    { path: '/share', name: 'share', component: () => import('./pages/Share.vue') },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

// A way into a room leads to it in the look that this device has, whoever wrote the way down.
router.beforeEach((to) => {
  const { room } = to.params
  if (elder.value && to.name === 'rooms') return { name: 'elder', replace: true }
  if (elder.value && to.name === 'room') return { name: 'elder-talk', params: { room }, query: to.query, replace: true }
  if (!elder.value && to.meta.elder && to.name !== 'elder')
    return room ? { name: 'room', params: { room } } : { name: 'rooms' }
  return true
})

router.afterEach(moved)

// Its part of the program could not be fetched: this is where to go on.
router.onError((_, to) => want(to.fullPath))

// Where one begins who has not said where to: the office's own at what they answer for, everybody else at their rooms.
const begins = (to: RouteLocationNormalized) =>
  (to.name === 'elder' && !elder.value) || (to.name === 'signin' && me.value) ? { path: home(), replace: true } : true

let asked = false

router.beforeEach(async (to) => {
  if (me.value) return begins(to)
  if (!asked || !to.meta.open) {
    asked = true
    unsure.value = undefined
    try {
      await begin()
    } catch (e) {
      const code = (e as { fault?: { code: string } }).fault?.code
      if (code !== 'sign-in') unsure.value = e // nobody has said that there is no session
      if (code === 'second-step') return to.name === 'second' ? true : { name: 'second', query: { to: to.fullPath } }
      if (to.meta.open) return true
      const setup = await get<{ needed: boolean }>('/setup').catch(() => ({ needed: false }))
      return setup.needed ? { name: 'setup' } : { name: 'signin', query: { to: to.fullPath } }
    }
  }
  return begins(to)
})
