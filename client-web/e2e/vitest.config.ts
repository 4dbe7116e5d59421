import { defineConfig } from 'vitest/config'

// Browser tests: the real program on loopback, a real browser. Each file has a server and a browser of its own, and two run side by
// side. What a test waits for ends its waiting; the limits are there so that a test that hangs ends, however busy the machine is.
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    environment: 'node',
    globalSetup: ['e2e/setup.ts'],
    maxWorkers: 2,
    expect: { poll: { timeout: 180_000, interval: 100 } },
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
  },
})
