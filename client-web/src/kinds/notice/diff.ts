// What a text says differently than before, in pieces that read well: numbers and times whole, and changes close to each other as one.
export interface Piece {
  text: string
  is: 'same' | 'old' | 'new'
}

const near = 6 // so little unchanged between two changes is struck and said again with them

export const diff = (before: string, after: string): Piece[] => {
  const split = (s: string) => s.match(/[\d:：.]+|[A-Za-z]+|[\s\S]/gu) ?? []
  const a = split(before)
  const b = split(after)
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const x = a.slice(head, a.length - tail)
  const y = b.slice(head, b.length - tail)
  const out: Piece[] = []
  const say = (is: Piece['is'], text: string) => {
    const last = out.at(-1)
    if (last?.is === is) last.text += text
    else if (text) out.push({ is, text })
  }
  say('same', a.slice(0, head).join(''))
  // Texts that have nothing to do with each other are not compared piece by piece: it would take long and read badly.
  if (x.length * y.length > 1_000_000) {
    say('old', x.join(''))
    say('new', y.join(''))
  } else {
    // The longest common part, from the end: row i is that of x from i on.
    const rows = [new Uint16Array(y.length + 1)]
    for (let i = x.length - 1; i >= 0; i--) {
      const below = rows[0]!
      const row = new Uint16Array(y.length + 1)
      for (let j = y.length - 1; j >= 0; j--)
        row[j] = x[i] === y[j] ? below[j + 1]! + 1 : Math.max(below[j]!, row[j + 1]!)
      rows.unshift(row)
    }
    for (let i = 0, j = 0; i < x.length || j < y.length; ) {
      if (x[i] !== undefined && x[i] === y[j]) {
        say('same', x[i]!)
        i++
        j++
      } else if (i < x.length && (j === y.length || rows[i + 1]![j]! >= rows[i]![j + 1]!)) say('old', x[i++]!)
      else say('new', y[j++]!)
    }
  }
  say('same', tail ? a.slice(-tail).join('') : '')
  return slid(joined(out))
}

const joined = (all: Piece[]): Piece[] => {
  const out: Piece[] = []
  for (let i = 0; i < all.length; ) {
    if (all[i]!.is === 'same') {
      out.push(all[i++]!)
      continue
    }
    let old = ''
    let fresh = ''
    for (; i < all.length; i++) {
      const p = all[i]!
      const between = p.is === 'same' && i + 1 < all.length && p.text.length <= near && !/[。！？；\n]/.test(p.text)
      if (p.is === 'same' && !between) break
      if (p.is !== 'new') old += p.text
      if (p.is !== 'old') fresh += p.text
    }
    if (old) out.push({ is: 'old', text: old })
    if (fresh) out.push({ is: 'new', text: fresh })
  }
  return out
}

// A sentence that was added or struck begins after the full stop before it, not with it.
const slid = (all: Piece[]): Piece[] => {
  for (let i = 1; i + 1 < all.length; i++) {
    const [before, change, after] = [all[i - 1]!, all[i]!, all[i + 1]!]
    const stop = change.text[0]!
    if (before.is !== 'same' || after.is !== 'same' || after.text[0] !== stop || !/[。！？；，\n]/.test(stop)) continue
    before.text += stop
    change.text = change.text.slice(1) + stop
    after.text = after.text.slice(1)
  }
  return all.filter((p) => p.text)
}
