// Chooses the store that the configuration names.
import type { StoreSettings } from '../model/settings.ts'
import { MemoryStore } from './memory/store.ts'
import type { Store, StoreOptions } from './port.ts'
import { RedisStore } from './redis/store.ts'
import { SqliteStore } from './sqlite/store.ts'

/** A store that is not started yet. */
export function openStore(settings: StoreSettings, options: StoreOptions): Store {
  switch (settings.type) {
    case 'memory':
      return new MemoryStore(options)
    case 'sqlite':
      return new SqliteStore(settings.path, options)
    case 'redis':
      return new RedisStore(settings.redis, options)
  }
}
