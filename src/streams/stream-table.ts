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
// before. Else it says nothing but where to go on from. Series end when no point came for a while; they are remembered, by their hash
// alone, so that one that comes back is not counted from its start once more.
import {
  CUMULATIVE,
  DELTA,
  EXPONENTIAL_HISTOGRAM,
  GAUGE,
  HISTOGRAM,
  type MetricPoint,
  SUM,
} from '../model/metric-point.ts'
import type { Increase } from './increase.ts'
import { fillGain, fillWhole, isLess, isSame, remember, type Snapshot } from './known-stream.ts'

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
}

interface KnownStream {
  /** The second half of its identity; the first half is its key. */
  readonly checkA: number
  readonly checkB: number
  /** Unix microseconds. Of a delta series: since when it was told without a gap. */
  startMicros: number
  lastMicros: number
  seenMs: number
  /** Null: of delta temporality. */
  snapshot: Snapshot | null
}

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
  readonly #streams = new Map<number, KnownStream>()
  /** Keys of cumulative series that have ended, oldest first. */
  readonly #ended = new Set<number>()
  #viewStartMicros: number
  #nextSweepMs = -Infinity

  constructor({ limit, expiryMs, viewStartMs }: StreamTableOptions) {
    this.#limit = limit
    this.#expiryMs = expiryMs
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
    const isKnown = isCounted && (temporality === DELTA || temporality === CUMULATIVE)
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
      if (!this.#makeRoom(nowMs)) this.counters.untracked++
      else this.#add(point, { startMicros: start === 0 ? time : start, lastMicros: time, snapshot: null }, nowMs)
      return this.#whole(point, into)
    }
    known.seenMs = nowMs
    if (start === 0) {
      if (time < known.lastMicros) return this.#found('out_of_order', 'out_of_order')
      if (time === known.lastMicros) return this.#found('duplicate', 'duplicates')
    } else if (time <= known.startMicros) {
      this.counters.out_of_order++
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
      if (known !== null) this.#end(keyOf(point.stream))
      return this.#found('stale', 'stale')
    }
    return known === null ? this.#first(point, nowMs, into) : this.#next(known, point, { nowMs, into })
  }

  #first(point: MetricPoint, nowMs: number, into: Increase): StreamOutcome {
    if (!this.#makeRoom(nowMs)) return this.#found('limit', 'refused')
    const startMicros = startMicrosOf(point)
    const lastMicros = timeMicrosOf(point)
    const snapshot = remember(point, null)
    const isInView = startMicros >= this.#viewStartMicros && startMicros > 0 && startMicros < lastMicros
    const key = this.#add(point, { startMicros, lastMicros, snapshot }, nowMs)
    const hasEnded = this.#ended.delete(key)
    if (!isInView || hasEnded) return this.#found('baseline', 'baselines')
    fillWhole(point, into)
    return 'counted'
  }

  #next(known: KnownStream, point: MetricPoint, { nowMs, into }: { nowMs: number; into: Increase }): StreamOutcome {
    const start = startMicrosOf(point) || known.startMicros
    const time = timeMicrosOf(point)
    const before = known.snapshot
    if (time <= known.lastMicros)
      return time === known.lastMicros && before !== null && isSame(before, point)
        ? this.#found('duplicate', 'duplicates')
        : this.#found('out_of_order', 'out_of_order')
    if (start < known.startMicros) return this.#found('overlap', 'overlaps')
    const isReset = start > known.startMicros
    if (isReset && start < known.lastMicros && before !== null && !isLess(point, before))
      return this.#found('overlap', 'overlaps')
    if (isReset && start > known.lastMicros) this.counters.gaps++
    known.seenMs = nowMs
    known.startMicros = start
    known.lastMicros = time
    const hasGained = !isReset && fillGain(before, point, into)
    known.snapshot = remember(point, before)
    if (hasGained) return 'counted'
    this.counters.resets++
    fillWhole(point, into)
    return 'counted'
  }

  #found(outcome: StreamOutcome, counter: keyof StreamTable['counters']): StreamOutcome {
    this.counters[counter]++
    return outcome
  }

  #find({ stream }: MetricPoint, nowMs: number): KnownStream | null {
    const key = keyOf(stream)
    const known = this.#streams.get(key)
    if (known === undefined || known.checkA !== stream[2] || known.checkB !== stream[3]) return null
    if (nowMs - known.seenMs <= this.#expiryMs) return known
    this.#expire(key)
    return null
  }

  #add(
    { stream }: MetricPoint,
    state: Pick<KnownStream, 'startMicros' | 'lastMicros' | 'snapshot'>,
    nowMs: number,
  ): number {
    const key = keyOf(stream)
    this.#streams.set(key, { checkA: stream[2], checkB: stream[3], ...state, seenMs: nowMs })
    this.#nextSweepMs = Math.min(this.#nextSweepMs, nowMs + this.#expiryMs + 1)
    return key
  }

  /** False: there are as many as there may be. */
  #makeRoom(nowMs: number): boolean {
    if (this.#streams.size < this.#limit) return true
    if (nowMs >= this.#nextSweepMs) this.#sweep(nowMs)
    return this.#streams.size < this.#limit
  }

  #sweep(nowMs: number): void {
    let earliest = Infinity
    for (const [key, { seenMs }] of this.#streams) {
      if (nowMs - seenMs > this.#expiryMs) this.#expire(key)
      else earliest = Math.min(earliest, seenMs)
    }
    this.#nextSweepMs = earliest + this.#expiryMs + 1
  }

  #expire(key: number): void {
    this.counters.expired++
    this.#end(key)
  }

  /** Where not even hashes can be kept any more, nothing that has begun by now is counted from its start. */
  #end(key: number): void {
    const stream = this.#streams.get(key)
    this.#streams.delete(key)
    if (stream === undefined || stream.snapshot === null) return
    this.#ended.add(key)
    if (this.#ended.size <= this.#limit) return
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest)
      break
    }
    this.#viewStartMicros = Math.max(this.#viewStartMicros, stream.lastMicros)
  }
}

/** 53 bits of an identity; the rest of it is compared. */
function keyOf(stream: Uint32Array): number {
  return stream[0] * 2_097_152 + (stream[1] >>> 11)
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
