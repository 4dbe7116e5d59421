import { rmSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { build, type Town } from './town'

declare module 'vitest' {
  export interface ProvidedContext {
    town: Town & { data: string }
  }
}

// The town is built once, and each file begins with a copy of it.
export default async function setup({ provide }: TestProject) {
  const town = await build()
  provide('town', town)
  return () => rmSync(town.data, { recursive: true, force: true })
}
