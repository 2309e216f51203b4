// The SQL of an open file, each statement prepared once; rows come as arrays in the order of the columns.
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'

export type Row = readonly SQLOutputValue[]

export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** How many rows it changed. */
  run(sql: string, values: readonly SQLInputValue[] = []): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  all(sql: string, values: readonly SQLInputValue[] = []): Row[] {
    return [...this.iterate(sql, values)]
  }

  first(sql: string, values: readonly SQLInputValue[] = []): Row | null {
    for (const row of this.iterate(sql, values)) return row
    return null
  }

  iterate(sql: string, values: readonly SQLInputValue[] = []): Iterable<Row> {
    // The types know rows as objects only; setReturnArrays() makes them arrays.
    return this.#statement(sql).iterate(...values) as Iterable<object> as Iterable<Row>
  }

  /** All that the work writes, or nothing. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // Some failures end the transaction themselves.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      statement.setReturnArrays(true)
      this.#prepared.set(sql, statement)
    }
    return statement
  }
}
