// The last few trace ids of bad events: what an alert gives the reader to look at first.

const KEPT = 5
const WORDS = 4

/** A ring of the newest five trace ids. */
export class RecentTraces {
  readonly #words = new Uint32Array(KEPT * WORDS)
  #added = 0

  /** Takes an id of four big-endian words; an all-zero id is none and is passed over. */
  add(traceId: Uint32Array): void {
    if (traceId[0] === 0 && traceId[1] === 0 && traceId[2] === 0 && traceId[3] === 0) return
    this.#words.set(traceId, (this.#added % KEPT) * WORDS)
    this.#added++
  }

  /** Distinct hex ids, newest first. */
  newestFirst(): string[] {
    const ids = new Set<string>()
    for (let back = 1; back <= Math.min(this.#added, KEPT); back++) ids.add(this.#hex((this.#added - back) % KEPT))
    return [...ids]
  }

  #hex(at: number): string {
    const words = this.#words.subarray(at * WORDS, (at + 1) * WORDS)
    return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('')
  }
}
