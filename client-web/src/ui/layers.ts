import { onMounted, onUnmounted } from 'vue'

// What lies over a page (a sheet, a picture) is one entry of the history: the phone's way back takes it away and leaves the page. The
// entry of a layer that was closed by its own button stays behind, since going back takes time and could carry off what is opened in the
// same moment; it is used again by the next layer, and whoever goes back steps over it.

interface Place {
  page: number // the router's own count of entries
  depth: number // layers over the page; 0 for the page itself
}

const open: { depth: number; close: () => void }[] = [] // the topmost last
const where = (state = history.state): Place => ({ page: state?.position ?? 0, depth: state?.depth ?? 0 })
let here = where()

const arrive = () => {
  const from = here
  here = where()
  const back = here.page < from.page || (here.page === from.page && here.depth < from.depth)
  if (!back || !from.depth) return
  const left = open.findIndex((l) => l.depth > here.depth || here.page < from.page)
  if (left < 0)
    history.back() // nothing lay there any more
  else for (const l of open.slice(left).reverse()) l.close()
}
addEventListener('popstate', arrive)

// The router adds entries without a word.
export const moved = () => {
  here = where()
}

// Somebody goes elsewhere from what lies over all.
export const closeLayers = () => {
  for (const l of [...open].reverse()) l.close()
}

export const useLayer = (close: () => void) => {
  const me = { depth: 0, close }
  onMounted(() => {
    me.depth = (open.at(-1)?.depth ?? 0) + 1
    open.push(me)
    here = where()
    if (here.depth < me.depth) history.pushState({ ...history.state, depth: me.depth }, '')
    here = where()
  })
  onUnmounted(() => {
    const at = open.indexOf(me)
    if (at >= 0) open.splice(at, 1)
  })
}
