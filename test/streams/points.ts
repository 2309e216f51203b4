// Data points as the tests of time series write them: what matters is named, in whole seconds.
import { sharedBounds } from '../../src/model/explicit-bounds.ts'
import {
  CUMULATIVE,
  DELTA,
  EXPONENTIAL_HISTOGRAM,
  HISTOGRAM,
  type MetricKind,
  MetricPoint,
  SUM,
} from '../../src/model/metric-point.ts'
import { NumberRow } from '../../src/model/number-row.ts'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { Increase } from '../../src/streams/increase.ts'
import { type StreamOutcome, StreamTable, type StreamTableOptions } from '../../src/streams/stream-table.ts'

export interface PointText {
  readonly stream?: number
  readonly kind?: MetricKind
  readonly delta?: boolean
  readonly monotonic?: boolean
  readonly start?: number
  readonly time: number
  readonly stale?: boolean
  readonly value?: number
  readonly bounds?: readonly number[]
  readonly counts?: readonly number[]
  readonly sum?: number
  readonly min?: number
  readonly max?: number
  readonly scale?: number
  readonly offset?: number
  readonly negative?: readonly number[]
  readonly zeroCount?: number
  readonly zeroThreshold?: number
}

const NOTHING = new Vocabulary({ names: [] })

export function pointOf(text: PointText): MetricPoint {
  const point = new MetricPoint(NOTHING)
  const { counts = [], negative = [], zeroCount = 0 } = text
  point.kind =
    text.kind ?? (text.scale !== undefined ? EXPONENTIAL_HISTOGRAM : text.counts !== undefined ? HISTOGRAM : SUM)
  point.temporality = text.delta === true ? DELTA : CUMULATIVE
  point.isMonotonic = text.monotonic ?? true
  point.startSecond = text.start ?? 0
  point.second = text.time
  point.isStale = text.stale ?? false
  point.value = text.value ?? Number.NaN
  point.count = [...counts, ...negative].reduce((total, one) => total + one, zeroCount)
  point.sum = text.sum ?? Number.NaN
  point.min = text.min ?? Number.NaN
  point.max = text.max ?? Number.NaN
  const bounds = new NumberRow()
  fill(bounds, text.bounds ?? [])
  point.bounds = sharedBounds(bounds)
  if (text.scale === undefined) fill(point.buckets, counts)
  else {
    point.scale = text.scale
    point.zeroCount = zeroCount
    point.zeroThreshold = text.zeroThreshold ?? 0
    point.positive.offset = text.offset ?? 0
    fill(point.positive.counts, counts)
    point.negative.offset = text.offset ?? 0
    fill(point.negative.counts, negative)
  }
  point.stream[0] = text.stream ?? 1
  return point
}

function fill(row: NumberRow, values: readonly number[]): void {
  for (const value of values) row.push(value)
}

/** What an increase says: a number, or counts by bucket "lower..upper". */
export function contentOf(increase: Increase): number | Record<string, number> {
  if (increase.kind !== 'distribution') return increase.value
  const { counts } = increase
  const content: Record<string, number> = {}
  for (let at = 0; at < counts.length; at++)
    if (counts.values[at] !== 0) content[`${increase.lowerAt(at)}..${increase.upperAt(at)}`] = counts.values[at]
  return content
}

/** A table that is told points and tells what became of each: the increase where it is counted, else the outcome. */
export class Stream {
  readonly table: StreamTable
  readonly increase = new Increase()

  constructor(options: Partial<StreamTableOptions> = {}) {
    this.table = new StreamTable({ limit: 1000, expiryMs: 900_000, viewStartMs: 1000, youngMs: Infinity, ...options })
  }

  take(text: PointText, nowMs = text.time * 1000): number | Record<string, number> | Exclude<StreamOutcome, 'counted'> {
    const outcome = this.table.take(pointOf(text), nowMs, this.increase)
    return outcome === 'counted' ? contentOf(this.increase) : outcome
  }

  takeAll(texts: readonly PointText[]): ReturnType<Stream['take']>[] {
    return texts.map((text) => this.take(text))
  }
}
