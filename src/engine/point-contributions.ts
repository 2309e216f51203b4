// What an increase of a time series adds to an SLI: how many good and bad events, or how much on which side of a ratio, and values for percentiles.
// Remembers, by SLI, how coarse the histograms are that it was told of, since what is read from them is only as good as that.

import type { MeasuredValues, ValueSink } from '../model/measured-values.ts'
import { type Counts, NO_COUNTS } from '../slices/minute-counts.ts'
import { BucketGrid } from '../streams/bucket-grid.ts'
import { splitBelow, spread } from '../streams/distribution.ts'
import type { Increase } from '../streams/increase.ts'
import type { PointRole, PointUse } from './point-uses.ts'
import type { Estimates } from './report-sli.ts'
import type { Contribution } from './tracked-cohort.ts'

type SideRole = Extract<PointRole, { kind: 'side' }>
type EventsRole = Extract<PointRole, { kind: 'events' }>

/** What histograms told of an SLI. */
interface Coarseness {
  isEstimated: boolean
  readonly grid: BucketGrid
}

/** What matters of a point beside its increase. */
export interface PointFacts {
  readonly second: number
  /** Whether it is bad whatever its numbers say. */
  readonly isBad: boolean
  /** As MetricPoint has it. */
  readonly unitsPerSecond: number
}

export class PointContributions implements Estimates {
  /** Amounts that could not be taken: negative, infinite, or of a histogram that does not tell its sum. */
  unusable = 0
  readonly #coarseness: (Coarseness | null)[]
  readonly #increase: Increase
  readonly #values: IncreaseValues
  readonly #contribution: { -readonly [K in keyof Contribution]: Contribution[K] }

  /** `increase`: what of() tells of, filled again and again. */
  constructor(sliCount: number, increase: Increase) {
    this.#increase = increase
    this.#values = new IncreaseValues(increase)
    this.#contribution = { second: 0, counts: NO_COUNTS, values: null }
    this.#coarseness = Array.from({ length: sliCount }, () => null)
  }

  /** Null: nothing. The contribution is read before the increase is filled again, and is the same object each time. */
  of(use: PointUse, { second, isBad, unitsPerSecond }: PointFacts): Contribution | null {
    const { role, sli } = use
    const counts = role.kind === 'side' ? this.#sideOf(role) : this.#eventsOf(sli, limitOf(role, unitsPerSecond), isBad)
    if (counts === null || (counts[0] === 0 && counts[1] === 0)) return null
    this.#contribution.second = second
    this.#contribution.counts = counts
    this.#contribution.values = role.kind === 'side' ? null : this.#values
    return this.#contribution
  }

  isEstimated(sli: number): boolean {
    return this.#coarseness[sli]?.isEstimated ?? false
  }

  errorAt(sli: number, value: number): number | null {
    const known = this.#coarseness[sli]
    return known === null ? null : known.grid.widthAt(value)
  }

  #eventsOf(sli: number, goodBelow: number | null, isBadAnyway: boolean): Counts | null {
    const increase = this.#increase
    if (increase.kind === 'distribution') return this.#distributed(sli, goodBelow, isBadAnyway)
    const isBad = isBadAnyway || (goodBelow !== null && !(increase.value < goodBelow))
    // Without a bound for its values, a counter counts events.
    if (increase.kind === 'amount' && goodBelow === null) return this.#amounts(increase.value, isBad)
    return isBad ? [0, 1, 0, 0] : [1, 0, 0, 0]
  }

  #amounts(amount: number, isBad: boolean): Counts | null {
    if (amount < 0) {
      this.unusable++
      return null
    }
    return isBad ? countsOf(0, amount) : countsOf(amount, 0)
  }

  #distributed(sli: number, goodBelow: number | null, isBad: boolean): Counts {
    const increase = this.#increase
    const known = (this.#coarseness[sli] ??= { isEstimated: false, grid: new BucketGrid() })
    known.grid.see(increase)
    if (isBad) return countsOf(0, increase.count)
    if (goodBelow === null) return countsOf(increase.count, 0)
    const { below, atOrAbove, estimated } = splitBelow(increase, goodBelow)
    known.isEstimated ||= estimated
    return countsOf(below, atOrAbove)
  }

  #sideOf({ side, part, isCount }: SideRole): Counts | null {
    const amount = amountOf(this.#increase, part)
    if (!(amount >= 0 && amount < Infinity)) {
      this.unusable++
      return null
    }
    const items = isCount ? itemsOf(amount) : 1
    return side === 'numerator' ? [items, 0, amount - items, 0] : [0, items, 0, amount - items]
  }
}

/** A limit that is a duration holds in whatever unit of time the metric has. */
function limitOf({ goodBelow, isInSeconds }: EventsRole, unitsPerSecond: number): number | null {
  return goodBelow !== null && isInSeconds ? goodBelow * unitsPerSecond : goodBelow
}

/** Of a histogram its count, unless its sum is asked for. */
function amountOf(increase: Increase, part: SideRole['part']): number {
  if (increase.kind !== 'distribution') return increase.value
  return part === 'sum' ? increase.sum : increase.count
}

/** Whole items and what is to be added to them, for weighted good and bad events. */
function countsOf(good: number, bad: number): Counts {
  const goodItems = itemsOf(good)
  const badItems = itemsOf(bad)
  return [goodItems, badItems, good - goodItems, bad - badItems]
}

/** A part of an event is an item too: what has no item is not kept. */
function itemsOf(amount: number): number {
  return amount === 0 ? 0 : Math.max(1, Math.round(amount))
}

class IncreaseValues implements MeasuredValues {
  readonly #increase: Increase

  constructor(increase: Increase) {
    this.#increase = increase
  }

  get sum(): number {
    const { kind, sum, value } = this.#increase
    return kind === 'distribution' ? sum : value
  }

  get count(): number {
    return this.#increase.kind === 'distribution' ? this.#increase.count : 1
  }

  spread(into: ValueSink): void {
    if (this.#increase.kind === 'distribution') spread(this.#increase, into)
    else into.add(this.#increase.value, 1)
  }
}
