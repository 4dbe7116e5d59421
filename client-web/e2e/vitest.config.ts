import { defineConfig } from 'vitest/config'

// Browser tests: the real program on loopback, a real browser. One file after the other; each has a server of its own.
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    environment: 'node',
    globalSetup: ['e2e/setup.ts'],
    fileParallelism: false,
    // A shared machine may stall for longer than a wait lasts: then a test is tried once more, and the report says so.
    retry: 1,
    expect: { poll: { timeout: 15_000, interval: 100 } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
