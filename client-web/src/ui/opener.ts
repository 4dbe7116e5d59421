import { onBeforeMount, onUnmounted } from 'vue'

// The focus goes back to where it was before a dialog opened. The dialog's own way back leaves a text box without its caret when the
// dialog goes from the page in the same moment: the first letter typed would be lost.
export const backToOpener = () => {
  let opener: Element | null
  onBeforeMount(() => {
    opener = document.activeElement
  })
  onUnmounted(() => {
    const nowhere = !document.activeElement || document.activeElement === document.body
    if (nowhere && opener?.isConnected && opener instanceof HTMLElement) opener.focus({ preventScroll: true })
  })
}
