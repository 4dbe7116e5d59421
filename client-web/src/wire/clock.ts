// The server's clock. A phone's own may be wrong by hours; by how much, each connection says. That is kept for the next page, which asks
// before it is connected (scripts/early.js reads it too).

let ahead = Number(/(?:^|; )linli_ahead=(-?\d+)/.exec(document.cookie)?.[1] ?? 0) // ms, of the server's before ours

export const now = () => Date.now() + ahead

// The server has said what time it is.
export const setClock = (at: number) => {
  ahead = at - Date.now()
  document.cookie = `linli_ahead=${ahead}; path=/; max-age=34560000; SameSite=Lax`
}
