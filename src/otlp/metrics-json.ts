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
const RESOURCE_METRICS_SCOPE_METRICS = new ByteNames(['scopeMetrics'])
const RESOURCE = new ByteNames(['attributes'])
const SCOPE_METRICS_METRICS = new ByteNames(['metrics'])
const SCOPE_PARTS = new ByteNames(['name', 'version', 'attributes'])
const KINDS: readonly MetricKind[] = [GAUGE, SUM, HISTOGRAM, EXPONENTIAL_HISTOGRAM, SUMMARY]
const KIND_NAMES = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']
const DATA = new ByteNames(KIND_NAMES)
const DATA_POINTS = new ByteNames(['dataPoints'])

/** Members of an object: `heads` first, which tell what the objects in the one member behind them are of. */
interface Headed {
  readonly names: ByteNames
  readonly heads: number
}
const RESOURCE_METRICS = headed(['resource'], ['scopeMetrics'])
const SCOPE_METRICS = headed(['scope'], ['metrics'])
const METRIC = headed(['name', 'unit'], KIND_NAMES)
const POINTS_ALONE = headed([], ['dataPoints'])
const HISTOGRAM_DATA = headed(['aggregationTemporality'], ['dataPoints'])
const SUM_DATA = headed(['aggregationTemporality', 'isMonotonic'], ['dataPoints'])

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
  readonly #outer: readonly StreamIdentity[] = [this.#ofResource, this.#ofScope, this.#ofMetric]
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

  #resourceMetrics(): void {
    this.#point.resource.clear()
    this.#ofResource.clear()
    this.#members(RESOURCE_METRICS, this.#resource, this.#allScopeMetrics)
  }

  /**
   * Reads an object whose heads may come after what they describe: that is passed over then, and read when they are known. As most senders
   * write it nothing is passed over.
   */
  #members({ names, heads }: Headed, readHead: (index: number) => void, readBody: (index: number) => void): void {
    const cursor = this.#cursor
    let known = 0
    let body = ABSENT
    let bodyIndex = ABSENT
    let isRead = false
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      const index = names.find(cursor.text, cursor.textStart, cursor.textEnd)
      if (index < 0) cursor.skip()
      else if (cursor.passNull()) continue
      else if (index < heads) {
        if ((known & (1 << index)) !== 0) cursor.fail('a member is given twice')
        known |= 1 << index
        readHead(index)
      } else {
        if (body !== ABSENT) cursor.fail(index === bodyIndex ? 'a member is given twice' : 'data of two kinds')
        body = cursor.position
        bodyIndex = index
        isRead = known === (1 << heads) - 1
        if (isRead) readBody(index)
        else cursor.skip()
      }
    }
    if (body === ABSENT || isRead) return
    const after = cursor.position
    cursor.position = body
    readBody(bodyIndex)
    cursor.position = after
  }

  readonly #resource = (): void => {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, RESOURCE)) cursor.skip()
      else {
        this.#identifyElements(this.#ofResource, IN_RESOURCE)
        this.#attributes.readAll(this.#point.resource)
      }
    }
  }

  readonly #allScopeMetrics = (): void => {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      this.#ofScope.clear()
      this.#members(SCOPE_METRICS, this.#scope, this.#allMetrics)
    }
  }

  readonly #scope = (): void => {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      const part = SCOPE_PARTS.find(cursor.text, cursor.textStart, cursor.textEnd)
      if (part < 0) cursor.skip()
      else this.#identifyValue(this.#ofScope, IN_SCOPE + part)
    }
  }

  readonly #allMetrics = (): void => {
    const cursor = this.#cursor
    const point = this.#point
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      point.metric = -1
      this.#ofMetric.clear()
      this.#members(METRIC, this.#metricHead, this.#data)
    }
  }

  readonly #metricHead = (index: number): void => {
    if (index === 0) this.#name()
    else this.#identifyValue(this.#ofMetric, IN_METRIC + 1)
  }

  #name(): void {
    const cursor = this.#cursor
    cursor.string()
    const { text, textStart, textEnd } = cursor
    this.#point.metric = this.#metrics.find(text, textStart, textEnd)
    this.#ofMetric.add(text, textStart, textEnd, IN_METRIC)
  }

  readonly #data = (index: number): void => {
    const point = this.#point
    point.kind = KINDS[index - METRIC.heads]
    point.temporality = 0
    point.isMonotonic = false
    this.#members(dataOf(point.kind), this.#dataHead, this.#allPoints)
  }

  readonly #dataHead = (index: number): void => {
    if (index === 0) this.#point.temporality = readEnum(this.#cursor)
    else this.#point.isMonotonic = this.#cursor.boolean()
  }

  readonly #allPoints = (): void => {
    const cursor = this.#cursor
    const point = this.#point
    this.#ofMetric.addNumber(point.kind * 16 + point.temporality * 2 + (point.isMonotonic ? 1 : 0), IN_METRIC)
    this.#points.setOuter(this.#view, this.#outer)
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
  const cursor = new JsonCursor()
  cursor.open(body)
  const count = countElements(cursor, [REQUEST, RESOURCE_METRICS_SCOPE_METRICS, SCOPE_METRICS_METRICS], {
    inner: DATA,
    elements: DATA_POINTS,
  })
  cursor.finish()
  return count
}

function headed(heads: readonly string[], bodies: readonly string[]): Headed {
  return { names: new ByteNames([...heads, ...bodies]), heads: heads.length }
}

function dataOf(kind: MetricKind): Headed {
  if (kind === SUM) return SUM_DATA
  return kind === HISTOGRAM || kind === EXPONENTIAL_HISTOGRAM ? HISTOGRAM_DATA : POINTS_ALONE
}

function ignore(): void {}
