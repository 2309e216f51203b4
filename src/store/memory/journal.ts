// Journal entries in memory. See JournalEntry of the port.
import type { Commit, LeftJournalEntry } from '../port.ts'

interface Kept {
  readonly writer: string
  readonly number: number
  readonly bytes: Uint8Array
  readonly sinceMs: number
  /** The flushes of the same commit. */
  readonly flushes: readonly { readonly experiment: string; readonly sequence: number }[]
}

export class Journal {
  readonly #windowMs: number
  #entries: Kept[] = []
  /** By writer: whose entries it was given, and takes over with its first own one. */
  readonly #handedOver = new Map<string, ReadonlySet<string>>()

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  add({ writer, journal, flushes }: Commit, nowMs: number): void {
    if (journal === null || this.#has(writer, journal.number)) return
    const takenOver = this.#handedOver.get(writer)
    this.#handedOver.delete(writer)
    this.#entries = this.#entries.filter((entry) =>
      entry.writer === writer
        ? entry.number >= journal.oldestNeeded
        : !takenOver?.has(entry.writer) && this.#isKept(entry, nowMs),
    )
    const { number, bytes } = journal
    const sequences = flushes.map(({ experiment, sequence }) => ({ experiment, sequence }))
    this.#entries.push({ writer, number, bytes: bytes.slice(), sinceMs: nowMs, flushes: sequences })
  }

  /** What the writers left, but for those that `lives` knows; `sequenceOf` tells the latest sequence that is stored. */
  left(parts: {
    readonly writer: string
    readonly nowMs: number
    readonly lives: (writer: string) => boolean
    readonly sequenceOf: (experiment: string, writer: string) => number
  }): LeftJournalEntry[] {
    const entries = this.#entries.filter(
      (entry) => entry.writer !== parts.writer && this.#isKept(entry, parts.nowMs) && !parts.lives(entry.writer),
    )
    this.#handedOver.set(parts.writer, new Set(entries.map(({ writer }) => writer)))
    return entries.map(({ writer, number, bytes, flushes }) => ({
      writer,
      number,
      bytes: bytes.slice(),
      unwritten: flushes
        .filter(({ experiment, sequence }) => parts.sequenceOf(experiment, writer) < sequence)
        .map(({ experiment }) => experiment),
    }))
  }

  #has(writer: string, number: number): boolean {
    return this.#entries.some((entry) => entry.writer === writer && entry.number >= number)
  }

  #isKept(entry: Kept, nowMs: number): boolean {
    return nowMs < entry.sinceMs + this.#windowMs
  }
}
