// Identities of requests, and the journal, in the file. Everything here runs inside a transaction of database.ts.
import type { Claim, Commit, JournalEntry, LeftJournalEntry } from '../port.ts'
import type { Row, Statements } from './statements.ts'

/** Identities come by the thousand a second: one row holds those of a flush, as a JSON list. */
export class RequestTables {
  readonly #sql: Statements
  readonly #windowMs: number
  /** By writer: whose entries it was given, and takes over with its first own one. */
  readonly #handedOver = new Map<string, readonly string[]>()

  constructor(sql: Statements, windowMs: number) {
    this.#sql = sql
    this.#windowMs = windowMs
  }

  /** '' stands for the journal. */
  count(experiment: string, identities: readonly string[], nowMs: number): void {
    if (identities.length === 0) return
    this.#sql.run('INSERT INTO requests (committed_ms, experiment, identities) VALUES (?, ?, ?)', [
      nowMs,
      experiment,
      JSON.stringify(identities),
    ])
  }

  recent(nowMs: number): string[] {
    const identities = new Set<string>()
    for (const [list] of this.#sql.iterate('SELECT identities FROM requests WHERE committed_ms > ? ORDER BY id', [
      nowMs - this.#windowMs,
    ]))
      for (const identity of JSON.parse(String(list)) as string[]) identities.add(identity)
    return [...identities]
  }

  claim(identity: string, experiment: string, nowMs: number): Claim {
    const counted = this.#sql.first(
      `SELECT 1 FROM requests, json_each(identities) WHERE committed_ms > ? AND experiment = ? AND value = ?`,
      [nowMs - this.#windowMs, experiment, identity],
    )
    return counted === null ? 'ours' : 'counted'
  }

  addToJournal({ writer, flushes }: Commit, { number, bytes, oldestNeeded }: JournalEntry, nowMs: number): void {
    for (const other of this.#handedOver.get(writer) ?? [])
      this.#sql.run('DELETE FROM journal WHERE writer = ?', [other])
    this.#sql.run('DELETE FROM journal WHERE writer = ? AND number < ?', [writer, oldestNeeded])
    const sequences = JSON.stringify(flushes.map(({ experiment, sequence }) => [experiment, sequence]))
    this.#sql.run(
      `INSERT INTO journal (writer, number, committed_ms, flushes, bytes) SELECT ?1, ?2, ?3, ?4, ?5
       WHERE NOT EXISTS (SELECT 1 FROM journal WHERE writer = ?1 AND number >= ?2)`,
      [writer, number, nowMs, sequences, bytes],
    )
  }

  /** `sequenceOf` tells the latest sequence of a writer that is stored. */
  leftJournal(
    writer: string,
    nowMs: number,
    sequenceOf: (experiment: string, writer: string) => number,
  ): LeftJournalEntry[] {
    const rows = this.#sql.all(
      'SELECT writer, number, flushes, bytes FROM journal WHERE writer <> ? AND committed_ms > ? ORDER BY id',
      [writer, nowMs - this.#windowMs],
    )
    const entries = rows.map((row) => leftEntry(row, sequenceOf))
    this.#handedOver.set(writer, [...new Set(entries.map((entry) => entry.writer))])
    return entries
  }

  /** Removes what is out of the window, of the journal only what `living` (null: nobody) did not write. */
  prune(nowMs: number, living: string | null): void {
    this.#sql.run('DELETE FROM requests WHERE committed_ms <= ?', [nowMs - this.#windowMs])
    this.#sql.run('DELETE FROM journal WHERE committed_ms <= ? AND writer IS NOT ?', [nowMs - this.#windowMs, living])
  }
}

function leftEntry(
  [writer, number, flushes, bytes]: Row,
  sequenceOf: (experiment: string, writer: string) => number,
): LeftJournalEntry {
  const sequences = JSON.parse(String(flushes)) as [string, number][]
  return {
    writer: String(writer),
    number: Number(number),
    bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(),
    unwritten: sequences.flatMap(([experiment, sequence]) =>
      sequenceOf(experiment, String(writer)) < sequence ? [experiment] : [],
    ),
  }
}
