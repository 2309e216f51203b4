// The SQLite file, synchronously: opening, locking, and one transaction for each change. Runs in the store's own thread,
// since a large change takes hundreds of milliseconds.
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { isEventId, type PublishedEvent } from '../model/event.ts'
import { type CohortPiece, packCohorts, unpackCohorts } from './cohort-pieces.ts'
import { type CohortState, type ExperimentState, type StateChange, StoreError } from './port.ts'
import { explainDirectoryError, explainSqliteError } from './sqlite-errors.ts'
import type { PackedState } from './sqlite-protocol.ts'
import { prepareSchema } from './sqlite-schema.ts'

type Row = Record<string, SQLOutputValue>

/** One open file, locked against every other process until close(). Every failure is a StoreError that names the file. */
export class SqliteDatabase {
  readonly #database: DatabaseSync
  readonly #file: string
  readonly #eventLimit: number
  readonly #statements = new Map<string, StatementSync>()

  /** `file` is an absolute path; its directory is made where it is missing. */
  constructor(file: string, eventLimit: number) {
    this.#file = file
    this.#eventLimit = eventLimit
    try {
      makeDirectory(dirname(file))
    } catch (error) {
      throw explainDirectoryError(error, dirname(file))
    }
    this.#database = openLocked(file)
    this.#explained(() => this.#pruneEvents())
  }

  /** Opens a change; one that was left unfinished is forgotten. */
  begin(change: Pick<StateChange, 'forgottenExperiments' | 'forgottenCohorts'>): void {
    this.rollback()
    this.#explained(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      for (const id of change.forgottenExperiments) {
        this.#prepared('DELETE FROM experiments WHERE id = ?').run(id)
        this.#prepared('DELETE FROM cohorts WHERE experiment = ?').run(id)
      }
      const forget = this.#prepared('DELETE FROM cohorts WHERE experiment = ? AND variant = ? AND segment_key = ?')
      for (const cohort of change.forgottenCohorts) forget.run(cohort.experiment, cohort.variant, cohort.segmentKey)
    })
  }

  /** Writes cohorts into the change that was begun. */
  write(piece: CohortPiece): void {
    this.#explained(() => {
      const upsert = this.#prepared(`
        INSERT INTO cohorts (experiment, variant, segment_key, partial, alerts) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET partial = excluded.partial, alerts = excluded.alerts`)
      for (const cohort of unpackCohorts(piece))
        upsert.run(cohort.experiment, cohort.variant, cohort.segmentKey, cohort.partial, cohort.alerts)
    })
  }

  /** Completes the change; only now does any of it count. */
  commit(change: Pick<StateChange, 'experiments' | 'engine' | 'events'>): void {
    this.#explained(() => {
      const upsert = this.#prepared(
        'INSERT INTO experiments (id, json) VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json',
      )
      for (const experiment of change.experiments) upsert.run(experiment.id, experiment.json)
      this.#prepared('INSERT INTO engine (id, json) VALUES (1, ?) ON CONFLICT DO UPDATE SET json = excluded.json').run(
        change.engine,
      )
      this.#addEvents(change.events)
      this.#database.exec('COMMIT')
    })
  }

  /** Forgets a change that was begun; harmless where there is none (some failures end it themselves). */
  rollback(): void {
    this.#explained(() => {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    })
  }

  load(): PackedState {
    return this.#explained(() => {
      const engine = this.#prepared('SELECT json FROM engine').get()
      const cohorts = this.#prepared('SELECT experiment, variant, segment_key, partial, alerts FROM cohorts').iterate()
      return {
        experiments: this.#prepared('SELECT id, json FROM experiments').all().map(experimentOf),
        engine: engine === undefined ? null : String(engine.json),
        pieces: [...packCohorts(cohortsOf(cohorts))],
      }
    })
  }

  readEvents(afterId: string | null, limit: number): PublishedEvent[] {
    return this.#explained(() => {
      const [time, number] = afterId === null ? [-1, -1] : eventIdParts(afterId)
      return this.#prepared(
        'SELECT time, number, json FROM events WHERE (time, number) > (?, ?) ORDER BY time, number LIMIT ?',
      )
        .all(time, number, Math.max(0, limit))
        .map(eventOf)
    })
  }

  newestEvents(limit: number): PublishedEvent[] {
    return this.#explained(() =>
      this.#prepared('SELECT time, number, json FROM events ORDER BY time DESC, number DESC LIMIT ?')
        .all(Math.max(0, limit))
        .map(eventOf)
        .toReversed(),
    )
  }

  close(): void {
    this.#explained(() => this.#database.close())
  }

  #addEvents(events: readonly PublishedEvent[]): void {
    if (events.length === 0) return
    const upsert = this.#prepared(
      'INSERT INTO events (time, number, json) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json',
    )
    for (const event of events) upsert.run(...eventIdParts(event.id), event.json)
    this.#pruneEvents()
  }

  #pruneEvents(): void {
    this.#prepared(`
      DELETE FROM events WHERE (time, number) <=
        (SELECT time, number FROM events ORDER BY time DESC, number DESC LIMIT 1 OFFSET ?)`).run(this.#eventLimit)
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #explained<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw explainSqliteError(error, this.#file)
    }
  }
}

/** Not Node's own recursive way, which never ends where a file system refuses with ENOENT, as /proc does. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error
  }
}

/**
 * Locking mode EXCLUSIVE is set before the first access: the lock taken by the empty transaction is then held until
 * close (the system drops it when the process dies), and WAL needs no shared memory file.
 * Synchronous NORMAL: a killed process loses nothing; a power cut may lose the last changes, never half of one.
 */
function openLocked(file: string): DatabaseSync {
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216')
    prepareSchema(database, file)
    return database
  } catch (error) {
    if (database?.isOpen) database.close()
    throw explainSqliteError(error, file)
  }
}

function* cohortsOf(rows: Iterable<Row>): Generator<CohortState> {
  for (const row of rows)
    yield {
      experiment: String(row.experiment),
      variant: String(row.variant),
      segmentKey: String(row.segment_key),
      partial: row.partial instanceof Uint8Array ? row.partial : new Uint8Array(),
      alerts: String(row.alerts),
    }
}

function experimentOf(row: Row): ExperimentState {
  return { id: String(row.id), json: String(row.json) }
}

function eventOf(row: Row): PublishedEvent {
  return { id: `${String(row.time)}-${String(row.number)}`, json: String(row.json) }
}

function eventIdParts(id: string): [number, number] {
  if (!isEventId(id)) throw new StoreError(`"${id}" is not the id of an event`)
  const dash = id.indexOf('-')
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))]
}
