// Histograms over OTLP/HTTP for the benchmarks of a whole process: ten attributes and fifteen buckets a point, each point of a time series of its own.
// A request is encoded once; what changes from one time to the next (times, count, one bucket) is written over in its bytes.
import { systemClock } from '../../src/runtime/clock.ts'
import { requests } from '../../test/otlp/proto.ts'
import { shootHttp } from '../http-load.ts'

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const type = requests.lookupType('ExportMetricsServiceRequest')

// Values that nothing else in a request has, by which their places are found.
const START = 0x5a01_0203_0405_0607n
const TIME = 0x5a11_1213_1415_1617n
const COUNT = 0x5a21_2223_2425_2627n
const BUCKET = 0x5a31_3233_3435_3637n
const OTHER_BUCKETS = 14n

export type Temporality = 'delta' | 'cumulative'

export interface RequestShape {
  readonly temporality: Temporality
  readonly points: number
}

/** A request that can be sent again and again, later and with more in it. */
export class HistogramRequest {
  readonly #body: Buffer
  readonly #temporality: Temporality
  readonly #places: readonly (readonly [bigint, readonly number[]])[]
  readonly #startNanos: bigint
  #lastNanos: bigint
  #sent = 0n

  constructor(number: number, { temporality, points }: RequestShape) {
    this.#body = encode(number, { temporality, points })
    this.#temporality = temporality
    this.#places = [START, TIME, COUNT, BUCKET].map((marker) => [marker, placesOf(this.#body, marker)] as const)
    this.#startNanos = nowNanos()
    this.#lastNanos = this.#startNanos
  }

  /** The bytes of its next points; valid until this is called again. */
  next(): Buffer {
    // As senders do: the time is now, or just after the last one.
    const timeNanos = later(nowNanos(), this.#lastNanos + 1_000_000n)
    this.#sent++
    const gained = this.#temporality === 'delta' ? 1n : this.#sent
    const values = new Map([
      [START, this.#temporality === 'delta' ? this.#lastNanos : this.#startNanos],
      [TIME, timeNanos],
      [COUNT, gained + OTHER_BUCKETS],
      [BUCKET, gained],
    ])
    for (const [marker, places] of this.#places)
      for (const place of places) this.#body.writeBigUInt64LE(values.get(marker) ?? 0n, place)
    this.#lastNanos = timeNanos
    return this.#body
  }
}

function nowNanos(): bigint {
  return BigInt(systemClock.now()) * 1_000_000n
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function encode(number: number, { temporality, points }: RequestShape): Buffer {
  const dataPoints = Array.from({ length: points }, (_, point) => ({
    startTimeUnixNano: String(START),
    timeUnixNano: String(TIME),
    count: String(COUNT),
    sum: 12.5,
    min: 0.002,
    max: 12,
    bucketCounts: [String(BUCKET), ...BOUNDS.map(() => '1')],
    explicitBounds: BOUNDS,
    attributes: attributesOf({
      'http.request.method': 'GET',
      'url.scheme': 'https',
      'http.response.status_code': 200,
      'http.route': `/api/v1/resource-${number}/${point}`,
      'network.protocol.name': 'http',
      'network.protocol.version': '1.1',
      'server.address': 'shop.example.com',
      'server.port': 8443,
      'experiment.id': 'checkout-redesign',
      'experiment.variant': point % 2 === 0 ? 'control' : 'treatment',
    }),
  }))
  const metric = {
    name: 'http.server.request.duration',
    unit: 's',
    histogram: { aggregationTemporality: temporality === 'delta' ? 1 : 2, dataPoints },
  }
  const resource = {
    attributes: attributesOf({ 'service.name': `service-${number % 20}`, 'service.instance.id': `pod-${number}` }),
  }
  const message = { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'bench' }, metrics: [metric] }] }] }
  return Buffer.from(type.encode(type.fromObject(message)).finish())
}

function attributesOf(attributes: Readonly<Record<string, string | number>>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
  }))
}

function placesOf(body: Buffer, marker: bigint): number[] {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(marker)
  const places: number[] = []
  for (let at = body.indexOf(bytes); at >= 0; at = body.indexOf(bytes, at + 8)) places.push(at)
  return places
}

/** Sends all requests round and round to a port of this machine until `forMs` is over, each at least once; gives how many were answered 200. */
export function shootMetrics(port: number, load: readonly HistogramRequest[], forMs: number): Promise<number> {
  const body = (at: number): Buffer => load[at % load.length].next()
  return shootHttp({ port, path: '/v1/metrics', body, forMs, least: load.length })
}
