// One data point in OTLP/JSON, of any kind: what metrics.ts reads for protobuf.
import { sharedBounds } from '../model/explicit-bounds.ts'
import type { ExponentialBuckets, MetricPoint } from '../model/metric-point.ts'
import { NumberRow } from '../model/number-row.ts'
import type { JsonAttributeReader } from './attributes-json.ts'
import { isMember } from './counting.ts'
import type { JsonCursor } from './json-cursor.ts'
import { readTime } from './json-fields.ts'
import { type Moment, readCount, readDouble, readInteger } from './json-numbers.ts'
import { checkPoint, MAX_BUCKETS } from './metric-checks.ts'
import { ByteNames } from './names.ts'
import { IN_POINT, StreamIdentity } from './stream-identity.ts'
import { viewOf } from './words.ts'

const MEMBERS = [
  'attributes',
  'startTimeUnixNano',
  'timeUnixNano',
  'flags',
  'asDouble',
  'asInt',
  'count',
  'sum',
  'min',
  'max',
  'bucketCounts',
  'explicitBounds',
  'scale',
  'zeroCount',
  'zeroThreshold',
  'positive',
  'negative',
] as const
const POINT = new ByteNames(MEMBERS)
const BUCKETS_OFFSET = new ByteNames(['offset'])
const BUCKETS_COUNTS = new ByteNames(['bucketCounts'])

const NO_RECORDED_VALUE = 1

/** Reads points at a cursor into one record. */
export class JsonPointReader {
  readonly #cursor: JsonCursor
  readonly #attributes: JsonAttributeReader
  readonly #point: MetricPoint
  readonly #ofPoint = new StreamIdentity()
  readonly #bounds = new NumberRow()
  readonly #moment: Moment = { second: 0, nanos: 0 }
  readonly #readCount = (): number => this.#unsigned()
  readonly #readDouble = (): number => this.#double()
  #view = viewOf(new Uint8Array(0))
  #outer: readonly StreamIdentity[] = []

  constructor(cursor: JsonCursor, attributes: JsonAttributeReader, point: MetricPoint) {
    this.#cursor = cursor
    this.#attributes = attributes
    this.#point = point
  }

  /** The text being read, and the identities of what the points that follow are in. */
  setOuter(view: DataView, outer: readonly StreamIdentity[]): void {
    this.#view = view
    this.#outer = outer
  }

  /** Reads the point that comes next. */
  read(): void {
    const cursor = this.#cursor
    const point = this.#point
    point.clear()
    this.#bounds.length = 0
    this.#ofPoint.clear()
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      const index = POINT.find(cursor.text, cursor.textStart, cursor.textEnd)
      if (index < 0) cursor.skip()
      else if (!cursor.passNull()) this.#member(MEMBERS[index])
    }
    if (point.metric < 0) return
    point.bounds = sharedBounds(this.#bounds)
    this.#ofPoint.sumInto(point.stream, this.#outer)
    checkPoint(point)
  }

  #member(name: (typeof MEMBERS)[number]): void {
    const cursor = this.#cursor
    const point = this.#point
    switch (name) {
      case 'attributes':
        if (point.metric >= 0) this.#identify()
        return this.#attributes.readAll(point.attributes)
      case 'startTimeUnixNano':
        readTime(cursor, this.#moment)
        point.startSecond = this.#moment.second
        point.startNanos = this.#moment.nanos
        return
      case 'timeUnixNano':
        readTime(cursor, this.#moment)
        point.second = this.#moment.second
        point.nanos = this.#moment.nanos
        return
      case 'flags':
        point.isStale = (this.#integer() & NO_RECORDED_VALUE) !== 0
        return
      default:
        if (point.metric < 0) cursor.skip()
        else this.#number(name)
    }
  }

  #number(name: (typeof MEMBERS)[number]): void {
    const point = this.#point
    switch (name) {
      case 'asInt':
        point.value = this.#integer()
        return
      case 'asDouble':
        point.value = this.#double()
        return
      case 'count':
      case 'zeroCount':
        point[name] = this.#unsigned()
        return
      case 'scale':
        point.scale = this.#integer()
        return
      case 'sum':
      case 'min':
      case 'max':
      case 'zeroThreshold':
        point[name] = this.#double()
        return
      case 'bucketCounts':
        return this.#row(point.buckets, this.#readCount)
      case 'explicitBounds':
        return this.#row(this.#bounds, this.#readDouble)
      case 'positive':
      case 'negative':
        return this.#exponential(point[name])
    }
  }

  #exponential(buckets: ExponentialBuckets): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, BUCKETS_OFFSET)) {
        if (!cursor.passNull()) buckets.offset = this.#integer()
      } else if (!isMember(cursor, BUCKETS_COUNTS)) cursor.skip()
      else if (!cursor.passNull()) this.#row(buckets.counts, this.#readCount)
    }
  }

  #row(row: NumberRow, read: () => number): void {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      const value = read()
      if (row.length < MAX_BUCKETS) row.push(value)
      else this.#point.isMalformed = true
    }
  }

  /** A 64-bit integer, rounded where a double cannot hold it. */
  #integer(): number {
    const cursor = this.#cursor
    const at = cursor.position
    cursor.numberOrString()
    const value = readInteger(cursor.text, cursor.textStart, cursor.textEnd)
    return value === null ? cursor.fail('expected a 64-bit integer', at) : Number(value)
  }

  /** A count; one that no count can be makes the point malformed. */
  #unsigned(): number {
    const cursor = this.#cursor
    const at = cursor.position
    cursor.numberOrString()
    const value = readCount(cursor.text, cursor.textStart, cursor.textEnd)
    if (value === null) return cursor.fail('expected a 64-bit integer', at)
    if (value < 0) this.#point.isMalformed = true
    return value
  }

  #double(): number {
    const cursor = this.#cursor
    const at = cursor.position
    cursor.numberOrString()
    return readDouble(cursor.text, cursor.textStart, cursor.textEnd) ?? cursor.fail('expected a number', at)
  }

  /** Adds each of the attributes that come next; the cursor stays where it is. */
  #identify(): void {
    const cursor = this.#cursor
    const start = cursor.position
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      cursor.peek()
      const from = cursor.position
      cursor.skip()
      this.#ofPoint.add(this.#view, from, cursor.position, IN_POINT)
    }
    cursor.position = start
  }
}
