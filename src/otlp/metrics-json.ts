// Data points out of an ExportMetricsServiceRequest in OTLP/JSON: the same records as metrics.ts gives for the same content, but for the identity
// of their time series, which is that of the text. Hides the JSON mapping (OTLP specification, "JSON Protobuf Encoding") and that members may
// come in any order.
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
import { JsonAttributeReader } from './attributes-json.ts'
import { countElements, isMember } from './counting.ts'
import { JsonCursor } from './json-cursor.ts'
import { readEnum } from './json-fields.ts'
import { JsonPointReader } from './metric-point-json.ts'
import { ByteNames } from './names.ts'
import { IN_METRIC, IN_RESOURCE, IN_SCOPE, StreamIdentity } from './stream-identity.ts'
import { StringTable } from './strings.ts'
import { WantedAttributes } from './wanted.ts'
import { viewOf } from './words.ts'

const REQUEST = new ByteNames(['resourceMetrics'])
const RESOURCE_METRICS_RESOURCE = new ByteNames(['resource'])
const RESOURCE_METRICS_SCOPE_METRICS = new ByteNames(['scopeMetrics'])
const RESOURCE = new ByteNames(['attributes'])
const SCOPE_METRICS_SCOPE = new ByteNames(['scope'])
const SCOPE_METRICS_METRICS = new ByteNames(['metrics'])
const SCOPE_PARTS = new ByteNames(['name', 'version', 'attributes'])
const METRIC_NAME = new ByteNames(['name'])
const METRIC_UNIT = new ByteNames(['unit'])
const KINDS: readonly MetricKind[] = [GAUGE, SUM, HISTOGRAM, EXPONENTIAL_HISTOGRAM, SUMMARY]
const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'].map((name) => new ByteNames([name]))
const DATA_POINTS = new ByteNames(['dataPoints'])
const DATA_TEMPORALITY = new ByteNames(['aggregationTemporality'])
const DATA_IS_MONOTONIC = new ByteNames(['isMonotonic'])

