// Chooses the store that the configuration names.
import type { Settings } from '../model/settings.ts'
import { MemoryStore } from './memory.ts'
import type { Store } from './port.ts'
import { SqliteStore } from './sqlite.ts'

/** A store that is not started yet. SQLite itself is loaded by the store's thread, so only where it is used. */
export function openStore(settings: Settings['store'], options: { eventLimit: number }): Store {
  switch (settings.type) {
    case 'memory':
      return new MemoryStore(options)
    case 'sqlite':
      return new SqliteStore({ path: settings.path, eventLimit: options.eventLimit })
  }
}
