// Good and bad over time: exact items, weights, and every window of the plan as a running sum at the cursor.
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
import { type Partial, SLICE_NUMBERS, type SliceGroup } from './codec.ts'
import { type Counts, MINUTE_SECONDS, NO_COUNTS } from './minute-counts.ts'
import type { SlicePlan } from './plan.ts'
import { BAD_SIDE, GOOD_SIDE, type Side, SliceCounts } from './slice-counts.ts'

/** From here on moving everything at once is cheaper than second by second. */
const LONGEST_WALK_SECONDS = 32
const SIDES: readonly Side[] = [GOOD_SIDE, BAD_SIDE]
const NO_EXTRA: readonly [number, number] = [0, 0]

/** What a series is made on: base and series are one object, since ten thousand of them are visited each second. */
export abstract class RunningCounts {
  /** Items since the beginning, those still waiting included. */
  totalItems = 0
  readonly #plan: SlicePlan
  readonly #items: SliceCounts
  /** Weights above 1 per item; null while all weights are 1. */
  #extra: SliceCounts | null = null
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

  protected constructor(plan: SlicePlan, cursor: number) {
    this.#plan = plan
    this.#cursor = cursor
    this.#items = new SliceCounts(plan, 'whole')
    this.#sums = new Float64Array(2 * plan.windows.length + 2)
    this.#recent = 2 * plan.windows.length
  }

  get cursor(): number {
    return this.#cursor
  }

  /** Whether any weight was other than 1. */
  protected get isWeighted(): boolean {
    return this.#extra !== null
  }

  /** Counts an item; false, and nothing is counted, where the second is older than what is kept by the second, or the weight is no positive number. */
  protected recordItem(second: number, good: boolean, weight: number): boolean {
    const cursor = this.#cursor
    if (second <= cursor - this.#plan.recentSeconds || second < 1) return false
    const side = good ? GOOD_SIDE : BAD_SIDE
    if (weight !== 1 && !this.#addExtra(second, side, weight)) return false
    this.#items.addRecent(second, side, 1, cursor)
    if (second <= cursor) this.#addToRecentSums(second, side, 1)
    this.totalItems++
    if (!good) this.#totalBadItems++
    this.#nextChange = 0
    return true
  }

  /** Counts many items at once; false, and nothing is counted, where the second is older than what is kept by the second. */
  protected recordCounts(second: number, counts: Counts): boolean {
    if (second <= this.#cursor - this.#plan.recentSeconds || second < 1) return false
    if (counts[2] !== 0 || counts[3] !== 0) this.keepWeights()
    this.change(second, counts)
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

  /** Weighted: good and bad. */
  valid(window: number): number {
    return this.good(window) + this.bad(window)
  }

  good(window: number): number {
    return this.#itemsIn(window, GOOD_SIDE) + this.#extraIn(window, GOOD_SIDE)
  }

  bad(window: number): number {
    return this.#itemsIn(window, BAD_SIDE) + this.#extraIn(window, BAD_SIDE)
  }

  /** Weighted, since the beginning, those still waiting included. */
  get totalValid(): number {
    return this.totalGood + this.totalBad
  }

  get totalGood(): number {
    return this.totalItems - this.#totalBadItems + this.#totalExtraGood
  }

  get totalBad(): number {
    return this.#totalBadItems + this.#totalExtraBad
  }

  /** All totals, in the order of Counts. */
  protected get totals(): Counts {
    return [this.totalItems - this.#totalBadItems, this.#totalBadItems, this.#totalExtraGood, this.#totalExtraBad]
  }

  /** All slices that count anything, finest first. */
  protected groups(): SliceGroup[] {
    const plan = this.#plan
    const groups: SliceGroup[] = [{ granularity: 1, slices: this.#recentSlices() }]
    for (let level = 0; level < plan.levels.length; level++)
      groups.push({ granularity: plan.levels[level].granularity, slices: this.#levelSlices(level) })
    return groups.filter((group) => group.slices.length > 0)
  }

  /** What is counted of the seconds of a minute that still lies in the recent ones, less what `others` gives for each of them; SLICE_NUMBERS numbers a second. */
  protected slicesWithout(minute: number, others: { at(second: number): Counts } | null): number[] {
    const slices: number[] = []
    const first = minute * MINUTE_SECONDS + 1
    for (let second = Math.max(1, first); second < first + MINUTE_SECONDS; second++) {
      const [good, bad] = this.#items.pairAt(second, this.#cursor)
      if (good === 0 && bad === 0) continue
      const other = others?.at(second - first) ?? NO_COUNTS
      if (good === other[0] && bad === other[1]) continue
      const [extraGood, extraBad] = this.#extra?.pairAt(second, this.#cursor) ?? NO_EXTRA
      slices.push(second - 1, good - other[0], bad - other[1], extraGood - other[2], extraBad - other[3])
    }
    return slices
  }

  /** Adds all slices and totals of a partial, of this or another plan; calls back for each slice with the second at which it was placed. */
  protected add(partial: Partial, placed: (second: number, counts: Counts) => void): void {
    this.#addTotals(partial.totals)
    if (partial.weighted) this.keepWeights()
    for (const { granularity, slices } of partial.groups)
      for (let at = 0; at < slices.length; at += SLICE_NUMBERS) {
        // A slice goes where it begins: on a finer level as if all of it had happened in its first second.
        const second = slices[at] * granularity + 1
        this.#place(second, slices[at + 1], slices[at + 2])
        this.#placeExtra(second, slices[at + 3], slices[at + 4])
        placed(second, [slices[at + 1], slices[at + 2], slices[at + 3], slices[at + 4]])
      }
    this.#changed()
  }

  /** Changes the counts of a second. */
  protected change(second: number, change: Counts): void {
    this.#addTotals(change)
    this.#place(second, change[0], change[1])
    this.#placeExtra(second, change[2], change[3])
    this.#changed()
  }

  /** From now on weights are kept, also where all slices that have some are gone: the totals still have them. */
  protected keepWeights(): void {
    this.#extra ??= new SliceCounts(this.#plan, 'fractional')
  }

  #addTotals([good, bad, extraGood, extraBad]: Counts): void {
    this.totalItems += good + bad
    this.#totalBadItems += bad
    this.#totalExtraGood += extraGood
    this.#totalExtraBad += extraBad
  }

  #changed(): void {
    this.#extraStale = true
    this.#nextChange = 0
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
    let next = Math.min(this.#items.earliestFrom(cursor + 1, cursor), this.#changeOf(0, this.earliestIn(0)))
    if (next === cursor + 1) return next
    let earliest = -Infinity
    for (let window = this.#plan.windows.length - 1; window > 0; window--) {
      if (earliest <= this.#plan.windowStart(window, cursor)) earliest = this.earliestIn(window)
      next = Math.min(next, this.#changeOf(window, earliest))
    }
    return next
  }

  /** The earliest second that counts anything in the window or after it, a coarse slice by its first second; Infinity: none. */
  earliestIn(window: number): number {
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
