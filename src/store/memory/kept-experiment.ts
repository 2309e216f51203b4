// All that is kept of one experiment in memory: the rows of its writers, its alerts and its state, each with the number of the
// change that made it what it is.
import type {
  CohortAlerts,
  Flush,
  FlushOutcome,
  Followed,
  PartialRow,
  Publication,
  RowKey,
  StoredExperiment,
  WriterRow,
  WriterState,
} from '../port.ts'
import { flushRefusal } from '../refusals.ts'

interface Numbered<T> {
  readonly value: T
  readonly changed: number
}

interface KeptWriter {
  state: WriterState
  /** Who gave it up, and may adopt its rows. */
  heir: string | null
  changed: number
  readonly rows: Map<string, Numbered<PartialRow>>
}

export class KeptExperiment {
  readonly #id: string
  readonly #writers = new Map<string, KeptWriter>()
  readonly #alerts = new Map<string, Numbered<CohortAlerts>>()
  #state: Numbered<string> | null = null
  publicationSequence = 0
  /** The number of the last change. */
  changed = 0

  constructor(id: string) {
    this.#id = id
  }

  /** Whether the flush may be written; null where it may. */
  refusal(flush: Flush): FlushOutcome | null {
    return flushRefusal(flush, this.#writers.get(flush.writer)?.state ?? null)
  }

  write(flush: Flush, name: string | null, change: number): void {
    const writer = this.#writer(flush.writer, name)
    const { sequence, sealedMinute } = flush
    writer.state = { ...writer.state, sequence, sealedMinute }
    for (const key of flush.dropped) writer.rows.delete(rowKey(key))
    for (const row of flush.rows) writer.rows.set(rowKey(row), { value: copyOf(row), changed: change })
    for (const { writer: retired, keys } of flush.adopted)
      for (const key of keys) this.#writers.get(retired)?.rows.delete(rowKey(key))
    writer.changed = change
    this.changed = change
  }

  /** False: it has another heir, which is not given up itself. */
  retire(writer: string, heir: string, change: number): boolean {
    const kept = this.#writer(writer, null)
    if (kept.heir !== null && kept.heir !== heir && !this.#isRetired(kept.heir)) return false
    kept.heir = heir
    if (!this.#writers.has(heir)) this.#writer(heir, null).changed = change
    this.changed = change
    if (kept.state.retired) return true
    kept.state = { ...kept.state, retired: true }
    kept.changed = change
    return true
  }

  publish(publication: Publication, options: { readonly anew: boolean; readonly change: number }): void {
    const { change, anew } = options
    if (publication.state !== null) this.#state = { value: publication.state, changed: change }
    if (anew)
      for (const [key, { value }] of this.#alerts)
        if (value.json !== null) this.#alerts.set(key, { value: { ...value, json: null }, changed: change })
    for (const alerts of publication.alerts)
      this.#alerts.set(JSON.stringify([alerts.variant, alerts.segmentKey]), { value: { ...alerts }, changed: change })
    this.publicationSequence = publication.sequence
    this.changed = change
  }

  sequenceOf(writer: string): number {
    return this.#writers.get(writer)?.state.sequence ?? 0
  }

  rowsOf(writer: string, oldestSecond: number): PartialRow[] {
    return this.#changedRows(writer, oldestSecond, -1).map(copyOf)
  }

  snapshot(position: string, oldestSecond: number): StoredExperiment {
    return {
      experiment: this.#id,
      state: this.#state?.value ?? null,
      rows: [...this.#writers.keys()].flatMap((writer) => this.#rowsOf(writer, oldestSecond, -1)),
      writers: [...this.#writers.values()].map(({ state }) => state),
      alerts: [...this.#alerts.values()].flatMap(({ value }) => (value.json === null ? [] : [value])),
      publicationSequence: this.publicationSequence,
      position,
    }
  }

  /** What changed after the change `since`, for `asking`. */
  changesSince(since: number, asking: string, options: { position: string; oldestSecond: number }): Followed {
    const writers = [...this.#writers].filter(([writer, { changed }]) => writer !== asking && changed > since)
    return {
      kind: 'changes',
      position: options.position,
      rows: writers.flatMap(([writer]) => this.#rowsOf(writer, options.oldestSecond, since)),
      writers: writers.map(([, { state }]) => state),
      alerts: [...this.#alerts.values()].flatMap(({ value, changed }) => (changed > since ? [value] : [])),
      state: this.#state !== null && this.#state.changed > since ? this.#state.value : null,
      publicationSequence: this.publicationSequence,
    }
  }

  /** Removes rows whose newest second lies before this one. */
  forgetBefore(oldestSecond: number): void {
    for (const { rows } of this.#writers.values())
      for (const [key, { value }] of rows) if (value.newestSecond < oldestSecond) rows.delete(key)
  }

  #isRetired(writer: string): boolean {
    return this.#writers.get(writer)?.state.retired === true
  }

  #rowsOf(writer: string, oldestSecond: number, since: number): WriterRow[] {
    return this.#changedRows(writer, oldestSecond, since).map((row) => ({ ...copyOf(row), writer }))
  }

  /** Not copied. */
  #changedRows(writer: string, oldestSecond: number, since: number): PartialRow[] {
    return [...(this.#writers.get(writer)?.rows.values() ?? [])].flatMap(({ value, changed }) =>
      changed > since && value.newestSecond >= oldestSecond ? [value] : [],
    )
  }

  #writer(writer: string, name: string | null): KeptWriter {
    let kept = this.#writers.get(writer)
    if (kept === undefined) {
      const state = { writer, sequence: 0, sealedMinute: -1, name, retired: false }
      kept = { state, heir: null, changed: 0, rows: new Map() }
      this.#writers.set(writer, kept)
    }
    return kept
  }
}

function rowKey({ variant, segmentKey, slice }: RowKey): string {
  return JSON.stringify([variant, segmentKey, slice])
}

function copyOf(row: PartialRow): PartialRow {
  const { variant, segmentKey, slice, newestSecond } = row
  return { variant, segmentKey, slice, newestSecond, bytes: row.bytes.slice() }
}
