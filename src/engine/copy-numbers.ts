// The numbers of a data point, copied from a record that a decoder fills again to one that is kept until the request is counted.
import { NO_BOUNDS } from '../model/explicit-bounds.ts'
import type { MetricPoint } from '../model/metric-point.ts'

/** Lets go of the memory of a point that had very many buckets. */
export function releaseNumbers(point: MetricPoint): void {
  point.bounds = NO_BOUNDS
  point.buckets.release()
  point.positive.counts.release()
  point.negative.counts.release()
}

/** Copies all but attributes and resource. */
export function copyNumbers(from: MetricPoint, to: MetricPoint): void {
  to.metric = from.metric
  to.kind = from.kind
  to.temporality = from.temporality
  to.isMonotonic = from.isMonotonic
  to.unitsPerSecond = from.unitsPerSecond
  to.isMalformed = from.isMalformed
  to.startSecond = from.startSecond
  to.startNanos = from.startNanos
  to.second = from.second
  to.nanos = from.nanos
  to.isStale = from.isStale
  to.value = from.value
  to.count = from.count
  to.sum = from.sum
  to.min = from.min
  to.max = from.max
  to.bounds = from.bounds
  to.buckets.copy(from.buckets)
  to.scale = from.scale
  to.zeroCount = from.zeroCount
  to.zeroThreshold = from.zeroThreshold
  to.positive.offset = from.positive.offset
  to.positive.counts.copy(from.positive.counts)
  to.negative.offset = from.negative.offset
  to.negative.counts.copy(from.negative.counts)
  for (let word = 0; word < to.stream.length; word++) to.stream[word] = from.stream[word]
}
