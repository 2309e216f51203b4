// Stores on a part of a Redis of their own, by the key prefix, with a clock that can be moved on: the server's and a correction.
import type { RedisServers, RedisSettings } from '../../../src/model/settings.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import type { StoreOptions } from '../../../src/store/port.ts'
import { RedisStore } from '../../../src/store/redis/store.ts'
import type { StoreRig } from '../port/stand.ts'

let rigs = 0

export function redisSettings(servers: RedisServers, changed: Partial<RedisSettings> = {}): RedisSettings {
  return { servers, username: null, password: null, tls: null, keyPrefix: 'cohortd', replicaName: null, ...changed }
}

export class RedisRig implements StoreRig {
  readonly settings: RedisSettings
  #aheadMs = 0

  constructor(servers: RedisServers, changed: Partial<RedisSettings> = {}) {
    this.settings = redisSettings(servers, { keyPrefix: `cohortd:test-${++rigs}`, ...changed })
  }

  open(options: StoreOptions): RedisStore {
    return new RedisStore(this.settings, options, { aheadMs: () => this.#aheadMs })
  }

  now(): number {
    return systemClock.now() + this.#aheadMs
  }

  advance(ms: number): void {
    this.#aheadMs += ms
  }

  close(): void {}
}
