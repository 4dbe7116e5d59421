import { onMounted, onUnmounted, watch } from 'vue'
import { wide } from './look'

// The right pane of a desk with a room open (App.vue): what belongs to the room stands there beside the talk, one thing at a time.
export const pane = () => document.getElementById('pane')

let shown: (() => void) | undefined
// When the page becomes too narrow for it, what stood there closes.
export const usePane = (close: () => void) => {
  watch(wide, (is) => is || close())
  onMounted(() => {
    shown?.()
    shown = close
  })
  onUnmounted(() => {
    if (shown === close) shown = undefined
  })
}
