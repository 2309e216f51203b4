// The way of data points: staged whole request by whole request, told apart as time series (streams/), and what each adds counted in the cohorts
// of its tags. A point has no trace: without a tag it belongs to no experiment.
import type { Cohort } from '../cohort/registry.ts'
import type { SegmentReader } from '../cohort/segments.ts'
import { newTagList, type TagList, type TagResolver } from '../cohort/tags.ts'
import { CUMULATIVE, MetricPoint, SUMMARY } from '../model/metric-point.ts'
import type { StreamReading } from '../model/reading.ts'
import { Vocabulary } from '../model/vocabulary.ts'
import { Increase } from '../streams/increase.ts'
import { StreamTable } from '../streams/stream-table.ts'
import { MOST_STAGED, NEVER_FULL, type WhenFull } from './batch.ts'
import { copyNumbers, releaseNumbers } from './copy-numbers.ts'
import type { ItemIntakeParts } from './items.ts'
import { PointContributions } from './point-contributions.ts'
import { compilePointUses, type PointUse } from './point-uses.ts'
import type { RequestScope } from './request-scope.ts'
import { type Tally, untimely } from './tally.ts'

const NO_ATTRIBUTES = new Vocabulary({ names: [] })
const NO_USES: readonly PointUse[] = []
const GOOD_ITEM = { counts: [1, 0, 0, 0], values: null } as const

interface StagedPoint {
  readonly tags: TagList
  segmentKey: string
  /** Its time in Unix milliseconds, for lateness. */
  endMs: number
  /** The second that ends at or after its time. */
  second: number
  /** What takes it; empty: nothing. */
  readonly uses: PointUse[]
  /** By use: whether it is bad whatever its numbers say. */
  readonly isBad: boolean[]
  /** Its numbers alone; not valid without a use. */
  readonly numbers: MetricPoint
}

/** How points are read: made anew when the rules for resources change. */
export interface PointReading {
  readonly vocabulary: Vocabulary
  readonly tags: TagResolver
  readonly segments: SegmentReader
}

export class PointIntake {
  readonly estimates: PointContributions
  readonly #parts: ItemIntakeParts & { readonly scope: RequestScope }
  readonly #streams: StreamTable
  readonly #increase = new Increase()
  /** Of the point at hand. */
  readonly #cohorts: Cohort[] = []
  /** Indices of SLIs of which every item is an event. */
  readonly #ingests: readonly number[]
  readonly #staged: StagedPoint[] = []
  #count = 0
  #whenFull = NEVER_FULL
  #reading: PointReading | null = null
  #uses: readonly (readonly PointUse[])[] = []

