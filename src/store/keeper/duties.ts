// What is done again and again: each kind of work at most once at a time, some of it not more often than now and then.
import type { Clock } from '../../runtime/clock.ts'

export class Duties {
  readonly #clock: Clock
  readonly #onFailure: (error: Error, operation: string) => void
  readonly #running = new Map<string, Promise<void>>()
  readonly #due = new Map<string, number>()
  readonly #problems = new Map<string, string>()

  constructor(clock: Clock, onFailure: (error: Error, operation: string) => void) {
    this.#clock = clock
    this.#onFailure = onFailure
  }

  /** What failed when it was last done, by a sentence each. */
  get problems(): Iterable<string> {
    return this.#problems.values()
  }

  /** Whether so many milliseconds have passed since this was last true. */
  isDue(what: string, everyMs: number): boolean {
    const nowMs = this.#clock.monotonic()
    if (nowMs < (this.#due.get(what) ?? -Infinity)) return false
    this.#due.set(what, nowMs + everyMs)
    return true
  }

  /** Runs the work unless the same is going on; a failure is told, and the work comes again when it is due. */
  run(operation: string, work: () => Promise<void>): Promise<void> {
    const running = this.#running.get(operation)
    if (running !== undefined) return running
    const run = work()
      .then(() => void this.#problems.delete(operation))
      .catch((error: unknown) => {
        this.#problems.set(operation, (error as Error).message)
        this.#onFailure(error as Error, operation)
      })
      .finally(() => this.#running.delete(operation))
    this.#running.set(operation, run)
    return run
  }
}
