// One SLI of one cohort over time: its running counts, its percentiles, what this process has counted of it, and what other writers
// have. Hides how the parts of several writers are told apart while they may still change.
import type { MeasuredValues } from '../model/measured-values.ts'
import type { SliReading } from '../model/reading.ts'
import { decodePartial, encodePartial, SLICE_NUMBERS } from './codec.ts'
import { DIGEST_SECONDS, DigestSlices, firstSlice, sliceOf } from './digest-slices.ts'
import { type Counts, MINUTE_SECONDS } from './minute-counts.ts'
import { OtherWriters } from './others.ts'
import type { SlicePlan } from './plan.ts'
import { RunningCounts } from './running-counts.ts'

export { PartialError } from './codec.ts'

export interface SeriesOptions {
  /** Whether percentiles are asked for. */
  readonly digest: boolean
  /** The second at which the series begins to look. */
  readonly cursor: number
}

/** Merging partials into a series is commutative and associative (counts exactly, weights to 1e-9, percentiles to the digest's error). */
export class Series extends RunningCounts implements SliReading {
  processGood = 0
  processBad = 0
  processSum = 0
  processCount = 0
  /** The latest second that ever counted something; 0: none. */
  lastRecordedSecond = 0
  readonly #plan: SlicePlan
  readonly #digests: DigestSlices | null
  /** What others than this process counted of the recent seconds; null: nothing. */
  #others: OtherWriters | null = null

  constructor(plan: SlicePlan, options: SeriesOptions) {
    super(plan, options.cursor)
    this.#plan = plan
    this.#digests = options.digest ? new DigestSlices(plan.nextPhase()) : null
  }

  /**
   * Counts an event that ended in (second - 1, second]; `value` is NaN where there is none. Returns false, and counts nothing,
   * where the second is older than what is kept by the second, or the weight is no positive number.
   */
  record(second: number, good: boolean, weight: number, value: number): boolean {
    if (!this.recordItem(second, good, weight)) return false
    if (good) this.processGood += weight
    else this.processBad += weight
    if (value - value === 0) {
      this.processSum += value * weight
      this.processCount += weight
      this.#digests?.add(second, value, weight, this.cursor)
    }
    if (second > this.lastRecordedSecond) this.lastRecordedSecond = second
    return true
  }

  /**
   * Counts what a data point holds at (second - 1, second]: as many items as `counts` says, with `values` (null: nothing was measured) of a known sum and
   * count. False as record().
   */
  recordMany(second: number, counts: Counts, values: MeasuredValues | null): boolean {
    if (!this.recordCounts(second, counts)) return false
    this.processGood += counts[0] + counts[2]
    this.processBad += counts[1] + counts[3]
    if (values !== null) this.#recordValues(second, values)
    if (second > this.lastRecordedSecond) this.lastRecordedSecond = second
    return true
  }

