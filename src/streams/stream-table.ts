// Time series as they go on: which part of a data point is new. Follows the metrics data model of OpenTelemetry ("Resets and Gaps", "Overlap",
// "Stream Manipulations"): a time series has a single writer, and presumes so of what it cannot tell.
//
//   delta         each point adds what it says, unless its interval was told before
//   cumulative    a point adds what it has gained over the last one; where counting began anew, all that it says
//
//        start            last                      the next point of a cumulative series:
//   ------|=================|------------------>    same start, later:            the difference, or all where it is less (restart)
//                                                   start at or after `last`:     all (reset; between them is a gap)
//                                                   start within, not less:       another writer; left out
//
// The first point of a cumulative series that is not known counts from its start where that lies within our view: then nobody can have counted it
// before. Else it says nothing but where to go on from. The same holds where counting began anew before our view (of two writers the one that began
// last is counted) or at an unknown time (start and time are one), and where a histogram got other bounds. Series end when no point came for a while; of these the hash and the last time are remembered, so that
// one that comes back is counted from its start only where it began after that time.
import {
  CUMULATIVE,
  DELTA,
  EXPONENTIAL_HISTOGRAM,
  GAUGE,
  HISTOGRAM,
  type MetricPoint,
  SUM,
  SUMMARY,
} from '../model/metric-point.ts'
import type { Increase } from './increase.ts'
import { fillWhole, KnownStream, keyOf, sizeOf } from './known-stream.ts'
import { StreamIndex } from './stream-index.ts'

/** `counted`: the increase is filled. All others add nothing. */
export type StreamOutcome =
  | 'counted'
  | 'baseline'
  | 'duplicate'
  | 'out_of_order'
  | 'overlap'
  | 'stale'
  | 'limit'
  | 'unusable'

export interface StreamTableOptions {
  /** Most series that are known at a time. */
  readonly limit: number
  /** A series without a point for so long has ended. */
  readonly expiryMs: number
  /** Since when telemetry is seen, Unix milliseconds. */
  readonly viewStartMs: number
  /** A series that began longer than this before its first point here may have been told elsewhere. Infinity: there is no elsewhere. */
  readonly youngMs: number
}

/** Numbers that a series may hold, taking all of them together: of a histogram each bucket is one. */
export const NUMBERS_PER_SERIES = 256
/** All series are looked through for ended ones so often at most: at the limit every new one asks for room. */
const SWEEP_EVERY_MS = 1000

export class StreamTable {
  /** Data points since the beginning by what was found. */
  readonly counters = {
    baselines: 0,
    duplicates: 0,
    gaps: 0,
    resets: 0,
    out_of_order: 0,
    overlaps: 0,
    stale: 0,
    refused: 0,
    untracked: 0,
    expired: 0,
    unusable: 0,
  }
  readonly #limit: number
  readonly #expiryMs: number
  readonly #youngMicros: number
  readonly #streams = new StreamIndex<KnownStream>()
  /** Numbers that all series hold. */
  #numbers = 0
  /** When cumulative series had ended, Unix microseconds, by their keys, oldest first. */
  readonly #ended = new Map<number, number>()
  #viewStartMicros: number
  #nextSweepMs = -Infinity

  constructor({ limit, expiryMs, viewStartMs, youngMs }: StreamTableOptions) {
    this.#limit = limit
    this.#expiryMs = expiryMs
    this.#youngMicros = youngMs * 1000
    this.#viewStartMicros = viewStartMs * 1000
  }

  /** Series that are known. */
  get size(): number {
    return this.#streams.size
  }

  /** Tells what of a point received at `nowMs` is new. */
  take(point: MetricPoint, nowMs: number, into: Increase): StreamOutcome {
    const { kind, temporality } = point
    if (kind === GAUGE || (kind === SUM && temporality === CUMULATIVE && !point.isMonotonic))
      return this.#level(point, into)
    const isCounted = kind === SUM || kind === HISTOGRAM || kind === EXPONENTIAL_HISTOGRAM
    // A summary does not say so, but its count and sum are those since its start.
    const isKnown = kind === SUMMARY || (isCounted && (temporality === DELTA || temporality === CUMULATIVE))
    if (!isKnown || !hasNumbers(point)) return this.#found('unusable', 'unusable')
    return temporality === DELTA ? this.#delta(point, nowMs, into) : this.#cumulative(point, nowMs, into)
  }

