import { defineConfig } from 'vitest/config'

// Two projects: `fast` holds what needs nothing but the code (virtual time, no processes); `real` starts daemons, SDKs and browsers.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: ['test/real/**'], testTimeout: 20_000 } },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
