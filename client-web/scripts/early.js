// Comes before the program, and asks for what it will need while it is on its way: its parts, who I am, my rooms, the end of the room.
{
  const early = {}
  window.early = early
  const [, room] = /^\/rooms\/(\w+)/.exec(location.pathname) || []
  const kept = (name) => Number((new RegExp(`(?:^|; )linli_${name}=(-?\\d+)`).exec(document.cookie) || [])[1] || 0)
  const until = kept('until')
  if (until > Date.now() + kept('ahead'))
    for (const path of ['/me', '/rooms', ...(room ? [`/rooms/${room}/items?limit=50`] : [])]) {
      early[path] = fetch(`/api/v1${path}`)
      early[path].catch(() => {}) // whoever needs it asks again
    }
  const pages = __PAGES__
  const page = room
    ? 'talk'
    : /^\/join\//.test(location.pathname)
      ? 'join'
      : until && /^\/(rooms)?$/.test(location.pathname)
        ? 'rooms'
        : until
          ? 'home'
          : ''
  for (const href of pages[page] || []) {
    const link = document.createElement('link')
    const style = href.endsWith('.css') // what asks for it says where among the styles it counts
    link.rel = style ? 'preload' : 'modulepreload'
    if (style) link.as = 'style'
    link.crossOrigin = ''
    link.href = href
    document.head.append(link)
  }
}
