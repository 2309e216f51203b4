// The counts of one SLI of one cohort over time: exact items good and bad, weights, percentiles, and every window of the plan as
// a running sum at the cursor.
//
// Time runs in whole seconds: second s holds the events that ended in (s - 1, s]. At cursor T the window W holds (T - W, T].
//
//        T-30d          T-6h      T-1h     T-360     T-300        T   coming
//   ------|--------------|---------|---------|---------|----------|--------->
//         [ level 2: 12h ][level 1 ][level 0 ][      seconds, one ring      ]
//    dropped <-- moves on <-- as the cursor goes <-- each count in one place
//
// The obvious structure, a ring of slices for each window, writes every event into eight rings: eight cache misses, and with a
// digest in every slice 14 GB for 10,000 cohorts. The next obvious, one ring of seconds, is 21 MB a series for 30 days. Here
// an event is written once, into its second. As the cursor moves, the second that leaves the recent ones is added to a slice
// of the first level, a slice that leaves that level to one of the next, and so on: the levels do not overlap, and a
// slice's granularity divides the next level's. The youngest slice of a level may be filled in part, its remainder still
// lies finer.
//
// A window begins on the level whose granularity is at most 1/60 of its length, its start rounded down to a slice; the part of it
// that moved is whole slices. So its sum is kept exactly by adding what enters and taking away what leaves:
//   * recent windows (5m): a second enters at the cursor (or when a late event is recorded) and leaves W seconds later;
//   * longer windows: all of the recent seconds, kept as one sum for all, plus what they hold on the levels: a second enters
//     when it leaves the recent ones, a slice goes when the rounded start passes it.
// A cursor that jumps far moves everything once and sums anew, so years cost what a minute does.
//
// Weights (adjusted counts of sampled spans) are kept as the extra over 1 per item, apart, and only once there was one. Sums
// of fractions must not drift, so they are never taken away from: they are summed anew when somebody reads them.
//
// Seconds beyond the cursor (clocks ahead of ours, the running second) wait in the ring and enter as the cursor passes.
import type { SliReading } from '../model/reading.ts'
import { decodePartial, encodePartial, SLICE_NUMBERS, type SliceGroup } from './codec.ts'
import { DIGEST_SECONDS, DigestSlices } from './digest-slices.ts'
import type { SlicePlan } from './plan.ts'
import { BAD_SIDE, GOOD_SIDE, type Side, SliceCounts } from './slice-counts.ts'

export { PartialError } from './codec.ts'

/** From here on moving everything at once is cheaper than second by second. */
const LONGEST_WALK_SECONDS = 32
const SIDES: readonly Side[] = [GOOD_SIDE, BAD_SIDE]
const NO_EXTRA: readonly [number, number] = [0, 0]

export interface SeriesOptions {
  /** Whether percentiles are asked for. */
  readonly digest: boolean
  /** The second at which the series begins to look. */
  readonly cursor: number
}

/** Merging partials into a series is commutative and associative (counts exactly, weights to 1e-9, percentiles to the digest's error). */
export class Series implements SliReading {
  /** Items since the beginning, those still waiting included. */
  totalItems = 0
  processGood = 0
  processBad = 0
  processSum = 0
  processCount = 0
  /** The latest second that ever counted something; 0: none. */
  lastRecordedSecond = 0
  /** Whether something was recorded or merged since the last encode(). */
  dirty = false
  readonly #plan: SlicePlan
  readonly #items: SliceCounts
  /** Weights above 1 per item; null while all weights are 1. */
  #extra: SliceCounts | null = null
  readonly #digests: DigestSlices | null
  /** Good and bad by window, longer windows without the recent seconds; then those of the recent seconds. See SliceCounts.sumWindows. */
  readonly #sums: Float64Array
  /** The same of the extra weights, good only while #extraStale is false. */
  #extraSums: Float64Array | null = null
  #extraStale = false
  readonly #recent: number
  #cursor: number
  /** What nextChange() found; 0 when something has happened since. */
  #nextChange = 0
  #totalBadItems = 0
  #totalExtraGood = 0
  #totalExtraBad = 0

