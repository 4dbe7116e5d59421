// Which way somebody's hand moves the talk. The list's own offset does not tell: it also changes when the program scrolls, and when rows
// turn out to be taller than they were thought.

const enough = 24 // px one way before it counts

const keys: Record<string, number> = { ArrowDown: 40, PageDown: 400, End: 400, ArrowUp: -40, PageUp: -400, Home: -400 }
// The space bar turns pages too, unless it presses what has the focus.
const byKey = (e: KeyboardEvent) => {
  if (e.key !== ' ') return keys[e.key]
  const pressed = (e.target as Element | null)?.closest('button, a, input, textarea, select, summary')
  return pressed ? undefined : e.shiftKey ? -400 : 400
}
// A mouse takes hold of the talk by its scroll bar, which is the list's own where no row lies, or by the middle button.
const grips = (e: PointerEvent) =>
  e.pointerType === 'mouse' && (e.button === 1 || (e.target as Element | null)?.matches('[role=log]'))

// Hears wheel, touch and keys, and says `down` when the hand goes on one way: true while reading on, false while looking back. Of a mouse
// that holds the talk it knows no way: grip.
export const steering = (say: (down: boolean) => void, grip = () => {}) => {
  let went = 0
  let finger = 0
  const go = (by: number) => {
    went = Math.sign(by) === Math.sign(went) ? went + by : by
    if (Math.abs(went) >= enough) say(went > 0)
  }
  return {
    wheel: (e: WheelEvent) => go(e.deltaMode ? e.deltaY * 40 : e.deltaY),
    touchstart: (e: TouchEvent) => {
      finger = e.touches[0]?.clientY ?? 0
    },
    touchmove: (e: TouchEvent) => {
      const y = e.touches[0]?.clientY ?? finger
      if (y !== finger) go(finger - y)
      finger = y
    },
    keydown: (e: KeyboardEvent) => {
      const by = byKey(e)
      if (by) go(by)
    },
    pointerdown: (e: PointerEvent) => {
      if (grips(e)) grip()
    },
  }
}
