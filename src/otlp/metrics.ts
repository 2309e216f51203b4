// Data points out of an ExportMetricsServiceRequest in protobuf, as traces.ts does it for spans. Hides the messages' layout
// (opentelemetry/proto/metrics/v1/metrics.proto). Attributes are read of every point, numbers of those metrics alone that the vocabulary names:
// the buckets of all others are skipped by their length.
import {
  EXPONENTIAL_HISTOGRAM,
  GAUGE,
  HISTOGRAM,
  type MetricKind,
  MetricPoint,
  SUM,
  SUMMARY,
} from '../model/metric-point.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { AttributeReader } from './attributes.ts'
import { countFields } from './counting.ts'
import { Cursor } from './cursor.ts'
import { POINT_FIELDS, type PointFields } from './metric-fields.ts'
import { identifyField, identifyRun, PointReader } from './metric-point.ts'
import { ByteNames } from './names.ts'
import { IN_METRIC, IN_RESOURCE, IN_SCOPE, StreamIdentity } from './stream-identity.ts'
import { StringTable } from './strings.ts'
import { unitsPerSecond } from './time-units.ts'
import { WantedAttributes } from './wanted.ts'

// Tags: field number * 8 + wire type.
const REQUEST_RESOURCE_METRICS = 0x0a
const RESOURCE_METRICS_RESOURCE = 0x0a
const RESOURCE_METRICS_SCOPE_METRICS = 0x12
const RESOURCE_ATTRIBUTES = 0x0a
const SCOPE_METRICS_SCOPE = 0x0a
const SCOPE_METRICS_METRICS = 0x12
const SCOPE_NAME = 0x0a
const SCOPE_VERSION = 0x12
const SCOPE_ATTRIBUTES = 0x1a
const METRIC_NAME = 0x0a
const METRIC_UNIT = 0x1a
const DATA_POINTS = 0x0a
const DATA_TEMPORALITY = 0x10
const DATA_IS_MONOTONIC = 0x18