  constructor(plan: SlicePlan, options: SeriesOptions) {
    this.#plan = plan
    this.#cursor = options.cursor
    this.#items = new SliceCounts(plan, 'whole')
    this.#digests = options.digest ? new DigestSlices(plan.nextPhase()) : null
    this.#sums = new Float64Array(2 * plan.windows.length + 2)
    this.#recent = 2 * plan.windows.length
  }

  get cursor(): number {
    return this.#cursor
  }

  /**
   * Counts an event that ended in (second - 1, second]; `value` is NaN where there is none. Returns false, and counts nothing,
   * where the second is older than what is kept by the second, or the weight is no positive number.
   */
  record(second: number, good: boolean, weight: number, value: number): boolean {
    const cursor = this.#cursor
    if (second <= cursor - this.#plan.recentSeconds || second < 1) return false
    const side = good ? GOOD_SIDE : BAD_SIDE
    if (weight !== 1 && !this.#addExtra(second, side, weight)) return false
    this.#items.addRecent(second, side, 1, cursor)
    if (second <= cursor) this.#addToRecentSums(second, side, 1)
    this.totalItems++
    if (good) this.processGood += weight
    else {
      this.processBad += weight
      this.#totalBadItems++
    }
    if (value - value === 0) {
      this.processSum += value * weight
      this.processCount += weight
      this.#digests?.add(second, value, weight, cursor)
    }
    if (second > this.lastRecordedSecond) this.lastRecordedSecond = second
    this.#nextChange = 0
    this.dirty = true
    return true
  }

  /** Moves the cursor to the second; never back. */
  advance(second: number): void {
    const from = this.#cursor
    if (second <= from) return
    if (second - from > LONGEST_WALK_SECONDS) this.#jump(second)
    else while (this.#cursor < second) this.#step()
    this.#extraStale = true
    if (second >= this.#nextChange) this.#nextChange = 0
    this.#digests?.advance(from, second)
  }

  /** The first second after the cursor at which something enters or leaves a window if nothing more is recorded; Infinity: never. */
  nextChange(): number {
    if (this.#nextChange === 0) this.#nextChange = this.#findNextChange()
    return this.#nextChange
  }

  validItems(window: number): number {
    return this.#itemsIn(window, GOOD_SIDE) + this.#itemsIn(window, BAD_SIDE)
  }

  badItems(window: number): number {
    return this.#itemsIn(window, BAD_SIDE)
  }

  good(window: number): number {
    return this.#itemsIn(window, GOOD_SIDE) + this.#extraIn(window, GOOD_SIDE)
  }

  bad(window: number): number {
    return this.#itemsIn(window, BAD_SIDE) + this.#extraIn(window, BAD_SIDE)
  }

  /** Weighted, since the beginning, those still waiting included. */
  get totalGood(): number {
    return this.totalItems - this.#totalBadItems + this.#totalExtraGood
  }

  get totalBad(): number {
    return this.#totalBadItems + this.#totalExtraBad
  }

  /** The values at the given percentiles over the last five minutes, to half a minute; null when there was none. */
  quantiles(percentiles: readonly number[]): number[] | null {
    return this.#digests?.quantiles(percentiles, this.#cursor) ?? null
  }

  /** All that this series counts, as a partial. */
  encode(): Uint8Array {
    this.dirty = false
    const plan = this.#plan
    const groups: SliceGroup[] = [{ granularity: 1, slices: this.#recentSlices() }]
    for (let level = 0; level < plan.levels.length; level++)
      groups.push({ granularity: plan.levels[level].granularity, slices: this.#levelSlices(level) })
    return encodePartial({
      lastRecordedSecond: this.lastRecordedSecond,
      weighted: this.#extra !== null,
      totals: [this.totalItems - this.#totalBadItems, this.#totalBadItems, this.#totalExtraGood, this.#totalExtraBad],
      groups: groups.filter((group) => group.slices.length > 0),
      digestGranularity: DIGEST_SECONDS,
      digests: this.#digests?.entries() ?? [],
    })
  }

  /** Adds a partial, of this or another plan, at this series' cursor. Throws PartialError, and adds nothing, where the bytes are none. */
  merge(bytes: Uint8Array): void {
    const partial = decodePartial(bytes)
    const [good, bad, extraGood, extraBad] = partial.totals
    this.totalItems += good + bad
    this.#totalBadItems += bad
    this.#totalExtraGood += extraGood
    this.#totalExtraBad += extraBad
    // Also where all slices with weights are gone: the totals still have them.
    if (partial.weighted) this.#extra ??= new SliceCounts(this.#plan, 'fractional')
    for (const { granularity, slices } of partial.groups)
      for (let at = 0; at < slices.length; at += SLICE_NUMBERS) {
        // A slice goes where it begins: on a finer level as if all of it had happened in its first second.
        const second = slices[at] * granularity + 1
        this.#place(second, slices[at + 1], slices[at + 2])
        this.#placeExtra(second, slices[at + 3], slices[at + 4])
      }
    for (const [number, digest] of partial.digests)
      this.#digests?.merge(number * partial.digestGranularity, digest, this.#cursor)
    this.lastRecordedSecond = Math.max(this.lastRecordedSecond, partial.lastRecordedSecond)
    this.#extraStale = true
    this.#nextChange = 0
    this.dirty = true
  }

  #itemsIn(window: number, side: Side): number {
    return inWindow(this.#sums, window, side, this.#plan)
  }

  #extraIn(window: number, side: Side): number {
    if (this.#extra === null) return 0
    this.#extraSums ??= new Float64Array(this.#sums.length)
    if (this.#extraStale) this.#extra.sumWindows(this.#cursor, this.#extraSums)
    this.#extraStale = false
    return inWindow(this.#extraSums, window, side, this.#plan)
  }

  #findNextChange(): number {
    const cursor = this.#cursor
    // In steady traffic the shortest window changes with the next second, and nobody need look further.
    let next = Math.min(this.#items.earliestFrom(cursor + 1, cursor), this.#changeOf(0, this.#earliestIn(0)))
    if (next === cursor + 1) return next
    let earliest = -Infinity
    for (let window = this.#plan.windows.length - 1; window > 0; window--) {
      if (earliest <= this.#plan.windowStart(window, cursor)) earliest = this.#earliestIn(window)
      next = Math.min(next, this.#changeOf(window, earliest))
    }
    return next
  }

  /** The earliest second that counts anything in the window or after it. */
  #earliestIn(window: number): number {
    return this.#items.earliestFrom(this.#plan.windowStart(window, this.#cursor) + 1, this.#cursor)
  }

  /** When a second that is in the window leaves it. */
  #changeOf(window: number, second: number): number {
    if (second > this.#cursor) return Infinity
    const granularity = this.#plan.granularities[window]
    return (Math.floor((second - 1) / granularity) + 1) * granularity + this.#plan.windows[window]
  }

  #addExtra(second: number, side: Side, weight: number): boolean {
    if (!(weight > 0 && weight < Infinity)) return false
    this.#extra ??= new SliceCounts(this.#plan, 'fractional')
    this.#extra.addRecent(second, side, weight - 1, this.#cursor)
    if (side === GOOD_SIDE) this.#totalExtraGood += weight - 1
    else this.#totalExtraBad += weight - 1
    this.#extraStale = true
    return true
  }

  #addToRecentSums(second: number, side: Side, amount: number): void {
    const { windows, recentWindows } = this.#plan
    const sums = this.#sums
    sums[this.#recent + side] += amount
    for (let window = 0; window < recentWindows; window++)
      if (second > this.#cursor - windows[window]) sums[2 * window + side] += amount
  }

  #addToOlderSums(second: number, side: Side, amount: number): void {
    const { windows, recentWindows } = this.#plan
    for (let window = recentWindows; window < windows.length; window++)
      if (second > this.#plan.windowStart(window, this.#cursor)) this.#sums[2 * window + side] += amount
  }

  #step(): void {
    const cursor = ++this.#cursor
    const { windows, recentWindows, recentSeconds } = this.#plan
    const settling = cursor - recentSeconds
    for (const side of SIDES) {
      const sums = this.#sums
      const entering = this.#items.at(cursor, side)
      if (entering !== 0) this.#addToRecentSums(cursor, side, entering)
      for (let window = 0; window < recentWindows; window++)
        sums[2 * window + side] -= this.#items.at(cursor - windows[window], side)
      const settled = this.#items.at(settling, side)
      if (settled === 0) continue
      sums[this.#recent + side] -= settled
      this.#addToOlderSums(settling, side, settled)
    }
    this.#dropFromOlderSums(cursor)
    this.#items.step(cursor)
    this.#extra?.step(cursor)
  }

  /** Takes away the slices that long windows leave behind as the cursor comes to `cursor`. */
  #dropFromOlderSums(cursor: number): void {
    const { windows, recentWindows, granularities, windowLevels } = this.#plan
    for (let window = recentWindows; window < windows.length; window++) {
      const start = cursor - windows[window]
      const granularity = granularities[window]
      if (start < granularity || start % granularity !== 0) continue
      for (const side of SIDES)
        this.#sums[2 * window + side] -= this.#items.onLevel(windowLevels[window], start / granularity - 1, side)
    }
  }

  #jump(to: number): void {
    this.#items.jump(this.#cursor, to)
    this.#extra?.jump(this.#cursor, to)
    this.#cursor = to
    this.#items.sumWindows(to, this.#sums)
  }

  #place(second: number, good: number, bad: number): void {
    const cursor = this.#cursor
    const isOlder = second <= cursor - this.#plan.recentSeconds
    if (isOlder) this.#items.addOlder(second, cursor, good, bad)
    for (const side of SIDES) {
      const amount = side === GOOD_SIDE ? good : bad
      if (amount === 0) continue
      if (isOlder) this.#addToOlderSums(second, side, amount)
      else this.#items.addRecent(second, side, amount, cursor)
      if (!isOlder && second <= cursor) this.#addToRecentSums(second, side, amount)
    }
  }

  #placeExtra(second: number, good: number, bad: number): void {
    const cursor = this.#cursor
    if (this.#extra === null || (good === 0 && bad === 0)) return
    if (second <= cursor - this.#plan.recentSeconds) this.#extra.addOlder(second, cursor, good, bad)
    else for (const side of SIDES) this.#extra.addRecent(second, side, side === GOOD_SIDE ? good : bad, cursor)
  }

  #recentSlices(): number[] {
    const slices: number[] = []
    this.#items.forEachRecent(this.#cursor, (second, good, bad) => {
      const [extraGood, extraBad] = this.#extra?.pairAt(second, this.#cursor) ?? NO_EXTRA
      slices.push(second - 1, good, bad, extraGood, extraBad)
    })
    return slices
  }

  #levelSlices(level: number): number[] {
    const slices: number[] = []
    this.#items.forEachOlder(level, this.#cursor, (number, good, bad) => {
      const extraGood = this.#extra?.onLevel(level, number, GOOD_SIDE) ?? 0
      slices.push(number, good, bad, extraGood, this.#extra?.onLevel(level, number, BAD_SIDE) ?? 0)
    })
    return slices
  }
}

function inWindow(sums: Float64Array, window: number, side: Side, plan: SlicePlan): number {
  const own = sums[2 * window + side]
  return window < plan.recentWindows ? own : own + sums[2 * plan.windows.length + side]
}
