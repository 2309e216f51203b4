// What an increase of a time series adds to an SLI: how many good and bad events, or how much on which side of a ratio, and values for percentiles.
// Remembers, by SLI, how coarse the histograms are that it was told of, since what is read from them is only as good as that.

import type { Counts } from '../slices/minute-counts.ts'
import type { MeasuredValues } from '../slices/series.ts'
import { BucketGrid } from '../streams/bucket-grid.ts'
import { splitBelow, spread } from '../streams/distribution.ts'
import type { Increase } from '../streams/increase.ts'
import type { PointRole, PointUse } from './point-uses.ts'
import type { Estimates } from './report-sli.ts'
import type { Contribution } from './tracked-cohort.ts'

type SideRole = Extract<PointRole, { kind: 'side' }>

/** What histograms told of an SLI. */
interface Coarseness {
  isEstimated: boolean
  readonly grid: BucketGrid
}

export class PointContributions implements Estimates {
  /** Amounts that could not be taken: negative, or of a histogram that does not tell its sum. */
  unusable = 0
  readonly #coarseness: (Coarseness | null)[]

  constructor(sliCount: number) {
    this.#coarseness = Array.from({ length: sliCount }, () => null)
  }

  /** Null: nothing. The contribution is read before the increase is filled again. */
  of(increase: Increase, { sli, role }: PointUse, at: { second: number; isBad: boolean }): Contribution | null {
    const counts =
      role.kind === 'side' ? this.#sideOf(increase, role) : this.#eventsOf(increase, sli, { ...role, ...at })
    if (counts === null || counts.every((count) => count === 0)) return null
    return { second: at.second, counts, values: role.kind === 'side' ? null : new IncreaseValues(increase) }
  }

  isEstimated(sli: number): boolean {
    return this.#coarseness[sli]?.isEstimated ?? false
  }

  errorAt(sli: number, value: number): number | null {
    const known = this.#coarseness[sli]
    return known === null ? null : known.grid.widthAt(value)
  }

  #eventsOf(increase: Increase, sli: number, at: { goodBelow: number | null; isBad: boolean }): Counts | null {
    if (increase.kind === 'distribution') return this.#distributed(increase, sli, at)
    const isBad = at.isBad || (at.goodBelow !== null && !(increase.value < at.goodBelow))
    // Without a bound for its values, a counter counts events.
    if (increase.kind === 'amount' && at.goodBelow === null) return this.#amounts(increase.value, isBad)
    return isBad ? [0, 1, 0, 0] : [1, 0, 0, 0]
  }

  #amounts(amount: number, isBad: boolean): Counts | null {
    if (amount < 0) {
      this.unusable++
      return null
    }
    return isBad ? countsOf(0, amount) : countsOf(amount, 0)
  }

  #distributed(increase: Increase, sli: number, at: { goodBelow: number | null; isBad: boolean }): Counts {
    const known = (this.#coarseness[sli] ??= { isEstimated: false, grid: new BucketGrid() })
    known.grid.see(increase)
    if (at.isBad) return countsOf(0, increase.count)
    if (at.goodBelow === null) return countsOf(increase.count, 0)
    const { below, atOrAbove, estimated } = splitBelow(increase, at.goodBelow)
    known.isEstimated ||= estimated
    return countsOf(below, atOrAbove)
  }

  #sideOf(increase: Increase, { side, part, isCount }: SideRole): Counts | null {
    const amount = amountOf(increase, part)
    if (!(amount >= 0)) {
      this.unusable++
      return null
    }
    const items = isCount ? itemsOf(amount) : 1
    return side === 'numerator' ? [items, 0, amount - items, 0] : [0, items, 0, amount - items]
  }
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

  spread(add: (value: number, weight: number) => void): void {
    if (this.#increase.kind === 'distribution') spread(this.#increase, add)
    else add(this.#increase.value, 1)
  }
}
