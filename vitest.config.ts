import { defineConfig } from 'vitest/config'

// Two projects: `fast` holds what needs nothing but the code (virtual time, no processes); `real` starts daemons, SDKs, browsers and Redis.
const REAL = ['test/real/**/*.test.ts', 'test/store/redis/**/*.test.ts', 'test/store/port/redis*.test.ts']

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: REAL, testTimeout: 20_000 } },
      {
        test: {
          name: 'real',
          include: REAL,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
