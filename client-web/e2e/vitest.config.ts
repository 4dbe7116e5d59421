import { defineConfig } from 'vitest/config'

// Browser tests: the real program on loopback, a real browser. One file after the other; each has a server of its own.
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    environment: 'node',
    globalSetup: ['e2e/setup.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