  #recordValues(second: number, values: MeasuredValues): void {
    const { sum, count } = values
    if (sum - sum === 0) {
      this.processSum += sum
      this.processCount += count
    }
    const digest = this.#digests?.digestOf(second, this.cursor) ?? null
    if (digest !== null) values.spread(digest)
  }

  /** Moves the cursor to the second; never back. */
  override advance(second: number): void {
    const from = this.cursor
    if (second <= from) return
    super.advance(second)
    this.#digests?.advance(from, second)
  }

  /** The values at the given percentiles over the last five minutes, to half a minute; null when there was none. */
  quantiles(percentiles: readonly number[]): number[] | null {
    return this.#digests?.quantiles(percentiles, this.cursor, this.#others) ?? null
  }

  /** The mean of the values of the same five minutes; null when there was none. */
  mean(): number | null {
    return this.#digests?.mean(this.cursor, this.#others) ?? null
  }

  /**
   * What this process counted of a minute that still lies in the recent seconds, as a partial; null: nothing.
   * Two calls with nothing recorded in between give the same bytes.
   */
  encodeMinute(minute: number): Uint8Array | null {
    const slices = this.slicesWithout(minute, this.#others?.sumOf(minute) ?? null)
    const digests = this.#digests?.between((minute * MINUTE_SECONDS) / DIGEST_SECONDS, MINUTE_SECONDS / DIGEST_SECONDS)
    if (slices.length === 0) return null
    const totals: [number, number, number, number] = [0, 0, 0, 0]
    for (let at = 0; at < slices.length; at += SLICE_NUMBERS)
      for (let number = 0; number < totals.length; number++) totals[number] += slices[at + 1 + number]
    return encodePartial({
      lastRecordedSecond: slices[slices.length - SLICE_NUMBERS] + 1,
      weighted: this.isWeighted,
      totals,
      groups: [{ granularity: 1, slices }],
      digestGranularity: DIGEST_SECONDS,
      digests: digests ?? [],
    })
  }

  /** Takes another writer's partial of a minute in the place of its earlier one. Throws PartialError, and takes nothing, where the bytes are none. */
  replace(writer: string, minute: number, bytes: Uint8Array): void {
    const partial = decodePartial(bytes)
    this.#others ??= new OtherWriters()
    if (partial.weighted) this.keepWeights()
    this.#others.replace(writer, minute, partial, (second, change) => this.change(second, change))
    for (const [number, digest] of partial.digests)
      this.#others.setDigest(writer, numberHere(number, partial.digestGranularity), digest)
    this.#sawRecorded(partial.lastRecordedSecond)
  }

  /** Adds another writer's partial that will not change any more. Throws PartialError, and adds nothing, where the bytes are none. */
  mergeOther(writer: string, bytes: Uint8Array): void {
    const partial = decodePartial(bytes)
    const others = (this.#others ??= new OtherWriters())
    this.add(partial, (second, counts) => {
      if (second > this.cursor - this.#plan.recentSeconds) others.note(second, counts)
    })
    for (const [number, digest] of partial.digests)
      others.addDigest(writer, numberHere(number, partial.digestGranularity), digest)
    this.#sawRecorded(partial.lastRecordedSecond)
  }

  /** A writer will change none of its minutes up to this one. */
  sealOther(writer: string, minute: number): void {
    this.#others?.seal(writer, minute)
  }

  /** encodeMinute() will not be asked for minutes before this one any more. */
  forgetOthersBefore(minute: number): void {
    this.#others?.forgetBefore(minute, firstSlice(this.cursor))
    if (this.#others?.isEmpty === true) this.#others = null
  }

  /** Whether anything of it came from elsewhere than this process' own counting is still told apart. */
  get hasOthers(): boolean {
    return this.#others !== null
  }

  /** Goes on counting what this process counted in another series, which it replaces. */
  resumeProcess(series: Series): void {
    this.processGood = series.processGood
    this.processBad = series.processBad
    this.processSum = series.processSum
    this.processCount = series.processCount
  }

  /** All that this series counts, as a partial. */
  encode(): Uint8Array {
    return encodePartial({
      lastRecordedSecond: this.lastRecordedSecond,
      weighted: this.isWeighted,
      totals: this.totals,
      groups: this.groups(),
      digestGranularity: DIGEST_SECONDS,
      digests: this.#digests?.entries() ?? [],
    })
  }

  /** Adds a partial, of this or another plan, at this series' cursor. Throws PartialError, and adds nothing, where the bytes are none. */
  merge(bytes: Uint8Array): void {
    const partial = decodePartial(bytes)
    this.add(partial, () => {})
    for (const [number, digest] of partial.digests)
      this.#digests?.merge(number * partial.digestGranularity, digest, this.cursor)
    this.#sawRecorded(partial.lastRecordedSecond)
  }

  #sawRecorded(second: number): void {
    this.lastRecordedSecond = Math.max(this.lastRecordedSecond, second)
  }
}

/** The number, among digests of our granularity, of one that came with another. */
function numberHere(number: number, granularity: number): number {
  return granularity === DIGEST_SECONDS ? number : sliceOf(number * granularity + 1)
}
