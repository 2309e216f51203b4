// Naive accounts. Of each writer: what it has counted, in the order of the acts. Of the store: what of it each writer's latest flush holds,
// as plain sets of parts; it lives with the server (server.ts), so that it is rolled back with it.
import { HISTORY, type RowKey } from '../../src/model/partial.ts'
import type { Part } from './traffic.ts'

interface Act {
  readonly request: number
  readonly parts: readonly Part[]
  /** Said to be not counted any more. */
  undone: boolean
}

/** What each writer's rows hold, by writer and experiment. */
export class StoredParts {
  readonly #parts = new Map<string, Map<string, ReadonlySet<Part>>>()

  of(writer: string, experiment: string): ReadonlySet<Part> {
    return this.#parts.get(writer)?.get(experiment) ?? new Set()
  }

  /** A flush replaces what the writer had; what it has adopted is nobody else's any more. */
  write(writer: string, experiment: string, parts: ReadonlySet<Part>, adopted: readonly string[]): void {
    let ofWriter = this.#parts.get(writer)
    if (ofWriter === undefined) this.#parts.set(writer, (ofWriter = new Map()))
    ofWriter.set(experiment, parts)
    for (const other of adopted) this.#parts.get(other)?.set(experiment, this.of(other, experiment).difference(parts))
  }

  forget(experiment: string): void {
    for (const ofWriter of this.#parts.values()) ofWriter.delete(experiment)
  }

  /** Each once, whoever has it. */
  all(): Set<Part> {
    const all = new Set<Part>()
    for (const ofWriter of this.#parts.values())
      for (const parts of ofWriter.values()) for (const part of parts) all.add(part)
    return all
  }
}

/** What one writer says that it has counted. */
export class WriterBook {
  readonly writer: string
  readonly #acts: Act[] = []
  /** By number of the journal entry: how many acts there were when it was taken. */
  readonly #entries: number[] = [0]

  constructor(writer: string) {
    this.writer = writer
  }

  counted(request: number, parts: readonly Part[]): void {
    this.#acts.push({ request, parts, undone: false })
  }

  /** Parts of others that are its own now. */
  adopted(parts: readonly Part[]): void {
    this.#acts.push({ request: -1, parts, undone: false })
  }

  undo(requests: ReadonlySet<number>): void {
    for (const act of this.#acts) if (requests.has(act.request)) act.undone = true
  }

  /** What its rows of an experiment hold now. */
  holds(experiment: string): Set<Part> {
    const held = new Set<Part>()
    for (const { parts, undone } of this.#acts)
      if (!undone) for (const part of parts) if (part.experiment === experiment) held.add(part)
    return held
  }

  journalTaken(): void {
    this.#entries.push(this.#acts.length)
  }

  /** What was counted of the experiment in the stretch that a journal entry tells. */
  inEntry(number: number, experiment: string): Part[] {
    return this.#acts
      .slice(this.#entries[number - 1], this.#entries[number])
      .flatMap(({ parts }) => parts.filter((part) => part.experiment === experiment))
  }
}

/** The parts that are in these rows of a writer, of which the store has rows of those slices. */
export function inRows(parts: Iterable<Part>, rows: readonly RowKey[], stored: readonly RowKey[]): Part[] {
  const asked = new Set(rows.map(nameOf))
  const apart = new Set(stored.map(nameOf))
  return [...parts].filter(({ variant, service, second }) => {
    const key = { variant, segmentKey: service, slice: Math.floor((second - 1) / 60) }
    return asked.has(nameOf(apart.has(nameOf(key)) ? key : { ...key, slice: HISTORY }))
  })
}

function nameOf({ variant, segmentKey, slice }: RowKey): string {
  return JSON.stringify([variant, segmentKey, slice])
}