  constructor(parts: ItemIntakeParts & { readonly scope: RequestScope }) {
    const { settings, view } = parts
    this.#parts = parts
    this.#streams = new StreamTable({ ...settings.streams, viewStartMs: view.startMs, youngMs: view.youngMs })
    this.#ingests = settings.slis.flatMap(({ from }, index) => (from === 'ingest' ? [index] : []))
    this.estimates = new PointContributions(settings.slis.length, this.#increase)
  }

  /** From now on points are read so. */
  readBy(reading: PointReading): void {
    this.#reading = reading
    this.#uses = compilePointUses(this.#parts.settings.slis, reading.vocabulary)
  }

  get streams(): StreamReading {
    return {
      live: this.#streams.size,
      points: { ...this.#streams.counters, unusable_amounts: this.estimates.unusable },
    }
  }

  begin(whenFull: WhenFull): void {
    this.#count = 0
    this.#whenFull = whenFull
  }

  /** Takes down what counting needs of a point; bound, so that it can be handed to a decoder as it is. */
  readonly add = (point: MetricPoint): void => {
    const reading = this.#reading
    if (reading === null) return
    if (this.#count >= MOST_STAGED && !this.#whenFull()) return
    const staged = this.#next()
    staged.endMs = point.second * 1000 + point.nanos / 1e6
    staged.second = point.nanos > 0 ? point.second + 1 : point.second
    staged.segmentKey = reading.segments.read(point)
    reading.tags.resolve(point, staged.tags)
    this.#stageUses(point, staged)
    if (staged.uses.length > 0) copyNumbers(point, staged.numbers)
  }

  #stageUses(point: MetricPoint, { uses, isBad }: StagedPoint): void {
    const all = point.metric < 0 ? NO_USES : this.#uses[point.metric]
    let count = 0
    for (let at = 0; at < all.length; at++) {
      const use = all[at]
      if (!use.takes(point)) continue
      uses[count] = use
      isBad[count++] = use.isBad(point)
    }
    shorten(uses, count)
    shorten(isBad, count)
  }

  /** Counts what is staged; nothing is afterwards. */
  commit(nowMs: number, tally: Tally): void {
    this.#takeAll((staged) => this.#commit(staged, nowMs, tally))
  }

  /** Adds the experiments that commit() would touch, in its place. */
  foresee(nowMs: number, into: Set<string>): void {
    this.#takeAll(({ endMs, tags }) => {
      if (untimely(endMs, nowMs, this.#parts.settings) !== null) return
      for (let tag = 0; tag < tags.count; tag++) into.add(tags.experiments[tag])
    })
  }

  #takeAll(take: (staged: StagedPoint) => void): void {
    for (let at = 0; at < this.#count; at++) {
      const staged = this.#staged[at]
      take(staged)
      if (staged.uses.length > 0) releaseNumbers(staged.numbers)
    }
    this.#count = 0
  }

  /** Forgets time series that have ended. */
  advance(nowMs: number): void {
    this.#streams.advance(nowMs)
  }

  #commit(point: StagedPoint, nowMs: number, tally: Tally): void {
    const reason = untimely(point.endMs, nowMs, this.#parts.settings)
    if (reason !== null) {
      tally[reason]++
      return
    }
    const isSkipped = this.#findCohorts(point, nowMs)
    if (this.#cohorts.length === 0 && !isSkipped) tally.limit++
    else if (!this.#countIn(this.#cohorts, point, nowMs)) {
      tally.limit++
      tally.streams++
    } else if (point.tags.count === 0) tally.unattributed++
    else tally.attributed++
  }

  /** Puts into #cohorts those of its tags; without a tag, that of what belongs to no experiment. True: some are counted elsewhere. */
  #findCohorts({ tags, segmentKey }: StagedPoint, nowMs: number): boolean {
    const { registry, scope } = this.#parts
    const cohorts = this.#cohorts
    let count = 0
    if (tags.count === 0) cohorts[count++] = registry.untagged(segmentKey, nowMs)
    let isSkipped = false
    for (let tag = 0; tag < tags.count; tag++) {
      const experiment = tags.experiments[tag]
      if (scope.skips(experiment)) {
        isSkipped = true
        continue
      }
      const cohort = registry.lookup(experiment, tags.variants[tag], segmentKey, nowMs)
      if (cohort === null) continue
      scope.touch(experiment)
      cohorts[count++] = cohort
    }
    shorten(cohorts, count)
    return isSkipped
  }

  /** False: there is no room for its time series. */
  #countIn(cohorts: readonly Cohort[], point: StagedPoint, nowMs: number): boolean {
    if (cohorts.length === 0) return true
    const { second, uses, isBad, numbers } = point
    const outcome = uses.length === 0 ? null : this.#streams.take(numbers, nowMs, this.#increase)
    if (outcome === 'limit') return false
    for (const sli of this.#ingests) this.#contribute(cohorts, sli, { second, ...GOOD_ITEM }, nowMs)
    if (outcome !== 'counted') return true
    if (numbers.temporality === CUMULATIVE)
      for (const cohort of cohorts) this.#parts.counter.seeStream(cohort, numbers.stream, second)
    for (let at = 0; at < uses.length; at++) {
      if (uses[at].needsValues && numbers.kind === SUMMARY) {
        for (const { experiment } of cohorts) experiment.summarized.add(uses[at].sli)
        continue
      }
      const contribution = this.estimates.of(uses[at], {
        second,
        isBad: isBad[at],
        unitsPerSecond: numbers.unitsPerSecond,
      })
      if (contribution !== null) this.#contribute(cohorts, uses[at].sli, contribution, nowMs)
    }
    return true
  }

  #contribute(
    cohorts: readonly Cohort[],
    sli: number,
    contribution: Parameters<ItemIntakeParts['counter']['contribute']>[2],
    nowMs: number,
  ): void {
    for (const cohort of cohorts) this.#parts.counter.contribute(cohort, sli, contribution, nowMs)
  }

  #next(): StagedPoint {
    if (this.#count === this.#staged.length)
      this.#staged.push({
        tags: newTagList(),
        segmentKey: '',
        endMs: 0,
        second: 0,
        uses: [],
        isBad: [],
        numbers: new MetricPoint(NO_ATTRIBUTES),
      })
    return this.#staged[this.#count++]
  }
}

/** An array that keeps its length keeps its memory too. */
function shorten(array: unknown[], length: number): void {
  if (array.length !== length) array.length = length
}
