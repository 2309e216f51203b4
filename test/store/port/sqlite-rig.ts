// A folder with a SQLite store in it, and a clock that is moved by hand.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreOptions } from '../../../src/store/port.ts'
import { SqliteStore } from '../../../src/store/sqlite/store.ts'
import type { StoreRig } from './stand.ts'

export class SqliteRig implements StoreRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'cohortd-store-'))
  readonly path: string
  #nowMs = 1_767_225_600_000

  constructor(name = join('größe – 1', 'deep', 'cohortd.db')) {
    this.path = join(this.folder, name)
  }

  open(options: StoreOptions): SqliteStore {
    return new SqliteStore(this.path, options)
  }

  now(): number {
    return this.#nowMs
  }

  advance(ms: number): void {
    this.#nowMs += ms
  }

  /** May be called again. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
