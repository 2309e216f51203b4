// Numbers what changes in the file, so that activity() and follow() can tell what is new. The numbers go on over restarts, since
// rows carry them; what experiment changed when is known for the life of a process only, and positions of an earlier one are
// no positions any more.

/** Experiments whose last change is known; beyond it, activity() names all. */
const MAX_EXPERIMENTS = 50_000

export class Changes {
  /** Distinguishes this process from earlier ones on the same file. */
  readonly #start: number
  /** Before this one nothing is known. */
  #floor: number
  #last: number
  readonly #changed = new Map<string, number>()
  readonly #forgotten = new Map<string, number>()

  constructor(parts: { readonly start: number; readonly last: number }) {
    this.#start = parts.start
    this.#floor = parts.last
    this.#last = parts.last
  }

  /** The number of a change of the experiment that is being made. */
  next(experiment: string): number {
    this.#changed.delete(experiment)
    this.#changed.set(experiment, ++this.#last)
    if (this.#changed.size > MAX_EXPERIMENTS) this.#forgetAll()
    return this.#last
  }

  /** The experiment was forgotten as a whole. */
  forgot(experiment: string): void {
    this.#forgotten.set(experiment, this.next(experiment))
  }

  get position(): string {
    return `${this.#start}.${this.#last}`
  }

  /** Experiments that changed after the position; null: all may have. */
  since(position: string): string[] | null {
    const change = this.#changeAt(position)
    if (change === null) return null
    return [...this.#changed].flatMap(([experiment, changed]) => (changed > change ? [experiment] : []))
  }

  /** The change after which to tell what is new in the experiment; null: a gap. */
  followedFrom(experiment: string, position: string): number | null {
    const change = this.#changeAt(position)
    return change === null || change < (this.#forgotten.get(experiment) ?? 0) ? null : change
  }

  #changeAt(position: string): number | null {
    const [, start, change] = /^(\d+)\.(\d+)$/.exec(position) ?? []
    const known = Number(start) === this.#start && Number(change) >= this.#floor && Number(change) <= this.#last
    return known ? Number(change) : null
  }

  #forgetAll(): void {
    this.#changed.clear()
    this.#forgotten.clear()
    this.#floor = this.#last
  }
}
