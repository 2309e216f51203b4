// One data point in protobuf, of any kind.
import { sharedBounds } from '../model/explicit-bounds.ts'
import type { ExponentialBuckets, MetricPoint } from '../model/metric-point.ts'
import { NumberRow } from '../model/number-row.ts'
import type { AttributeReader } from './attributes.ts'
import type { Cursor } from './cursor.ts'
import { checkPoint, MAX_BUCKETS } from './metric-checks.ts'
import type { PointFields } from './metric-fields.ts'
import { IN_POINT, StreamIdentity } from './stream-identity.ts'
import { nanosWithin, wholeSeconds } from './time.ts'

const BUCKETS_OFFSET = 0x08
const BUCKETS_COUNTS = 0x10
const BUCKETS_COUNTS_PACKED = 0x12

const WORD = 4_294_967_296
const DOUBLE_BYTES = 8
const NO_RECORDED_VALUE = 1

/** Reads points at a cursor into one record. */
export class PointReader {
  readonly #cursor: Cursor
  readonly #attributes: AttributeReader
  readonly #point: MetricPoint
  readonly #ofPoint = new StreamIdentity()
  readonly #bounds = new NumberRow()

  constructor(cursor: Cursor, attributes: AttributeReader, point: MetricPoint) {
    this.#cursor = cursor
    this.#attributes = attributes
    this.#point = point
  }

  /** Reads the point whose message the cursor is in; `outer`: the identities of what it is in. */
  read(fields: PointFields, outer: readonly StreamIdentity[]): void {
    const cursor = this.#cursor
    const point = this.#point
    const isWanted = point.metric >= 0
    point.clear()
    this.#bounds.length = 0
    this.#ofPoint.clear()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === fields.attributes) {
        if (isWanted) identifyRun(cursor, tag, this.#ofPoint, IN_POINT)
        this.#attributes.read(tag, point.attributes)
      } else if (tag === fields.start) {
        cursor.fixed64()
        point.startSecond = wholeSeconds(cursor.low, cursor.high)
        point.startNanos = nanosWithin(cursor.low, point.startSecond)
      } else if (tag === fields.time) {
        cursor.fixed64()
        point.second = wholeSeconds(cursor.low, cursor.high)
        point.nanos = nanosWithin(cursor.low, point.second)
      } else if (tag === fields.flags) point.isStale = (cursor.int32() & NO_RECORDED_VALUE) !== 0
      else if (isWanted) this.#number(tag, fields)
      else cursor.skip(tag)
    }
    if (!isWanted) return
    point.bounds = sharedBounds(this.#bounds)
    this.#ofPoint.sumInto(point.stream, outer)
    checkPoint(point)
  }

  #number(tag: number, fields: PointFields): void {
    const cursor = this.#cursor
    const point = this.#point
    switch (tag) {
      case fields.asDouble:
        point.value = this.#double()
        break
      case fields.asInt:
        cursor.fixed64()
        point.value = cursor.high * WORD + (cursor.low >>> 0)
        break
      case fields.count:
        point.count = this.#unsigned()
        break
      case fields.sum:
        point.sum = this.#double()
        break
      case fields.min:
        point.min = this.#double()
        break
      case fields.max:
        point.max = this.#double()
        break
      case fields.buckets:
        this.#push(point.buckets, this.#unsigned())
        break
      case fields.bucketsPacked:
        this.#packedCounts(point.buckets)
        break
      case fields.bounds:
        this.#push(this.#bounds, this.#double())
        break
      case fields.boundsPacked:
        this.#packedDoubles(this.#bounds)
        break
      case fields.scale:
        point.scale = this.#signed()
        break
      case fields.zeroCount:
        point.zeroCount = this.#unsigned()
        break
      case fields.zeroThreshold:
        point.zeroThreshold = this.#double()
        break
      case fields.positive:
        this.#exponential(point.positive)
        break
      case fields.negative:
        this.#exponential(point.negative)
        break
      default:
        cursor.skip(tag)
    }
  }

  #double(): number {
    const cursor = this.#cursor
    cursor.fixed64()
    return cursor.view.getFloat64(cursor.position - DOUBLE_BYTES, true)
  }

  #unsigned(): number {
    const cursor = this.#cursor
    cursor.fixed64()
    return (cursor.high >>> 0) * WORD + (cursor.low >>> 0)
  }

  /** A sint32. */
  #signed(): number {
    const value = this.#cursor.int32()
    return (value >>> 1) ^ -(value & 1)
  }

  #push(row: NumberRow, value: number): void {
    if (row.length < MAX_BUCKETS) row.push(value)
    else this.#point.isMalformed = true
  }

  #packedDoubles(row: NumberRow): void {
    const { view, position, whole } = this.#packedBytes(row)
    let at = row.length
    for (let from = position; from < whole; from += DOUBLE_BYTES) row.values[at++] = view.getFloat64(from, true)
    row.length = at
  }

  #packedCounts(row: NumberRow): void {
    const { view, position, whole } = this.#packedBytes(row)
    let at = row.length
    for (let from = position; from < whole; from += DOUBLE_BYTES)
      row.values[at++] = view.getUint32(from + 4, true) * WORD + view.getUint32(from, true)
    row.length = at
  }

  /** The bytes of packed values of eight bytes each, which are passed; `row` has room for them. Those beyond what is read at most are left out. */
  #packedBytes(row: NumberRow): { view: DataView; position: number; whole: number } {
    const cursor = this.#cursor
    const length = cursor.length()
    const { view, position } = cursor
    if (length % DOUBLE_BYTES !== 0) cursor.fail('a value reaches past its message')
    cursor.position = position + length
    const taken = Math.min(length / DOUBLE_BYTES, MAX_BUCKETS - row.length)
    if (taken * DOUBLE_BYTES < length) this.#point.isMalformed = true
    row.reserve(taken)
    return { view, position, whole: position + taken * DOUBLE_BYTES }
  }

  #exponential(buckets: ExponentialBuckets): void {
    const cursor = this.#cursor
    const outer = cursor.enter()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === BUCKETS_OFFSET) buckets.offset = this.#signed()
      else if (tag === BUCKETS_COUNTS) this.#push(buckets.counts, this.#varint())
      else if (tag === BUCKETS_COUNTS_PACKED) {
        const counts = cursor.enter()
        while (cursor.position < cursor.end) this.#push(buckets.counts, this.#varint())
        cursor.leave(counts)
      } else cursor.skip(tag)
    }
    cursor.leave(outer)
  }

  #varint(): number {
    const cursor = this.#cursor
    cursor.varint()
    return (cursor.high >>> 0) * WORD + (cursor.low >>> 0)
  }
}

/** Adds the field that comes next. */
export function identifyField(cursor: Cursor, into: StreamIdentity, place: number): void {
  const end = cursor.length() + cursor.position
  into.add(cursor.view, cursor.position, end, place)
  cursor.position = end
}

/** Adds the attribute that comes next, behind its tag, and those that follow it directly; the cursor stays where it is. */
export function identifyRun(cursor: Cursor, tag: number, into: StreamIdentity, place: number): void {
  const start = cursor.position
  for (;;) {
    identifyField(cursor, into, place)
    if (cursor.position >= cursor.end || cursor.bytes[cursor.position] !== tag) break
    cursor.position++
  }
  cursor.position = start
}