  /** Forgets series that have ended. */
  advance(nowMs: number): void {
    if (nowMs >= this.#nextSweepMs) this.#sweep(nowMs)
  }

  /** A level is what it is, whoever tells it. */
  #level(point: MetricPoint, into: Increase): StreamOutcome {
    if (point.isStale) return this.#found('stale', 'stale')
    if (!Number.isFinite(point.value)) return this.#found('unusable', 'unusable')
    into.setValue('value', point.value)
    return 'counted'
  }

  #delta(point: MetricPoint, nowMs: number, into: Increase): StreamOutcome {
    if (point.isStale) return this.#found('stale', 'stale')
    const start = startMicrosOf(point)
    const time = timeMicrosOf(point)
    const known = this.#find(point, nowMs)
    if (known === null) {
      if (!this.#makeRoom(nowMs, 0)) this.counters.untracked++
      else this.#add(point, { startMicros: start === 0 ? time : start, lastMicros: time, seenMs: nowMs })
      return this.#whole(point, into)
    }
    known.seenMs = nowMs
    if (start === 0) {
      if (time < known.lastMicros) return this.#found('out_of_order', 'out_of_order')
      if (time === known.lastMicros) return this.#found('duplicate', 'duplicates')
    } else if (time <= known.startMicros) {
      this.counters.out_of_order++
      // It fills the gap to the end: from now on it would be found to be a duplicate.
      if (time === known.startMicros) known.startMicros = Math.min(start, time)
      return this.#whole(point, into)
    } else if (time <= known.lastMicros)
      return start >= known.startMicros ? this.#found('duplicate', 'duplicates') : this.#found('overlap', 'overlaps')
    else if (start < known.lastMicros) return this.#found('overlap', 'overlaps')
    else if (start > known.lastMicros) {
      this.counters.gaps++
      known.startMicros = start
    }
    known.lastMicros = time
    return this.#whole(point, into)
  }

