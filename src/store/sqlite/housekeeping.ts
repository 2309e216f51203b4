// What keeps the file small: rows, requests and journal entries that are out of their time, and pages that nobody uses.
import type { DatabaseSync } from 'node:sqlite'
import { numberOf } from './schema.ts'

/** In the store's time. Histories are looked through seldom, since that reads them all; whoever loads leaves out what is old anyway. */
const INTERVAL_MS = 60_000
const HISTORIES_INTERVAL_MS = 30 * 60_000
/** Pages given back at a time, a few milliseconds; and the share of unused ones that is left to be used again. */
const VACUUM_PAGES = 256
const SPARE_SHARE = 0.25
const SPARE_PAGES = 512

/** Removes what is out of its time. */
export interface Forgetting {
  forgetOld(nowMs: number): void
  forgetOldHistories(nowMs: number): void
}

export class Housekeeping {
  readonly #database: DatabaseSync
  readonly #forgetting: Forgetting
  readonly #old = new Interval(INTERVAL_MS)
  readonly #oldHistories = new Interval(HISTORIES_INTERVAL_MS)

  constructor(database: DatabaseSync, forgetting: Forgetting) {
    this.#database = database
    this.#forgetting = forgetting
  }

  /** To be called after a transaction. What fails here fails again, and is told, when something is to be written. */
  run(nowMs: number): void {
    try {
      if (this.#old.isOver(nowMs)) this.#forgetting.forgetOld(nowMs)
      if (this.#oldHistories.isOver(nowMs)) this.#forgetting.forgetOldHistories(nowMs)
      this.#giveBackPages()
    } catch {
      // The transaction before it was written all the same.
    }
  }

  #giveBackPages(): void {
    const unused = numberOf(this.#database, 'PRAGMA freelist_count')
    if (unused <= SPARE_PAGES || unused <= SPARE_SHARE * numberOf(this.#database, 'PRAGMA page_count')) return
    this.#database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`)
  }
}

class Interval {
  readonly #ms: number
  #dueMs = -Infinity

  constructor(ms: number) {
    this.#ms = ms
  }

  /** Whether it is over, and begins anew. A clock that was set back does not keep it from ending. */
  isOver(nowMs: number): boolean {
    if (nowMs < this.#dueMs && nowMs >= this.#dueMs - this.#ms) return false
    this.#dueMs = nowMs + this.#ms
    return true
  }
}
