// Requests that are counted and not yet in the store. Their identities go with the first flush of each experiment that they touch; who
// wants to know waits until all of them are written. A request that is sent again meanwhile waits with the first one.
import type { Flush } from '../port.ts'
import type { Touched } from './kept-engine.ts'

/** What becomes of the wait. `failed`: the store did not take it; it is still counted, and will be written. `undone`: it is not counted any more. */
export type Written = 'written' | 'failed' | 'undone'

interface Pending {
  /** Experiments with whose flush it is to be written. */
  readonly left: Set<string>
  journal: boolean
  /** Whether what it left in the journal is in an entry that was taken. */
  inEntry: boolean
  /** Whether it is to be written with no experiment at all. */
  bare: boolean
  waiting: ((written: Written) => void)[]
}

/** Identities by the part of a commit with which they go. */
export interface CommitRequests {
  readonly byExperiment: ReadonlyMap<string, readonly string[]>
  readonly others: readonly string[]
}

export class PendingRequests {
  readonly #pending = new Map<string, Pending>()

  get size(): number {
    return this.#pending.size
  }

  /** Notes a request that was counted just now. */
  add(identity: string, touched: Touched): void {
    const left = new Set(touched.experiments)
    const bare = left.size === 0 && !touched.journal
    this.#pending.set(identity, { left, journal: touched.journal, inEntry: false, bare, waiting: [] })
  }

  has(identity: string): boolean {
    return this.#pending.has(identity)
  }

  /** Resolves when the request is written, or it is known that it will not be soon. */
  wait(identity: string): Promise<Written> {
    const pending = this.#pending.get(identity)
    if (pending === undefined) return Promise.resolve('written')
    return new Promise((resolve) => pending.waiting.push(resolve))
  }

  /** A journal entry was taken: it holds what all requests until now have left in the journal. */
  entryTaken(): void {
    for (const pending of this.#pending.values()) pending.inEntry = true
  }

  /** What goes with a commit that flushes these experiments: all that is pending. */
  forCommit(experiments: ReadonlySet<string>): CommitRequests {
    const byExperiment = new Map<string, string[]>()
    const others: string[] = []
    for (const [identity, pending] of this.#pending) {
      for (const experiment of pending.left) {
        // Nothing of it is left to write there (its cohort is forgotten).
        if (!experiments.has(experiment)) pending.left.delete(experiment)
        else if (byExperiment.get(experiment)?.push(identity) === undefined) byExperiment.set(experiment, [identity])
      }
      if (pending.journal ? pending.inEntry : pending.left.size === 0) others.push(identity)
    }
    return { byExperiment, others }
  }

  /** A flush was written, with the identities in it. */
  written({ experiment, requests }: Pick<Flush, 'experiment' | 'requests'>): void {
    for (const identity of requests) this.#pending.get(identity)?.left.delete(experiment)
  }

  /** The journal and the identities that belong to no experiment were written; ends the wait of all that is written now. */
  settle(others: readonly string[]): void {
    for (const identity of others) {
      const pending = this.#pending.get(identity)
      if (pending === undefined) continue
      pending.journal = false
      pending.bare = false
    }
    for (const [identity, pending] of this.#pending)
      if (pending.left.size === 0 && !pending.journal && !pending.bare) this.#end(identity, 'written')
  }

  /** The store does not take anything now: nobody need wait. */
  fail(): void {
    for (const pending of this.#pending.values()) {
      for (const resolve of pending.waiting) resolve('failed')
      pending.waiting = []
    }
  }

  /**
   * Some of what was counted in these experiments is not ours to count. So all that is pending in them is undone, and with it, since a request is
   * counted whole, in what else those requests touch. Gives the requests.
   */
  undo(experiments: readonly string[]): string[] {
    const { identities } = this.#concerned(experiments)
    for (const identity of identities) this.#end(identity, 'undone')
    return [...identities]
  }

  /** All experiments that undo() would have to be counted anew. */
  concernedBy(experiments: readonly string[]): string[] {
    return [...this.#concerned(experiments).experiments]
  }

  #concerned(experiments: readonly string[]): { identities: Set<string>; experiments: Set<string> } {
    const anew = new Set(experiments)
    const identities = new Set<string>()
    for (let size = -1; size !== identities.size; ) {
      size = identities.size
      for (const [identity, { left }] of this.#pending) {
        if (![...left].some((one) => anew.has(one))) continue
        identities.add(identity)
        for (const one of left) anew.add(one)
      }
    }
    return { identities, experiments: anew }
  }

  #end(identity: string, written: Written): void {
    const pending = this.#pending.get(identity)
    this.#pending.delete(identity)
    for (const resolve of pending?.waiting ?? []) resolve(written)
  }
}
