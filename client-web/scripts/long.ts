// How much of a long test is run: a sample that is the same every time, or all of it where LINLI_LONG is 1 (make long).

export const long = () => process.env.LINLI_LONG === '1'

// How often something is done that is done so often as a sample, and so often in all.
export const runs = (sample: number, all: number) => (long() ? all : sample)

// Numbers from 0 to below 1, the same ones for the same seed (mulberry32).
export const drawn = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

// A sample of so many, in their order, drawn by a seed; all of them where all is run.
export const some = <T>(seed: number, sample: number, all: T[]): T[] => {
  if (long() || sample >= all.length) return all
  const next = drawn(seed)
  let left = sample
  return all.filter((_, i) => {
    const take = next() * (all.length - i) < left
    if (take) left--
    return take
  })
}

// The environment of a program that a test starts.
export const environ = () => {
  const { LINLI_LONG: _, ...env } = process.env
  return env
}