/** What a metric's field of this tag makes it; 0: it is no data. */
function kindOf(tag: number): MetricKind {
  switch (tag) {
    case 0x2a:
      return GAUGE
    case 0x3a:
      return SUM
    case 0x4a:
      return HISTOGRAM
    case 0x52:
      return EXPONENTIAL_HISTOGRAM
    case 0x5a:
      return SUMMARY
    default:
      return 0
  }
}

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class MetricDecoder {
  readonly #cursor = new Cursor()
  readonly #point: MetricPoint
  readonly #strings = new StringTable()
  readonly #attributes: AttributeReader
  readonly #metrics: ByteNames
  readonly #ofResource = new StreamIdentity()
  readonly #ofScope = new StreamIdentity()
  readonly #ofMetric = new StreamIdentity()
  readonly #points: PointReader
  readonly #outer: readonly StreamIdentity[]
  readonly #wantsAny: boolean

  constructor(vocabulary: Vocabulary) {
    const wanted = new WantedAttributes(vocabulary, this.#strings)
    this.#point = new MetricPoint(vocabulary)
    this.#attributes = new AttributeReader(this.#cursor, wanted, this.#strings)
    this.#points = new PointReader(this.#cursor, this.#attributes, this.#point)
    this.#metrics = new ByteNames(vocabulary.metrics)
    this.#wantsAny = vocabulary.metrics.length > 0
    this.#outer = [this.#ofResource, this.#ofScope, this.#ofMetric]
  }

  /**
   * Calls `sink` for each data point in the order of the bytes and returns their number. The record is the same each time.
   * Throws DecodeError where the bytes are no such request, maybe after some calls; what is skipped is not looked into.
   */
  decode(body: Uint8Array, sink: (point: MetricPoint) => void): number {
    const cursor = this.#cursor
    cursor.open(body)
    try {
      return this.#each(REQUEST_RESOURCE_METRICS, () => this.#resourceMetrics(sink))
    } finally {
      cursor.close()
    }
  }

  /** Enters every field of this tag; gives the sum of what `read` gives. */
  #each(wanted: number, read: () => number): number {
    const cursor = this.#cursor
    let sum = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === wanted) {
        const outer = cursor.enter()
        sum += read()
        cursor.leave(outer)
      } else cursor.skip(tag)
    }
    return sum
  }

  /** The resource may come after what it describes, and in pieces: all of it is read first. So it is with scope and metric. */
  #resourceMetrics(sink: (point: MetricPoint) => void): number {
    const cursor = this.#cursor
    const start = cursor.position
    this.#point.resource.clear()
    this.#ofResource.clear()
    this.#each(RESOURCE_METRICS_RESOURCE, () => this.#resource())
    cursor.position = start
    return this.#each(RESOURCE_METRICS_SCOPE_METRICS, () => this.#scopeMetrics(sink))
  }

  #resource(): number {
    const cursor = this.#cursor
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === RESOURCE_ATTRIBUTES) {
        if (this.#wantsAny) identifyRun(cursor, tag, this.#ofResource, IN_RESOURCE)
        this.#attributes.read(tag, this.#point.resource)
      } else cursor.skip(tag)
    }
    return 0
  }

  #scopeMetrics(sink: (point: MetricPoint) => void): number {
    const cursor = this.#cursor
    const start = cursor.position
    this.#ofScope.clear()
    if (this.#wantsAny) {
      this.#each(SCOPE_METRICS_SCOPE, () => this.#scope())
      cursor.position = start
    }
    return this.#each(SCOPE_METRICS_METRICS, () => this.#metric(sink))
  }

  #scope(): number {
    const cursor = this.#cursor
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === SCOPE_NAME || tag === SCOPE_VERSION || tag === SCOPE_ATTRIBUTES)
        identifyField(cursor, this.#ofScope, IN_SCOPE + tag)
      else cursor.skip(tag)
    }
    return 0
  }

  #metric(sink: (point: MetricPoint) => void): number {
    const cursor = this.#cursor
    const point = this.#point
    const start = cursor.position
    point.metric = -1
    point.kind = 0
    point.temporality = 0
    point.isMonotonic = false
    point.unitsPerSecond = 1
    this.#ofMetric.clear()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      const kind = kindOf(tag)
      if (tag === METRIC_NAME) this.#name()
      else if (tag === METRIC_UNIT) this.#unit()
      else if (kind === 0) cursor.skip(tag)
      else this.#dataHead(kind)
    }
    if (point.metric >= 0)
      this.#ofMetric.addNumber(point.kind * 16 + point.temporality * 2 + (point.isMonotonic ? 1 : 0), IN_METRIC)
    cursor.position = start
    return this.#data(sink)
  }

  #name(): void {
    const cursor = this.#cursor
    const end = cursor.length() + cursor.position
    this.#point.metric = this.#metrics.find(cursor.view, cursor.position, end)
    if (this.#point.metric >= 0) this.#ofMetric.add(cursor.view, cursor.position, end, IN_METRIC + METRIC_NAME)
    cursor.position = end
  }

  #unit(): void {
    const cursor = this.#cursor
    const end = cursor.length() + cursor.position
    this.#point.unitsPerSecond = unitsPerSecond(cursor.view, cursor.position, end)
    this.#ofMetric.add(cursor.view, cursor.position, end, IN_METRIC + METRIC_UNIT)
    cursor.position = end
  }

  /** Of several kinds of data the last one counts, as protobuf has it for a oneof. */
  #dataHead(kind: MetricKind): void {
    const cursor = this.#cursor
    const point = this.#point
    const outer = cursor.enter()
    if (point.kind !== kind) {
      point.temporality = 0
      point.isMonotonic = false
    }
    point.kind = kind
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === DATA_TEMPORALITY && kind !== GAUGE && kind !== SUMMARY) point.temporality = cursor.int32()
      else if (tag === DATA_IS_MONOTONIC && kind === SUM) point.isMonotonic = cursor.int32() !== 0
      else cursor.skip(tag)
    }
    cursor.leave(outer)
  }

  #data(sink: (point: MetricPoint) => void): number {
    const cursor = this.#cursor
    const { kind } = this.#point
    let points = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (kind !== 0 && kindOf(tag) === kind) {
        const outer = cursor.enter()
        points += this.#eachPoint(sink, POINT_FIELDS[kind])
        cursor.leave(outer)
      } else cursor.skip(tag)
    }
    return points
  }

  #eachPoint(sink: (point: MetricPoint) => void, fields: PointFields): number {
    const cursor = this.#cursor
    let points = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === DATA_POINTS) {
        const outer = cursor.enter()
        this.#points.read(fields, this.#outer)
        cursor.leave(outer)
        sink(this.#point)
        points++
      } else cursor.skip(tag)
    }
    return points
  }
}

/**
 * The number of data points in a request, without looking into them. Throws DecodeError where the structure around them is
 * broken.
 */
export function countPoints(body: Uint8Array): number {
  const path = [REQUEST_RESOURCE_METRICS, RESOURCE_METRICS_SCOPE_METRICS, SCOPE_METRICS_METRICS]
  const ofKind = (data: number): number => {
    const cursor = new Cursor()
    cursor.open(body)
    return countFields(cursor, [...path, data, DATA_POINTS])
  }
  return [0x2a, 0x3a, 0x4a, 0x52, 0x5a].reduce((sum, data) => sum + ofKind(data), 0)
}
