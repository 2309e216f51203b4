// What a series promises, in the plainest form: a list of all events, and windows by filtering it.
import type { SlicePlan } from '../../src/slices/plan.ts'

export interface Event {
  readonly second: number
  readonly good: boolean
  readonly weight: number
  readonly value: number
}

export class NaiveSeries {
  readonly events: Event[] = []
  readonly #plan: SlicePlan

  constructor(plan: SlicePlan) {
    this.#plan = plan
  }

  inWindow(window: number, cursor: number): Event[] {
    const granularity = this.#plan.granularities[window]
    const start = Math.floor((cursor - this.#plan.windows[window]) / granularity) * granularity
    return this.events.filter((event) => event.second > start && event.second <= cursor)
  }

  /** Values of the five minutes to half a minute, ascending. */
  values(cursor: number): number[] {
    const start = Math.floor((cursor - 300) / 30) * 30
    const end = Math.ceil(cursor / 30) * 30
    return this.events
      .filter((event) => event.second > start && event.second <= end && !Number.isNaN(event.value))
      .map((event) => event.value)
      .sort((a, b) => a - b)
  }
}

export function sumWeights(events: readonly Event[], good: boolean): number {
  return events.reduce((sum, event) => (event.good === good ? sum + event.weight : sum), 0)
}
