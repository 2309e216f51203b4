// How the counts of a series are read as an SLI (model/counting.ts). Where its sides are numerator and denominator, what nobody counts is derived
// here and never stored: no past slice changes when a conversion comes later.
import type { Counting } from '../model/counting.ts'
import type { SliReading } from '../model/reading.ts'
import type { Series } from '../slices/series.ts'

/** How many items are expected in so many seconds up to now; Infinity: since the beginning. */
export type Expectation = (seconds: number) => number

/** A series as the SLI reads it; `expectation` where its denominator is not counted but expected, `windows` in seconds. */
export function readingOf(
  series: Series,
  counting: Counting,
  expected: { expectation: Expectation; windows: readonly number[] } | null,
): SliReading {
  if (expected !== null) return new ExpectedReading(series, expected.expectation, expected.windows)
  return counting === 'judged' ? series : new SidedReading(series, counting)
}

class SidedReading implements SliReading {
  readonly #series: Series
  readonly #numeratorIsGood: boolean

  constructor(series: Series, counting: Exclude<Counting, 'judged'>) {
    this.#series = series
    this.#numeratorIsGood = counting === 'good_of_valid'
  }

  valid(window: number): number {
    return this.#series.bad(window)
  }

  good(window: number): number {
    const numerator = this.#series.good(window)
    return this.#numeratorIsGood ? numerator : Math.max(0, this.#series.bad(window) - numerator)
  }

  bad(window: number): number {
    const numerator = this.#series.good(window)
    return this.#numeratorIsGood ? Math.max(0, this.#series.bad(window) - numerator) : numerator
  }

  validItems(window: number): number {
    return this.#series.badItems(window)
  }

  badItems(window: number): number {
    const denominator = this.#series.badItems(window)
    const numerator = this.#series.validItems(window) - denominator
    return this.#numeratorIsGood ? Math.max(0, denominator - numerator) : numerator
  }

  get totalValid(): number {
    return this.#series.totalBad
  }

  get totalGood(): number {
    const numerator = this.#series.totalGood
    return this.#numeratorIsGood ? numerator : Math.max(0, this.#series.totalBad - numerator)
  }

  get totalBad(): number {
    const numerator = this.#series.totalGood
    return this.#numeratorIsGood ? Math.max(0, this.#series.totalBad - numerator) : numerator
  }

  get processGood(): number {
    return this.#series.processGood
  }

  get processBad(): number {
    return this.#series.processBad
  }

  get processSum(): number {
    return this.#series.processSum
  }

  get processCount(): number {
    return this.#series.processCount
  }

  quantiles(percentiles: readonly number[]): number[] | null {
    return this.#series.quantiles(percentiles)
  }

  mean(): number | null {
    return this.#series.mean()
  }
}

/** What was received against what was to be expected. */
class ExpectedReading implements SliReading {
  readonly processBad = 0
  readonly processSum = 0
  readonly processCount = 0
  readonly #series: Series
  readonly #expectation: Expectation
  readonly #windows: readonly number[]

  constructor(series: Series, expectation: Expectation, windows: readonly number[]) {
    this.#series = series
    this.#expectation = expectation
    this.#windows = windows
  }

  valid(window: number): number {
    return this.#expectation(this.#windows[window])
  }

  good(window: number): number {
    return this.#series.good(window)
  }

  bad(window: number): number {
    return Math.max(0, this.valid(window) - this.good(window))
  }

  validItems(window: number): number {
    return Math.floor(this.valid(window))
  }

  badItems(window: number): number {
    return Math.floor(this.bad(window))
  }

  get totalValid(): number {
    return this.#expectation(Infinity)
  }

  get totalGood(): number {
    return this.#series.totalGood
  }

  get totalBad(): number {
    return Math.max(0, this.totalValid - this.totalGood)
  }

  get processGood(): number {
    return this.#series.processGood
  }

  quantiles(): null {
    return null
  }

  mean(): null {
    return null
  }
}
