import { watchEffect } from 'vue'
import { router } from '@/router'
import '@/ui/print.css'
import { t } from '@/words'
import { listen } from './alerts'
import './away'
import { talk } from './heed'
import { me } from './state'

// What goes on while somebody is signed in, on whichever page.

export { begin } from './live'

listen((to) => void router.push(to))

watchEffect(() => {
  document.title = me.value && talk.value ? `(${talk.value > 99 ? '99+' : talk.value}) ${t('app')}` : t('app')
})
