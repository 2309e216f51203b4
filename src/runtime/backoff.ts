// How long to wait before the next attempt: doubling, bounded, and spread so that many clients do not come back at once.

export interface BackoffOptions {
  /** The first delay's upper bound, in milliseconds. */
  readonly baseMs: number
  /** No delay is longer. */
  readonly maxMs: number
  /** Uniform in [0, 1); Math.random unless given. */
  readonly random?: () => number
}

/** Delays between attempts: each in the upper half of a bound that doubles from `baseMs` to `maxMs`. */
export class Backoff {
  readonly #options: BackoffOptions
  #attempts = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  /** Milliseconds to wait now; the next call's bound is twice as large. */
  next(): number {
    const { baseMs, maxMs, random = Math.random } = this.#options
    const bound = Math.min(maxMs, baseMs * 2 ** Math.min(this.#attempts++, 30))
    return Math.round(bound / 2 + (random() * bound) / 2)
  }

  /** Begins again with the first delay: call it after a success. */
  reset(): void {
    this.#attempts = 0
  }
}