  #whole(point: MetricPoint, into: Increase): StreamOutcome {
    fillWhole(point, into)
    return 'counted'
  }

  #cumulative(point: MetricPoint, nowMs: number, into: Increase): StreamOutcome {
    const known = this.#find(point, nowMs)
    if (point.isStale) {
      if (known !== null) this.#end(known)
      return this.#found('stale', 'stale')
    }
    return known === null ? this.#first(point, nowMs, into) : this.#next(known, point, { nowMs, into })
  }

  #first(point: MetricPoint, nowMs: number, into: Increase): StreamOutcome {
    if (!this.#makeRoom(nowMs, sizeOf(point))) return this.#found('limit', 'refused')
    const startMicros = startMicrosOf(point)
    const lastMicros = timeMicrosOf(point)
    this.#remember(this.#add(point, { startMicros, lastMicros, seenMs: nowMs }), point)
    const key = keyOf(point.stream[0], point.stream[1])
    const hasCounted = startMicros < (this.#ended.get(key) ?? 0)
    this.#ended.delete(key)
    if (!this.#isAllNew(startMicros, lastMicros) || hasCounted) return this.#found('baseline', 'baselines')
    fillWhole(point, into)
    return 'counted'
  }

  #next(known: KnownStream, point: MetricPoint, { nowMs, into }: { nowMs: number; into: Increase }): StreamOutcome {
    const start = startMicrosOf(point) || known.startMicros
    const time = timeMicrosOf(point)
    if (time <= known.lastMicros)
      return time === known.lastMicros && known.isSame(point)
        ? this.#found('duplicate', 'duplicates')
        : this.#found('out_of_order', 'out_of_order')
    if (start < known.startMicros) return this.#found('overlap', 'overlaps')
    // A start that was unknown may become known.
    const isReset = start > known.startMicros && (known.startMicros > 0 || start >= known.lastMicros)
    if (isReset && start < known.lastMicros && !known.isMoreThan(point)) return this.#found('overlap', 'overlaps')
    const isBaseline = isReset ? !this.#isAllNew(start, time) : known.hasOtherBounds(point) && !known.isMoreThan(point)
    if (this.#numbers - known.size + sizeOf(point) > this.#mostNumbers) return this.#found('limit', 'refused')
    if (isReset && start > known.lastMicros) this.counters.gaps++
    known.seenMs = nowMs
    known.startMicros = start
    known.lastMicros = time
    const hasGained = !isReset && known.gain(point, into)
    this.#remember(known, point)
    if (isBaseline) return this.#found('baseline', 'baselines')
    if (hasGained) return 'counted'
    this.counters.resets++
    fillWhole(point, into)
    return 'counted'
  }

  /** Whether nobody can have counted before what a series has counted since `start`. */
  #isAllNew(start: number, time: number): boolean {
    return start > 0 && start >= this.#viewStartMicros && start < time && time - start <= this.#youngMicros
  }

  #found(outcome: StreamOutcome, counter: keyof StreamTable['counters']): StreamOutcome {
    this.counters[counter]++
    return outcome
  }

  #find({ stream }: MetricPoint, nowMs: number): KnownStream | null {
    const known = this.#streams.find(stream)
    if (known === null || nowMs - known.seenMs <= this.#expiryMs) return known
    this.#expire(known)
    return null
  }

  #add({ stream }: MetricPoint, times: { startMicros: number; lastMicros: number; seenMs: number }): KnownStream {
    const known = new KnownStream(stream, times)
    this.#streams.add(known)
    this.#numbers += known.size
    this.#nextSweepMs = Math.min(this.#nextSweepMs, times.seenMs + this.#expiryMs + 1)
    return known
  }

  #remember(known: KnownStream, point: MetricPoint): void {
    const before = known.size
    known.remember(point)
    this.#numbers += known.size - before
  }

  get #mostNumbers(): number {
    return this.#limit * NUMBERS_PER_SERIES
  }

  /** For a series of so many numbers; false: there are as many as there may be. */
  #makeRoom(nowMs: number, numbers: number): boolean {
    if (this.#hasRoom(numbers)) return true
    if (nowMs >= this.#nextSweepMs) this.#sweep(nowMs)
    return this.#hasRoom(numbers)
  }

  #hasRoom(numbers: number): boolean {
    return this.#streams.size < this.#limit && this.#numbers + numbers <= this.#mostNumbers
  }

  #sweep(nowMs: number): void {
    let earliest = Infinity
    this.#streams.forEach((known) => {
      if (nowMs - known.seenMs > this.#expiryMs) this.#expire(known)
      else earliest = Math.min(earliest, known.seenMs)
    })
    this.#nextSweepMs = Math.max(earliest + this.#expiryMs + 1, nowMs + SWEEP_EVERY_MS)
  }

  #expire(known: KnownStream): void {
    this.counters.expired++
    this.#end(known)
  }

  /** Where not even hashes can be kept any more, nothing that has begun by now is counted from its start. */
  #end(known: KnownStream): void {
    this.#streams.delete(known)
    this.#numbers -= known.size
    if (!known.isCumulative) return
    this.#ended.set(known.key, known.lastMicros)
    if (this.#ended.size <= this.#limit) return
    for (const [oldest, lastMicros] of this.#ended) {
      this.#ended.delete(oldest)
      this.#viewStartMicros = Math.max(this.#viewStartMicros, lastMicros)
      break
    }
  }
}

function hasNumbers(point: MetricPoint): boolean {
  if (point.isMalformed) return false
  return point.isStale || (point.kind === SUM ? Number.isFinite(point.value) && isAllowed(point) : point.count >= 0)
}

/** A monotonic sum is not negative. */
function isAllowed({ isMonotonic, value }: MetricPoint): boolean {
  return !isMonotonic || value >= 0
}

function startMicrosOf({ startSecond, startNanos }: MetricPoint): number {
  return startSecond * 1e6 + startNanos / 1000
}

function timeMicrosOf({ second, nanos }: MetricPoint): number {
  return second * 1e6 + nanos / 1000
}
