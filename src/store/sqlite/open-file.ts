// Opening the file for one process alone. The lock is a second, empty SQLite file beside it, held in EXCLUSIVE mode: the system
// drops it when the process dies, and the store itself stays readable for the sqlite3 tool, which a locked one would not be.
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { explainDirectoryError, explainSqliteError, isInUse } from './errors.ts'
import { layOutPages, prepareSchema, versionOf } from './schema.ts'

/** How long to wait for a reader or writer of another program, such as the sqlite3 tool. */
const BUSY_MS = 5000
const CACHE_KIB = 32 * 1024
/** The log is moved into the file when it has so many pages, and cut to so many bytes after that. */
const CHECKPOINT_PAGES = 1000
const LOG_BYTES = 64 << 20

export interface OpenedFile {
  readonly database: DatabaseSync
  /** To be closed last. */
  readonly lock: DatabaseSync
}

/** `file` is an absolute path; its directory is made where it is missing. Throws StoreError, and leaves nothing open. */
export function openFile(file: string, durable: boolean): OpenedFile {
  try {
    makeDirectory(dirname(file))
  } catch (error) {
    throw explainDirectoryError(error, dirname(file))
  }
  const opened: DatabaseSync[] = []
  try {
    const lock = openLock(file)
    opened.push(lock)
    const database = new DatabaseSync(file, { timeout: 0 })
    opened.push(database)
    prepare(database, { file, durable })
    return { database, lock }
  } catch (error) {
    for (const database of opened.toReversed()) database.close()
    throw explainSqliteError(error, file)
  }
}

function openLock(file: string): DatabaseSync {
  const lock = new DatabaseSync(`${file}-lock`, { timeout: 0 })
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
    return lock
  } catch (error) {
    lock.close()
    // Whoever has the lock has the store; anything else is wrong with the lock's own file.
    throw isInUse(error) ? error : explainSqliteError(error, `${file}-lock`)
  }
}

/**
 * Synchronous NORMAL: a killed process loses nothing; a power cut may lose the last commits, never half of one. FULL: each
 * commit is on the disk before it is answered.
 */
function prepare(database: DatabaseSync, { file, durable }: { file: string; durable: boolean }): void {
  const version = versionOf(database, file)
  if (version === 0) layOutPages(database)
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'};
    PRAGMA busy_timeout = ${BUSY_MS};
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${LOG_BYTES};
  `)
  prepareSchema(database, version)
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
