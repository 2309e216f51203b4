// The rows of all writers of one experiment as a store would hold them, without any of a store's troubles.
import type { Engine } from '../../src/engine/engine.ts'
import type { FlushDraft, PartialRow, RowKey, WriterRow, WriterState } from '../../src/model/partial.ts'

export class RowTable {
  readonly #rows = new Map<string, WriterRow>()
  readonly #writers = new Map<string, WriterState>()

  write(writer: string, draft: FlushDraft): void {
    for (const row of draft.rows) this.#rows.set(nameOf(writer, row), { writer, ...row })
    for (const key of draft.dropped) this.#rows.delete(nameOf(writer, key))
    for (const { writer: gone, keys } of draft.adopted) for (const key of keys) this.#rows.delete(nameOf(gone, key))
    this.#writers.set(writer, this.#state(writer, { sealedMinute: draft.sealedMinute }))
  }

  /** Hands over all that an engine has for the store. */
  flush(writer: string, engine: Engine, maxCohorts = Infinity): void {
    for (let drafts = engine.takeFlushes(maxCohorts); drafts.length > 0; drafts = engine.takeFlushes(maxCohorts))
      for (const draft of drafts) this.write(writer, draft)
  }

  retire(writer: string): void {
    this.#writers.set(writer, this.#state(writer, { retired: true }))
  }

  get writers(): WriterState[] {
    return [...this.#writers.values()]
  }

  rowsOf(writer: string): PartialRow[] {
    return [...this.#rows.values()].filter((row) => row.writer === writer)
  }

  /** What there is for others than this writer. */
  othersOf(writer: string): { rows: WriterRow[]; writers: WriterState[] } {
    const others = (one: { readonly writer: string }): boolean => one.writer !== writer
    return { rows: [...this.#rows.values()].filter(others), writers: this.writers.filter(others) }
  }

  #state(writer: string, change: Partial<WriterState>): WriterState {
    const before = this.#writers.get(writer)
    return { writer, sequence: 0, sealedMinute: -1, name: null, retired: false, ...before, ...change }
  }
}

function nameOf(writer: string, { variant, segmentKey, slice }: RowKey): string {
  return JSON.stringify([writer, variant, segmentKey, slice])
}