/** In the place of a position: the member was not there. */
const ABSENT = -1

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class MetricJsonDecoder {
  readonly #cursor = new JsonCursor()
  readonly #point: MetricPoint
  readonly #attributes: JsonAttributeReader
  readonly #points: JsonPointReader
  readonly #metrics: ByteNames
  readonly #ofResource = new StreamIdentity()
  readonly #ofScope = new StreamIdentity()
  readonly #ofMetric = new StreamIdentity()
  #view = viewOf(new Uint8Array(0))
  #sink: (point: MetricPoint) => void = ignore
  #count = 0

  constructor(vocabulary: Vocabulary) {
    const strings = new StringTable()
    this.#point = new MetricPoint(vocabulary)
    this.#attributes = new JsonAttributeReader(this.#cursor, new WantedAttributes(vocabulary, strings), strings)
    this.#points = new JsonPointReader(this.#cursor, this.#attributes, this.#point)
    this.#metrics = new ByteNames(vocabulary.metrics)
  }

  /**
   * Calls `sink` for each data point in the order of the text and returns their number. The record is the same each time.
   * Throws DecodeError, which names the JSON path, where the text is no such request, maybe after some calls; what
   * nobody wants must only be JSON.
   */
  decode(body: Uint8Array, sink: (point: MetricPoint) => void): number {
    this.#cursor.open(body)
    this.#view = viewOf(body)
    this.#sink = sink
    this.#count = 0
    try {
      this.#request()
      this.#cursor.finish()
      return this.#count
    } finally {
      this.#cursor.close()
      this.#sink = ignore
    }
  }

  #request(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, REQUEST)) cursor.skip()
      else if (!cursor.passNull()) {
        for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#resourceMetrics()
      }
    }
  }

  /** The resource may come after what it describes, which is read when it is known. So it is with the scope and the metric. */
  #resourceMetrics(): void {
    const cursor = this.#cursor
    this.#point.resource.clear()
    this.#ofResource.clear()
    const [resource, scopeMetrics] = this.#members([RESOURCE_METRICS_RESOURCE, RESOURCE_METRICS_SCOPE_METRICS])
    const after = cursor.position
    if (resource !== ABSENT) this.#resource(resource)
    if (scopeMetrics !== ABSENT) {
      cursor.position = scopeMetrics
      for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#scopeMetrics()
    }
    cursor.position = after
  }

  /** Passes an object; gives where the values of the members lie that are asked for and not null. */
  #members(wanted: readonly ByteNames[]): number[] {
    const cursor = this.#cursor
    const found = wanted.map(() => ABSENT)
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      const index = wanted.findIndex((names) => isMember(cursor, names))
      if (index >= 0 && !cursor.passNull()) {
        if (found[index] !== ABSENT) cursor.fail('a member is given twice')
        found[index] = cursor.position
        cursor.skip()
      } else if (index < 0) cursor.skip()
    }
    return found
  }

  #resource(position: number): void {
    const cursor = this.#cursor
    cursor.position = position
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, RESOURCE)) cursor.skip()
      else {
        this.#identifyElements(this.#ofResource, IN_RESOURCE)
        this.#attributes.readAll(this.#point.resource)
      }
    }
  }

  #scopeMetrics(): void {
    const cursor = this.#cursor
    this.#ofScope.clear()
    const [scope, metrics] = this.#members([SCOPE_METRICS_SCOPE, SCOPE_METRICS_METRICS])
    const after = cursor.position
    if (scope !== ABSENT) this.#scope(scope)
    if (metrics !== ABSENT) {
      cursor.position = metrics
      for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#metric()
    }
    cursor.position = after
  }

  #scope(position: number): void {
    const cursor = this.#cursor
    cursor.position = position
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      const part = SCOPE_PARTS.find(cursor.text, cursor.textStart, cursor.textEnd)
      if (part < 0) cursor.skip()
      else this.#identifyValue(this.#ofScope, IN_SCOPE + part)
    }
  }

  #metric(): void {
    const cursor = this.#cursor
    const point = this.#point
    this.#ofMetric.clear()
    const [name, unit, ...data] = this.#members([METRIC_NAME, METRIC_UNIT, ...DATA])
    const after = cursor.position
    const index = data.findIndex((position) => position !== ABSENT)
    point.metric = -1
    point.kind = index < 0 ? 0 : KINDS[index]
    point.temporality = 0
    point.isMonotonic = false
    if (name !== ABSENT) this.#name(name)
    if (unit !== ABSENT) {
      cursor.position = unit
      this.#identifyValue(this.#ofMetric, IN_METRIC + 1)
    }
    if (index >= 0) this.#data(data[index])
    cursor.position = after
  }

  #name(position: number): void {
    const cursor = this.#cursor
    cursor.position = position
    cursor.string()
    const { text, textStart, textEnd } = cursor
    this.#point.metric = this.#metrics.find(text, textStart, textEnd)
    this.#ofMetric.add(text, textStart, textEnd, IN_METRIC)
  }

  #data(position: number): void {
    const cursor = this.#cursor
    const point = this.#point
    cursor.position = position
    const [points, temporality, monotonic] = this.#members([DATA_POINTS, DATA_TEMPORALITY, DATA_IS_MONOTONIC])
    if (temporality !== ABSENT && point.kind !== GAUGE && point.kind !== SUMMARY) {
      cursor.position = temporality
      point.temporality = readEnum(cursor)
    }
    if (monotonic !== ABSENT && point.kind === SUM) {
      cursor.position = monotonic
      point.isMonotonic = cursor.boolean()
    }
    if (points === ABSENT) return
    this.#ofMetric.addNumber(point.kind * 16 + point.temporality * 2 + (point.isMonotonic ? 1 : 0), IN_METRIC)
    this.#points.setOuter(this.#view, [this.#ofResource, this.#ofScope, this.#ofMetric])
    cursor.position = points
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      this.#points.read()
      this.#sink(point)
      this.#count++
    }
  }

  /** Adds the value that comes next, and passes it. */
  #identifyValue(into: StreamIdentity, place: number): void {
    const cursor = this.#cursor
    cursor.peek()
    const start = cursor.position
    cursor.skip()
    into.add(this.#view, start, cursor.position, place)
  }

  /** Adds each element of the array (or null) that comes next; the cursor stays where it is. */
  #identifyElements(into: StreamIdentity, place: number): void {
    const cursor = this.#cursor
    const start = cursor.position
    if (!cursor.passNull())
      for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#identifyValue(into, place)
    cursor.position = start
  }
}

/**
 * The number of data points in a request, without looking into them. Throws DecodeError where the text is no JSON or the
 * structure around them is broken.
 */
export function countPointsJson(body: Uint8Array): number {
  return DATA.reduce((sum, data) => {
    const cursor = new JsonCursor()
    cursor.open(body)
    const count = countElements(cursor, [REQUEST, RESOURCE_METRICS_SCOPE_METRICS, SCOPE_METRICS_METRICS], {
      inner: data,
      elements: DATA_POINTS,
    })
    cursor.finish()
    return sum + count
  }, 0)
}

function ignore(): void {}
