// The tables of the SQLite store, version by version. A file says whose it is (application_id) and its version
// (table schema_version); a file of a later version is refused, never guessed at.
import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from './port.ts'

/** "cohd": marks the file as ours. */
const APPLICATION_ID = 0x636f6864

/** Step n brings a file of version n to version n + 1. Steps are added, never changed. */
const STEPS: readonly string[] = [
  `
  CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
  INSERT INTO schema_version VALUES (0);
  CREATE TABLE engine (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL) STRICT;
  CREATE TABLE experiments (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE cohorts (
    experiment TEXT NOT NULL,
    variant TEXT NOT NULL,
    segment_key TEXT NOT NULL,
    partial BLOB NOT NULL,
    alerts TEXT NOT NULL,
    PRIMARY KEY (experiment, variant, segment_key)
  ) STRICT;
  CREATE TABLE events (
    time INTEGER NOT NULL,
    number INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (time, number)
  ) STRICT;
  `,
]

/** Makes the tables of a new file, or brings those of an older version up to date, in one transaction. Throws StoreError for a file that is not ours or is newer. */
export function prepareSchema(database: DatabaseSync, file: string): void {
  const applicationId = numberOf(database, 'PRAGMA application_id')
  const isNew = numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0
  if (!isNew && applicationId !== APPLICATION_ID)
    throw new StoreError(`the store ${file} is a SQLite database of another program; name another file in store.path`)
  const version = isNew ? 0 : numberOf(database, 'SELECT version FROM schema_version')
  if (version > STEPS.length)
    throw new StoreError(
      `the store ${file} was written by a newer cohortd (its version is ${version}, this cohortd knows up to ${STEPS.length}); run the newer cohortd, or name another file in store.path`,
    )
  if (version === STEPS.length) return
  database.exec('BEGIN')
  try {
    for (const step of STEPS.slice(version)) database.exec(step)
    database.exec(`UPDATE schema_version SET version = ${STEPS.length}; PRAGMA application_id = ${APPLICATION_ID};`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function numberOf(database: DatabaseSync, sql: string): number {
  const row = database.prepare(sql).get()
  return row === undefined ? 0 : Number(Object.values(row)[0])
}
