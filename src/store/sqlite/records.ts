// State of other parts of the program in the file, by kind and id.
import type { RecordKind, StoredRecord } from '../port.ts'
import type { Statements } from './statements.ts'

export class RecordTable {
  readonly #sql: Statements

  constructor(sql: Statements) {
    this.#sql = sql
  }

  all(kind: RecordKind, nowMs: number): StoredRecord[] {
    return this.#sql
      .all('SELECT id, json, until_ms FROM records WHERE kind = ? AND (until_ms IS NULL OR until_ms > ?) ORDER BY id', [
        kind,
        nowMs,
      ])
      .map(([id, json, untilMs]) => ({
        id: String(id),
        json: String(json),
        untilMs: untilMs === null ? null : Number(untilMs),
      }))
  }

  put(kind: RecordKind, records: readonly StoredRecord[]): void {
    for (const { id, json, untilMs } of records)
      this.#sql.run('INSERT OR REPLACE INTO records (kind, id, json, until_ms) VALUES (?, ?, ?, ?)', [
        kind,
        id,
        json,
        untilMs,
      ])
  }

  delete(kind: RecordKind, ids: readonly string[]): void {
    for (const id of ids) this.#sql.run('DELETE FROM records WHERE kind = ? AND id = ?', [kind, id])
  }

  prune(nowMs: number): void {
    this.#sql.run('DELETE FROM records WHERE until_ms <= ?', [nowMs])
  }
}
