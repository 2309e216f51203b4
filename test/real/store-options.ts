// How the tests with real processes open a SQLite file.
import type { StoreOptions } from '../../src/store/port.ts'

export const STORE_OPTIONS: StoreOptions = {
  eventLimit: 1000,
  retentionSeconds: 3600,
  retryWindowMs: 300_000,
  durable: true,
  now: () => 1_767_225_600_000,
  observer: { unavailable: () => {}, available: () => {}, lost: () => {} },
}
