// The numbers of a data point, copied from a record that a decoder fills again to one that is kept until the request is counted.
import type { MetricPoint, NumberRow } from '../model/metric-point.ts'

/** Copies all but attributes and resource. */
export function copyNumbers(from: MetricPoint, to: MetricPoint): void {
  to.metric = from.metric
  to.kind = from.kind
  to.temporality = from.temporality
  to.isMonotonic = from.isMonotonic
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
  copyRow(from.bounds, to.bounds)
  copyRow(from.buckets, to.buckets)
  to.scale = from.scale
  to.zeroCount = from.zeroCount
  to.zeroThreshold = from.zeroThreshold
  to.positive.offset = from.positive.offset
  copyRow(from.positive.counts, to.positive.counts)
  to.negative.offset = from.negative.offset
  copyRow(from.negative.counts, to.negative.counts)
  for (let word = 0; word < to.stream.length; word++) to.stream[word] = from.stream[word]
}

function copyRow(from: NumberRow, to: NumberRow): void {
  to.length = 0
  for (let at = 0; at < from.length; at++) to.push(from.values[at])
}
