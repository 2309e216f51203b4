// Recognises a request that was sent again: OTLP allows a sender to retry whatever was not answered in time.
import type { ExportOutcome } from '../model/signal.ts'

interface Answer {
  readonly outcome: ExportOutcome
  readonly untilMs: number
}

/** The answers to recent requests by identity, for a bounded time and in bounded number (the oldest go first). */
export class RetryWindow {
  readonly #answers = new Map<string, Answer>()
  readonly #windowMs: number
  readonly #limit: number
  /** Answers forgotten before their time because there were too many. */
  evicted = 0

  constructor(options: { windowMs: number; limit: number }) {
    this.#windowMs = options.windowMs
    this.#limit = options.limit
  }

  /** What the same request was told within the window, or null. */
  earlierAnswer(identity: string, nowMs: number): ExportOutcome | null {
    const answer = this.#answers.get(identity)
    return answer !== undefined && nowMs < answer.untilMs ? answer.outcome : null
  }

  remember(identity: string, outcome: ExportOutcome, nowMs: number): void {
    if (this.#windowMs === 0) return
    this.#answers.delete(identity)
    this.#answers.set(identity, { outcome, untilMs: nowMs + this.#windowMs })
    if (this.#answers.size <= this.#limit) return
    const oldest = this.#answers.keys().next()
    if (!oldest.done) this.#answers.delete(oldest.value)
    this.evicted++
  }

  forget(identity: string): void {
    this.#answers.delete(identity)
  }

  /** Forgets what is out of the window. */
  advance(nowMs: number): void {
    for (const [identity, answer] of this.#answers) {
      if (nowMs < answer.untilMs) return
      this.#answers.delete(identity)
    }
  }

  get size(): number {
    return this.#answers.size
  }
}
