import { ref, shallowRef } from 'vue'

// What this browser is, as far as it decides what a phone can do: ring while the page is closed, keep the page as an app.

interface Offer extends Event {
  prompt(): Promise<void>
  userChoice: Promise<{ outcome: 'accepted' | 'dismissed' }>
}

const agent = navigator.userAgent
export const wechat = /MicroMessenger/i.test(agent)
// An iPad says that it is a Mac; no Mac has fingers.
export const apple = /iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)
export const android = /Android/.test(agent)
export const standalone = () =>
  matchMedia('(display-mode: standalone)').matches || !!(navigator as { standalone?: boolean }).standalone

// The browser's own question, kept until somebody asks for it; undefined where there is none.
export const offer = shallowRef<Offer>()
addEventListener('beforeinstallprompt', (e) => {
  e.preventDefault()
  offer.value = e as Offer
})
// Is this the app, or has it just become one?
export const installed = ref(standalone())
addEventListener('appinstalled', () => {
  offer.value = undefined
  installed.value = true
})

export const install = async () => {
  const asked = offer.value
  offer.value = undefined // it can be asked once
  await asked?.prompt()
  return (await asked?.userChoice)?.outcome === 'accepted'
}
