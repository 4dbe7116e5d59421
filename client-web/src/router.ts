import { createRouter, createWebHistory } from 'vue-router'
import Rooms from './pages/Rooms.vue'
import SignIn from './pages/SignIn.vue'
import { begin, me } from './store/live'
import { get } from './wire/http'

// `open` pages need nobody signed in.
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/rooms' },
    { path: '/signin', name: 'signin', component: SignIn, meta: { open: true } },
    { path: '/setup', name: 'setup', component: () => import('./office/Setup.vue'), meta: { open: true } },
    { path: '/join/:link', name: 'join', component: () => import('./pages/Join.vue'), meta: { open: true } },
    { path: '/pending', name: 'pending', component: () => import('./pages/Waiting.vue') },
    { path: '/rooms', name: 'rooms', component: Rooms },
    { path: '/rooms/:room', name: 'room', component: () => import('./pages/Room.vue') },
    { path: '/todo', name: 'todo', component: () => import('./pages/Todo.vue') },
    { path: '/catchup', name: 'catchup', component: () => import('./pages/CatchUp.vue') },
    { path: '/search', name: 'search', component: () => import('./pages/Search.vue') },
    { path: '/admission', name: 'admission', component: () => import('./owner/Admission.vue') },
    { path: '/office', name: 'office', component: () => import('./office/Office.vue') },
    { path: '/office/roster', name: 'roster', component: () => import('./office/Roster.vue') },
    { path: '/me', name: 'me', component: () => import('./pages/Mine.vue') },
    { path: '/me/stars', name: 'stars', component: () => import('./pages/Stars.vue') },
    { path: '/me/alerts', name: 'alerts', component: () => import('./alerts/Alerts.vue') },
    { path: '/share', name: 'share', component: () => import('./pages/Share.vue') },
    { path: '/:rest(.*)', redirect: '/rooms' },
  ],
})

let asked = false

router.beforeEach(async (to) => {
  if (me.value) return true
  if (!asked || !to.meta.open) {
    asked = true
    try {
      await begin()
    } catch {
      if (to.meta.open) return true
      const setup = await get<{ needed: boolean }>('/setup').catch(() => ({ needed: false }))
      return setup.needed ? { name: 'setup' } : { name: 'signin', query: { to: to.fullPath } }
    }
  }
  if (to.name === 'signin' && me.value) return { name: 'rooms' }
  return true
})
