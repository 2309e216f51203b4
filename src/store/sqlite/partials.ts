// Writers and their rows in the file. Everything here runs inside a transaction of database.ts.
import { type Flush, type FlushOutcome, HISTORY, type RowKey, type WriterRow, type WriterState } from '../port.ts'
import { flushRefusal } from '../refusals.ts'
import type { Row, Statements } from './statements.ts'

const WRITER_COLUMNS = 'writer, sequence, sealed_minute, name, retired'
const ROW_COLUMNS = 'writer, slice, variant, segment_key, newest_second, bytes'
const FROM_ROWS = 'FROM writers JOIN partials ON partials.writer_id = writers.id'

interface KnownWriter {
  readonly id: number
  readonly sequence: number
  readonly retired: boolean
}

export class PartialTables {
  readonly #sql: Statements

  constructor(sql: Statements) {
    this.#sql = sql
  }

  /** Why the flush is not to be written; null: it is. */
  refusal(flush: Flush): FlushOutcome | null {
    return flushRefusal(flush, this.#writer(flush.experiment, flush.writer))
  }

  write(flush: Flush, name: string | null, change: number): void {
    const { experiment, writer, sequence, sealedMinute } = flush
    const known = this.#sql.first(
      `INSERT INTO writers (experiment, writer, name, sequence, sealed_minute, retired, changed)
       VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO UPDATE SET
         sequence = excluded.sequence, sealed_minute = excluded.sealed_minute, changed = excluded.changed
       RETURNING id`,
      [experiment, writer, name, sequence, sealedMinute, change],
    )
    const id = Number(known?.[0])
    for (const key of flush.dropped) this.#drop(id, key)
    for (const row of flush.rows)
      this.#sql.run(
        `INSERT INTO partials (writer_id, slice, variant, segment_key, newest_second, changed, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           newest_second = excluded.newest_second, changed = excluded.changed, bytes = excluded.bytes`,
        [id, row.slice, row.variant, row.segmentKey, row.newestSecond, change, row.bytes],
      )
    for (const adopted of flush.adopted) {
      const other = this.#writer(experiment, adopted.writer)
      if (other !== null) for (const key of adopted.keys) this.#drop(other.id, key)
    }
  }

  /** Whether the writer has no heir but this one, or one that was given up itself. */
  mayInherit(experiment: string, writer: string, heir: string): boolean {
    const other = this.#sql.first(
      `SELECT 1 FROM writers AS gone WHERE experiment = ?1 AND writer = ?2 AND heir <> ?3 AND NOT EXISTS
         (SELECT 1 FROM writers WHERE experiment = ?1 AND writer = gone.heir AND retired = 1)`,
      [experiment, writer, heir],
    )
    return other === null
  }

  retire(gone: { experiment: string; writer: string; heir: string }, change: number): void {
    this.#sql.run(
      `INSERT INTO writers (experiment, writer, name, sequence, sealed_minute, retired, heir, changed)
       VALUES (?, ?, NULL, 0, -1, 1, ?, ?) ON CONFLICT DO UPDATE SET heir = excluded.heir,
         changed = iif(retired = 1, changed, excluded.changed), retired = 1`,
      [gone.experiment, gone.writer, gone.heir, change],
    )
    this.#sql.run(
      `INSERT OR IGNORE INTO writers (experiment, writer, name, sequence, sealed_minute, retired, changed)
       VALUES (?, ?, NULL, 0, -1, 0, ?)`,
      [gone.experiment, gone.heir, change],
    )
  }

  /** Heirs of an earlier process: nothing of theirs is on its way any more. */
  forgetHeirs(): void {
    this.#sql.run('UPDATE writers SET heir = NULL WHERE heir IS NOT NULL')
  }

  forget(experiment: string): void {
    this.#sql.run('DELETE FROM partials WHERE writer_id IN (SELECT id FROM writers WHERE experiment = ?)', [experiment])
    this.#sql.run('DELETE FROM writers WHERE experiment = ?', [experiment])
  }

  /** All but `asking` that changed after the change `since`. */
  writers(experiment: string, since = -1, asking: string | null = null): WriterState[] {
    return this.#sql
      .all(`SELECT ${WRITER_COLUMNS} FROM writers WHERE experiment = ? AND changed > ? AND writer IS NOT ?`, [
        experiment,
        since,
        asking,
      ])
      .map(writerOf)
  }

  /** All rows that are not older than `oldestSecond`. */
  *rows(experiment: string, oldestSecond: number): Generator<WriterRow> {
    const sql = `SELECT ${ROW_COLUMNS} ${FROM_ROWS} WHERE experiment = ? AND newest_second >= ?`
    for (const row of this.#sql.iterate(sql, [experiment, oldestSecond])) yield rowOf(row)
  }

  *rowsOf(experiment: string, writer: string, oldestSecond: number): Generator<WriterRow> {
    const sql = `SELECT ${ROW_COLUMNS} ${FROM_ROWS} WHERE experiment = ? AND writer = ? AND newest_second >= ?`
    for (const row of this.#sql.iterate(sql, [experiment, writer, oldestSecond])) yield rowOf(row)
  }

  /** Rows of all but `asking` that changed after the change `since`. */
  *changedRows(
    experiment: string,
    asked: { readonly since: number; readonly asking: string; readonly oldestSecond: number },
  ): Generator<WriterRow> {
    const sql = `SELECT ${ROW_COLUMNS} ${FROM_ROWS}
      WHERE experiment = ? AND writers.changed > ? AND writer <> ? AND partials.changed > ? AND newest_second >= ?`
    const { since, asking, oldestSecond } = asked
    for (const row of this.#sql.iterate(sql, [experiment, since, asking, since, oldestSecond])) yield rowOf(row)
  }

  experiments(): string[] {
    return this.#sql.all('SELECT DISTINCT experiment FROM writers').map(([experiment]) => String(experiment))
  }

  sequenceOf(experiment: string, writer: string): number {
    return this.#writer(experiment, writer)?.sequence ?? 0
  }

  /** Removes minutes that are older than `oldestSecond`: their numbers say so, nothing else is read. */
  forgetMinutesBefore(oldestSecond: number): void {
    this.#sql.run(
      'DELETE FROM partials WHERE writer_id IN (SELECT id FROM writers) AND slice BETWEEN 0 AND ? AND newest_second < ?',
      [Math.floor(oldestSecond / 60), oldestSecond],
    )
  }

  /** Removes histories that are older than `oldestSecond`; reads them all. */
  forgetHistoriesBefore(oldestSecond: number): void {
    this.#sql.run(
      'DELETE FROM partials WHERE writer_id IN (SELECT id FROM writers) AND slice = ? AND newest_second < ?',
      [HISTORY, oldestSecond],
    )
  }

  /** Removes writers without rows, which nobody can be any more; the journal asks for the sequences of its own. Only before this process has written. */
  forgetEmptyWriters(): void {
    this.#sql.run(
      `DELETE FROM writers WHERE writer NOT IN (SELECT writer FROM journal)
         AND NOT EXISTS (SELECT 1 FROM partials WHERE writer_id = writers.id)`,
    )
  }

  #drop(id: number, { slice, variant, segmentKey }: RowKey): void {
    this.#sql.run('DELETE FROM partials WHERE writer_id = ? AND slice = ? AND variant = ? AND segment_key = ?', [
      id,
      slice,
      variant,
      segmentKey,
    ])
  }

  #writer(experiment: string, writer: string): KnownWriter | null {
    const row = this.#sql.first('SELECT id, sequence, retired FROM writers WHERE experiment = ? AND writer = ?', [
      experiment,
      writer,
    ])
    return row === null ? null : { id: Number(row[0]), sequence: Number(row[1]), retired: row[2] === 1 }
  }
}

function writerOf([writer, sequence, sealedMinute, name, retired]: Row): WriterState {
  return {
    writer: String(writer),
    sequence: Number(sequence),
    sealedMinute: Number(sealedMinute),
    name: name === null ? null : String(name),
    retired: retired === 1,
  }
}

function rowOf([writer, slice, variant, segmentKey, newestSecond, bytes]: Row): WriterRow {
  return {
    writer: String(writer),
    variant: String(variant),
    segmentKey: String(segmentKey),
    slice: Number(slice),
    newestSecond: Number(newestSecond),
    bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(),
  }
}
