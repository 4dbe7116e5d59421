// Which way somebody's hand moves the talk. The list's own offset does not tell: it also changes when the program scrolls, and when rows
// turn out to be taller than they were thought.

const enough = 24 // px one way before it counts

const keys: Record<string, number> = { ArrowDown: 40, PageDown: 400, End: 400, ArrowUp: -40, PageUp: -400, Home: -400 }

// Hears wheel, touch and keys, and says `down` when the hand goes on one way: true while reading on, false while looking back.
export const steering = (say: (down: boolean) => void) => {
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
      if (keys[e.key]) go(keys[e.key]!)
    },
  }
}
