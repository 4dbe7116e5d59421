import { ref, watchEffect } from 'vue'
import { type Language, speak } from '@/words'

// How this device wants the page: kept beside the page, since it is no person's data.
export const kept = (key: string, otherwise: string) => {
  try {
    return localStorage.getItem(`linli.${key}`) ?? otherwise
  } catch {
    return otherwise
  }
}
export const keep = (key: string, value: string) => {
  try {
    localStorage.setItem(`linli.${key}`, value)
  } catch {
    // private windows keep nothing
  }
}

export const size = ref(kept('size', '18'))
export const theme = ref(kept('theme', 'system'))
// 长辈版 is a look of its own, with a size of its own: the way back finds everything as it was.
export const elder = ref(kept('look', '') === 'elder')
export const elderSizes = { least: 18, usual: 22, most: 30 }
export const elderSize = ref(Number(kept('elderSize', '')) || elderSizes.usual)
export const tongue = ref<Language>(kept('language', 'zh-CN') as Language)
export const wide = ref(matchMedia('(min-width: 900px)').matches)
matchMedia('(min-width: 900px)').addEventListener('change', (e) => {
  // A sheet of paper is narrow, but a desk that prints stays a desk.
  if (!matchMedia('print').matches) wide.value = e.matches
})

// So low that bars would leave no room for what is read: a phone laid down, or a page at 200 %.
const lowest = matchMedia('(max-height: 479px)')
export const low = ref(lowest.matches)
lowest.addEventListener('change', (e) => {
  low.value = e.matches
})

watchEffect(() => {
  document.documentElement.style.setProperty('--fs', `${(elder.value ? elderSize.value : Number(size.value)) / 16}rem`)
  keep('size', size.value)
  keep('elderSize', String(elderSize.value))
})
watchEffect(() => {
  if (elder.value) document.documentElement.dataset.mode = 'elder'
  else delete document.documentElement.dataset.mode
  keep('look', elder.value ? 'elder' : '')
})
watchEffect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
  keep('theme', theme.value)
})
watchEffect(() => {
  void speak(tongue.value)
  keep('language', tongue.value)
})
