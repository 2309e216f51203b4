// The tables of the SQLite store, and what is done with a file of another version. A file says whose it is (application_id) and its
// version (user_version; version 1 had a table schema_version, which lives on as a view so that the first cohortd refuses a file
// of today with its own clear words). docs/reference/store-sqlite.md describes the views.
import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../port.ts'
import { moveFromVersion1, setVersion1Aside } from './migrate-version-1.ts'
import { VIEWS } from './views.ts'

/** "cohd": marks the file as ours. */
const APPLICATION_ID = 0x636f6864
const VERSION = 3
/** A row of a minute fits in a quarter of it, so it needs no pages of its own. Measured: half the file and half the time to write of 4096. */
const PAGE_BYTES = 16384

/**
 * Rows lie by writer and slice: those of the minute that runs are neighbours, so a flush touches few pages, and minutes that
 * are folded leave whole pages behind. `changed` numbers what happened in the life of the file; see changes.ts.
 */
const TABLES = `
  CREATE TABLE process (id INTEGER PRIMARY KEY CHECK (id = 1), starts INTEGER NOT NULL) STRICT;
  INSERT INTO process VALUES (1, 0);
  CREATE TABLE writers (
    id INTEGER PRIMARY KEY,
    experiment TEXT NOT NULL,
    writer TEXT NOT NULL,
    name TEXT,
    sequence INTEGER NOT NULL,
    sealed_minute INTEGER NOT NULL,
    retired INTEGER NOT NULL,
    heir TEXT,
    changed INTEGER NOT NULL,
    UNIQUE (experiment, writer)
  ) STRICT;
  CREATE TABLE partials (
    writer_id INTEGER NOT NULL,
    slice INTEGER NOT NULL,
    variant TEXT NOT NULL,
    segment_key TEXT NOT NULL,
    newest_second INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (writer_id, slice, variant, segment_key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE experiments (
    experiment TEXT PRIMARY KEY,
    state TEXT,
    state_changed INTEGER NOT NULL,
    publication INTEGER NOT NULL,
    changed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE alerts (
    experiment TEXT NOT NULL,
    variant TEXT NOT NULL,
    segment_key TEXT NOT NULL,
    json TEXT,
    changed INTEGER NOT NULL,
    PRIMARY KEY (experiment, variant, segment_key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE leases (experiment TEXT PRIMARY KEY, token INTEGER NOT NULL, writer TEXT) STRICT;
  CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    committed_ms INTEGER NOT NULL,
    experiment TEXT NOT NULL,
    identities TEXT NOT NULL
  ) STRICT;
  CREATE INDEX requests_by_time ON requests (committed_ms);
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    writer TEXT NOT NULL,
    number INTEGER NOT NULL,
    committed_ms INTEGER NOT NULL,
    flushes TEXT NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (writer, number)
  ) STRICT;
  CREATE TABLE records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    json TEXT NOT NULL,
    until_ms INTEGER,
    PRIMARY KEY (kind, id)
  ) STRICT;
`

/** Without a view: nobody needs to see them. Version 2 had none. */
const SECRETS = 'CREATE TABLE secrets (name TEXT PRIMARY KEY, secret TEXT NOT NULL) STRICT;'

const EVENTS = `
  CREATE TABLE IF NOT EXISTS events (
    time INTEGER NOT NULL,
    number INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (time, number)
  ) STRICT;
`

/** What a file is before it is touched. Throws StoreError for one that is not ours or is newer. */
export function versionOf(database: DatabaseSync, file: string): number {
  const isNew = numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0
  if (isNew) return 0
  if (numberOf(database, 'PRAGMA application_id') !== APPLICATION_ID)
    throw new StoreError(`the store ${file} is a SQLite database of another program; name another file in store.path`)
  const version = numberOf(database, 'PRAGMA user_version') || numberOf(database, 'SELECT version FROM schema_version')
  if (version > VERSION)
    throw new StoreError(
      `the store ${file} was written by a newer cohortd (its version is ${version}, this cohortd knows up to ${VERSION}); run the newer cohortd, or name another file in store.path`,
    )
  return version
}

/** To be called before the journal mode is set: how pages lie in a new file cannot be changed later. */
export function layOutPages(database: DatabaseSync): void {
  database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`)
}

/** Makes the tables of a new file, or brings those of an older version up to date, in one transaction. */
export function prepareSchema(database: DatabaseSync, version: number): void {
  if (version === VERSION) return
  database.exec('BEGIN IMMEDIATE')
  try {
    if (version === 2) database.exec(`${SECRETS} DROP VIEW schema_version`)
    else makeTables(database, version)
    database.exec(`CREATE VIEW schema_version AS SELECT ${VERSION} AS version`)
    database.exec(`PRAGMA user_version = ${VERSION}; PRAGMA application_id = ${APPLICATION_ID}; COMMIT`)
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
  // Pages of an older file lie as they did when it was made; this lays them out anew.
  if (version === 1) {
    layOutPages(database)
    database.exec('VACUUM')
  }
}

function makeTables(database: DatabaseSync, version: number): void {
  if (version === 1) setVersion1Aside(database)
  database.exec(TABLES + SECRETS + EVENTS)
  if (version === 1) moveFromVersion1(database)
  database.exec(VIEWS)
}

export function numberOf(database: DatabaseSync, sql: string): number {
  const row = database.prepare(sql).get()
  return row === undefined ? 0 : Number(Object.values(row)[0])
}
