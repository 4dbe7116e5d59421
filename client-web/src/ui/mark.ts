// How a room without a face is told from others: the number of its house, else its first letters, on one of six grounds.
export const markOf = (name: string) => {
  const m = /(\d+)(号楼|栋)$/.exec(name)
  return m ? { big: m[1]!, small: m[2]! } : { big: name.slice(0, 2), small: '' }
}
export const tintOf = (id: string) => `c${([...id].reduce((n, c) => n + c.charCodeAt(0), 0) % 6) + 1}`
