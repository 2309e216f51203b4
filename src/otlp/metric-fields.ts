// The tags of the fields of data points: each kind has numbered them in its own way.
import { EXPONENTIAL_HISTOGRAM, GAUGE, HISTOGRAM, type MetricKind, SUM, SUMMARY } from '../model/metric-point.ts'

/** Tags (field number * 8 + wire type); NONE where the kind has no such field. */
export interface PointFields {
  readonly attributes: number
  readonly start: number
  readonly time: number
  readonly flags: number
  readonly asDouble: number
  readonly asInt: number
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly buckets: number
  readonly bucketsPacked: number
  readonly bounds: number
  readonly boundsPacked: number
  readonly scale: number
  readonly zeroCount: number
  readonly zeroThreshold: number
  readonly positive: number
  readonly negative: number
}

/** No tag: field numbers begin at 1. */
const NONE = -1

const NOTHING: PointFields = {
  attributes: NONE,
  start: 0x11,
  time: 0x19,
  flags: NONE,
  asDouble: NONE,
  asInt: NONE,
  count: NONE,
  sum: NONE,
  min: NONE,
  max: NONE,
  buckets: NONE,
  bucketsPacked: NONE,
  bounds: NONE,
  boundsPacked: NONE,
  scale: NONE,
  zeroCount: NONE,
  zeroThreshold: NONE,
  positive: NONE,
  negative: NONE,
}

const NUMBER: PointFields = { ...NOTHING, attributes: 0x3a, flags: 0x40, asDouble: 0x21, asInt: 0x31 }

export const POINT_FIELDS: Readonly<Record<Exclude<MetricKind, 0>, PointFields>> = {
  [GAUGE]: NUMBER,
  [SUM]: NUMBER,
  [HISTOGRAM]: {
    ...NOTHING,
    attributes: 0x4a,
    flags: 0x50,
    count: 0x21,
    sum: 0x29,
    buckets: 0x31,
    bucketsPacked: 0x32,
    bounds: 0x39,
    boundsPacked: 0x3a,
    min: 0x59,
    max: 0x61,
  },
  [EXPONENTIAL_HISTOGRAM]: {
    ...NOTHING,
    attributes: 0x0a,
    flags: 0x50,
    count: 0x21,
    sum: 0x29,
    scale: 0x30,
    zeroCount: 0x39,
    positive: 0x42,
    negative: 0x4a,
    min: 0x61,
    max: 0x69,
    zeroThreshold: 0x71,
  },
  [SUMMARY]: { ...NOTHING, attributes: 0x3a, flags: 0x40, count: 0x21, sum: 0x29 },
}
