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
import { OrderedMembers } from './ordered-members.ts'
import { IN_METRIC, IN_RESOURCE, IN_SCOPE, StreamIdentity } from './stream-identity.ts'
import { StringTable } from './strings.ts'
import { unitsPerSecond } from './time-units.ts'
import { WantedAttributes } from './wanted.ts'
import { viewOf } from './words.ts'

const REQUEST = new ByteNames(['resourceMetrics'])
const RESOURCE = new ByteNames(['attributes'])
const SCOPE_METRICS = 'scopeMetrics'
const METRICS = 'metrics'
const DATA_POINTS = 'dataPoints'
const SCOPE_PARTS = new ByteNames(['name', 'version', 'attributes'])
const KINDS: readonly MetricKind[] = [GAUGE, SUM, HISTOGRAM, EXPONENTIAL_HISTOGRAM, SUMMARY]
const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class MetricJsonDecoder {
  readonly #cursor = new JsonCursor()
  readonly #point: MetricPoint
  readonly #attributes: JsonAttributeReader
  readonly #points: JsonPointReader
  readonly #metrics: ByteNames
  readonly #resourceMetrics: OrderedMembers
  readonly #scopeMetrics: OrderedMembers
  readonly #metric: OrderedMembers
  readonly #data: OrderedMembers
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
    this.#resourceMetrics = new OrderedMembers(this.#cursor, [
      { names: ['resource'], read: () => this.#readResource() },
      { names: [SCOPE_METRICS], read: () => this.#each(() => this.#readScopeMetrics()) },
    ])
    this.#scopeMetrics = new OrderedMembers(this.#cursor, [
      { names: ['scope'], read: () => this.#readScope() },
      { names: [METRICS], read: () => this.#each(() => this.#readMetric()) },
    ])
    this.#metric = new OrderedMembers(this.#cursor, [
      { names: ['name'], read: () => this.#readName() },
      { names: ['unit'], read: () => this.#readUnit() },
      { names: DATA, read: (kind) => this.#readData(KINDS[kind]) },
    ])
    this.#data = new OrderedMembers(this.#cursor, [
      { names: ['aggregationTemporality'], read: () => this.#readTemporality() },
      { names: ['isMonotonic'], read: () => this.#readMonotonic() },
      { names: [DATA_POINTS], read: () => this.#readPoints() },
    ])
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
      else if (!cursor.passNull()) this.#each(() => this.#readResourceMetrics())
    }
  }

  /** Reads each element of the array that comes next. */
  #each(read: () => void): void {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) read()
  }

  #readResourceMetrics(): void {
    this.#point.resource.clear()
    this.#ofResource.clear()
    this.#resourceMetrics.read()
  }

  #readResource(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, RESOURCE)) cursor.skip()
      else {
        this.#identifyElements(this.#ofResource, IN_RESOURCE)
        this.#attributes.readAll(this.#point.resource)
      }
    }
  }

  #readScopeMetrics(): void {
    this.#ofScope.clear()
    this.#scopeMetrics.read()
  }

  #readScope(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      const part = SCOPE_PARTS.find(cursor.text, cursor.textStart, cursor.textEnd)
      if (part < 0) cursor.skip()
      else this.#identifyValue(this.#ofScope, IN_SCOPE + part)
    }
  }

  #readMetric(): void {
    const point = this.#point
    this.#ofMetric.clear()
    point.metric = -1
    point.unitsPerSecond = 1
    this.#metric.read()
  }

  #readName(): void {
    const cursor = this.#cursor
    cursor.string()
    const { text, textStart, textEnd } = cursor
    this.#point.metric = this.#metrics.find(text, textStart, textEnd)
    this.#ofMetric.add(text, textStart, textEnd, IN_METRIC)
  }

  #readUnit(): void {
    const cursor = this.#cursor
    cursor.string()
    const { text, textStart, textEnd } = cursor
    this.#point.unitsPerSecond = unitsPerSecond(text, textStart, textEnd)
    this.#ofMetric.add(text, textStart, textEnd, IN_METRIC + 1)
  }

  #readData(kind: MetricKind): void {
    const point = this.#point
    point.kind = kind
    point.temporality = 0
    point.isMonotonic = false
    this.#data.read()
  }

  /** Of a gauge or summary it means nothing. */
  #readTemporality(): void {
    const { kind } = this.#point
    if (kind === GAUGE || kind === SUMMARY) this.#cursor.skip()
    else this.#point.temporality = readEnum(this.#cursor)
  }

  #readMonotonic(): void {
    if (this.#point.kind === SUM) this.#point.isMonotonic = this.#cursor.boolean()
    else this.#cursor.skip()
  }

  #readPoints(): void {
    const point = this.#point
    this.#ofMetric.addNumber(point.kind * 16 + point.temporality * 2 + (point.isMonotonic ? 1 : 0), IN_METRIC)
    this.#points.setOuter(this.#view, [this.#ofResource, this.#ofScope, this.#ofMetric])
    this.#each(() => {
      this.#points.read()
      this.#sink(point)
      this.#count++
    })
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
  const path = [REQUEST, new ByteNames([SCOPE_METRICS]), new ByteNames([METRICS])]
  const within = { inner: new ByteNames(DATA), elements: new ByteNames([DATA_POINTS]) }
  const cursor = new JsonCursor()
  cursor.open(body)
  const count = countElements(cursor, path, within)
  cursor.finish()
  return count
}

function ignore(): void {}
