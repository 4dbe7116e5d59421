import { computed, onMounted, onUnmounted, shallowReactive } from 'vue'

// Modal dialogs lie over all else, and what lies under them is neither seen nor read out: what is said in passing stands in the topmost.
const dialogs = shallowReactive<symbol[]>([])

export const covered = computed(() => !!dialogs.length)

// For a dialog, as long as it is open: is it the topmost?
export const useTop = () => {
  const me = Symbol()
  onMounted(() => dialogs.push(me))
  onUnmounted(() => dialogs.splice(dialogs.indexOf(me), 1))
  return computed(() => dialogs.at(-1) === me)
}
