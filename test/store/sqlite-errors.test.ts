// SQLite's result codes in words a person can act on; those that a test cannot cause for real are given by hand.
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { StoreError } from '../../src/store/port.ts'
import { explainSqliteError } from '../../src/store/sqlite-errors.ts'

const FILE = "/data/it's here.db"

test.each([
  ['locked by another process', 5, /in use by another process/],
  ['read-only', 8, /cannot be written \(read-only\)/],
  ['read-only, as its extended code', 8 | (6 << 8), /cannot be written \(read-only\)/],
  ['an unreliable disk', 10 | (3 << 8), /disk or file system under it is in trouble/],
  ['a damaged file', 11, /is damaged; move it away.*sqlite3 '\/data\/it'\\''s here\.db' \.recover/],
  ['no space', 13, /no space left to write/],
  ['a path that cannot be opened', 14, /cannot be opened/],
  ['another kind of file', 26, /is not a SQLite database/],
])('%s', (_, errcode, message) => {
  const explained = explainSqliteError(Object.assign(new Error('original words'), { errcode }), FILE)
  expect(explained).toBeInstanceOf(StoreError)
  expect(explained.message).toMatch(message)
  expect(explained.message).toContain(FILE)
  expect(explained.message).toContain('original words')
})

test('a full database file is recognised by the error that SQLite really throws', () => {
  const database = new DatabaseSync(':memory:')
  database.exec('PRAGMA max_page_count = 5; CREATE TABLE t (b BLOB)')
  const insert = database.prepare('INSERT INTO t VALUES (zeroblob(100000))')
  let thrown: unknown
  try {
    insert.run()
  } catch (error) {
    thrown = error
  }
  database.close()
  expect(explainSqliteError(thrown, FILE).message).toMatch(/no space left/)
})

test('a store error passes as it is, and an unknown one keeps its words', () => {
  const own = new StoreError('already clear')
  expect(explainSqliteError(own, FILE)).toBe(own)
  expect(explainSqliteError('odd', FILE).message).toContain('odd')
})
