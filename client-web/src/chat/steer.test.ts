import { expect, it } from 'vitest'
import { steering } from './steer'

it('says which way the hand goes, once it means it', () => {
  const said: boolean[] = []
  const s = steering(
    (down) => said.push(down),
    () => {},
  )
  const touch = (y: number) => ({ touches: [{ clientY: y }] }) as unknown as TouchEvent
  const wheel = (deltaY: number, deltaMode = 0) => ({ deltaY, deltaMode }) as WheelEvent
  s.wheel(wheel(20))
  expect(said).toEqual([])
  s.wheel(wheel(20))
  s.wheel(wheel(-10))
  s.wheel(wheel(-20))
  expect(said.splice(0)).toEqual([true, false])
  s.wheel(wheel(1, 1)) // a line, not a pixel
  s.touchstart(touch(500))
  s.touchmove(touch(500))
  s.touchmove(touch(530)) // the finger goes down: looking back
  s.touchmove(touch(490))
  s.keydown({ key: 'PageUp' } as KeyboardEvent)
  s.keydown({ key: 'a' } as KeyboardEvent)
  expect(said).toEqual([true, false, true, false])
})

it('knows the space bar where it presses nothing, and a mouse that holds the list', () => {
  const said: (boolean | 'grip')[] = []
  const s = steering(
    (down) => said.push(down),
    () => said.push('grip'),
  )
  document.body.innerHTML = '<div role="log"><p>早</p><button>赞</button></div>'
  const on = (at: string) => document.querySelector(at)
  const key = (at: string, key: string, shiftKey = false) =>
    s.keydown({ key, shiftKey, target: on(at) } as unknown as KeyboardEvent)
  key('[role=log]', ' ', true)
  key('[role=log]', ' ')
  key('button', ' ', true)
  expect(said.splice(0)).toEqual([false, true])
  const press = (at: string, button = 0, pointerType = 'mouse') =>
    s.pointerdown({ target: on(at), button, pointerType } as unknown as PointerEvent)
  press('p')
  press('[role=log]', 0, 'touch')
  press('button')
  expect(said).toEqual([])
  press('[role=log]')
  press('p', 1)
  expect(said).toEqual(['grip', 'grip'])
})
