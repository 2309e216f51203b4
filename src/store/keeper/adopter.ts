// Rows of writers that are gone into the own history, little by little, so that the store does not keep a history for every process that ever
// was. Such a row never changes any more, so it is adopted once; it leaves the store with the flush that contains it.
import type { PublishedEvent } from '../../model/event.ts'
import type { AdoptedRows, RowKey, WriterState } from '../../model/partial.ts'
import type { Store } from '../port.ts'
import type { KeptEngine } from './kept-engine.ts'

/** Rows at a time: some ten milliseconds of merging. */
const ROWS_AT_A_TIME = 100
/** A writer whose last minutes are too young to be folded is looked at again after this. */
const REST_MS = 120_000
/** Which rows were adopted is known for so long after the last of them has left the store: longer than a failover may take. */
const REMEMBERED_MS = 600_000

export class Adopter {
  readonly #store: Store
  readonly #engine: KeptEngine<PublishedEvent>
  readonly #isGone: (writer: string, nowMs: number) => Promise<boolean>
  readonly #flush: () => Promise<boolean>
  /** By experiment and writer: rows that are in the own history already. */
  readonly #adopted = new Map<string, Adopted>()
  /** By experiment and writer: not before this moment, monotonic milliseconds; Infinity: nothing is left. */
  readonly #rests = new Map<string, number>()

  constructor(parts: {
    store: Store
    engine: KeptEngine<PublishedEvent>
    /** Whether a writer will never come back. */
    isGone: (writer: string, nowMs: number) => Promise<boolean>
    /** False where the store failed. */
    flush: () => Promise<boolean>
  }) {
    this.#store = parts.store
    this.#engine = parts.engine
    this.#isGone = parts.isGone
    this.#flush = parts.flush
  }

  /** Adopts what can be of the other writers of an experiment that is led here under the token. `nowMs`: monotonic. */
  async adoptFrom(
    experiment: string,
    writers: readonly WriterState[],
    lead: { token: number; nowMs: number },
  ): Promise<void> {
    for (const { writer, retired } of writers) {
      const name = nameOf(experiment, writer)
      if ((this.#adopted.get(name)?.untilMs ?? Infinity) < lead.nowMs) this.#adopted.delete(name)
      if ((this.#rests.get(name) ?? 0) > lead.nowMs) continue
      this.#rests.set(name, lead.nowMs + REST_MS)
      if (!retired && !(await this.#isGone(writer, lead.nowMs))) continue
      if (await this.#store.retire(experiment, writer, lead.token)) await this.#adoptAll(experiment, writer, lead.nowMs)
    }
  }

  async #adoptAll(experiment: string, writer: string, nowMs: number): Promise<void> {
    const name = nameOf(experiment, writer)
    let adopted = this.#adopted.get(name)
    if (adopted === undefined)
      this.#adopted.set(name, (adopted = { experiment, writer, keys: new Map(), untilMs: Infinity }))
    const { keys } = adopted
    const rows = await this.#store.rowsOf(experiment, writer)
    if (rows.length === 0) {
      adopted.untilMs = nowMs + REMEMBERED_MS
      this.#rests.set(name, Infinity)
    }
    const left = rows.filter((row) => !keys.has(keyOf(row)))
    for (let from = 0; from < left.length; from += ROWS_AT_A_TIME) {
      const some = left.slice(from, from + ROWS_AT_A_TIME).map((row) => ({ writer, ...row }))
      for (const row of this.#engine.adopt(experiment, some)) keys.set(keyOf(row), bare(row))
      if (!(await this.#flush())) return
    }
  }

  /** All rows of the experiment that are in the own history, so that none of them may be in the store beside it. They are looked at again. */
  adoptedOf(experiment: string): AdoptedRows[] {
    const adopted = [...this.#adopted.values()].filter((one) => one.experiment === experiment)
    for (const { writer } of adopted) this.#rests.delete(nameOf(experiment, writer))
    return adopted.map(({ writer, keys }) => ({ writer, keys: [...keys.values()] }))
  }

  /** What was adopted of the experiment and not written is not in the own history any more. */
  forget(experiment: string): void {
    const prefix = nameOf(experiment, '')
    for (const map of [this.#adopted, this.#rests])
      for (const name of map.keys()) if (name.startsWith(prefix)) map.delete(name)
  }
}

interface Adopted {
  readonly experiment: string
  readonly writer: string
  readonly keys: Map<string, RowKey>
  /** When they need not be known any more, monotonic milliseconds. */
  untilMs: number
}

function bare({ variant, segmentKey, slice }: RowKey): RowKey {
  return { variant, segmentKey, slice }
}

function nameOf(experiment: string, writer: string): string {
  return `${JSON.stringify(experiment)}/${writer}`
}

function keyOf({ variant, segmentKey, slice }: RowKey): string {
  return JSON.stringify([variant, segmentKey, slice])
}
