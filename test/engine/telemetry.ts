// Export requests of log records and data points, in OTLP/JSON: what matters is named, the rest is left out.
import type { ExportRequest, Signal } from '../../src/model/signal.ts'

export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface LogSketch {
  readonly atMs: number
  readonly event?: string
  readonly severity?: number
  readonly traceId?: string
  readonly attributes?: Attributes
}

export type PointSketch = {
  readonly atMs: number
  readonly startMs?: number
  readonly attributes?: Attributes
  readonly flags?: number
} & (
  | { readonly value: number }
  | {
      readonly bounds: readonly number[]
      readonly counts: readonly number[]
      readonly sum?: number
      readonly min?: number
      readonly max?: number
    }
  | {
      readonly scale: number
      readonly offset: number
      readonly counts: readonly number[]
      readonly zeroCount?: number
      readonly sum?: number
    }
  /** A summary: its values by quantile. */
  | { readonly quantiles: Readonly<Record<string, number>>; readonly count: number; readonly sum: number }
)

export interface MetricSketch {
  readonly name: string
  readonly unit?: string
  /** A gauge unless it says something else. */
  readonly temporality?: 'delta' | 'cumulative'
  readonly monotonic?: boolean
  readonly points: readonly PointSketch[]
}

export interface From {
  readonly service?: string
  readonly resource?: Attributes
  readonly identity?: string
}

export function logs(records: readonly LogSketch[], from: From = {}): ExportRequest {
  const logRecords = records.map(({ atMs, event, severity, traceId, attributes = {} }) => ({
    timeUnixNano: nanos(atMs),
    ...(event === undefined ? {} : { eventName: event }),
    ...(severity === undefined ? {} : { severityNumber: severity }),
    ...(traceId === undefined ? {} : { traceId }),
    attributes: keyValues(attributes),
  }))
  return jsonRequest('logs', { resourceLogs: [{ resource: resourceOf(from), scopeLogs: [{ logRecords }] }] }, from)
}

export function metrics(sketches: readonly MetricSketch[], from: From = {}): ExportRequest {
  const all = sketches.map((sketch) => ({ name: sketch.name, unit: sketch.unit ?? '', ...dataOf(sketch) }))
  return jsonRequest(
    'metrics',
    { resourceMetrics: [{ resource: resourceOf(from), scopeMetrics: [{ metrics: all }] }] },
    from,
  )
}

/** A flag evaluation that gave a variant to a unit. */
export function exposure(atMs: number, variant: string, unit?: string, attributes: Attributes = {}): LogSketch {
  return {
    atMs,
    event: 'feature_flag.evaluation',
    attributes: {
      'feature_flag.key': 'checkout',
      'feature_flag.result.variant': variant,
      ...(unit === undefined ? {} : { 'feature_flag.context.id': unit }),
      ...attributes,
    },
  }
}

function dataOf({ temporality, monotonic = true, points }: MetricSketch): object {
  const dataPoints = points.map(pointOf)
  const aggregationTemporality = temporality === 'delta' ? 1 : 2
  const [first] = points
  if ('quantiles' in first) return { summary: { dataPoints } }
  if ('scale' in first) return { exponentialHistogram: { aggregationTemporality, dataPoints } }
  if ('bounds' in first) return { histogram: { aggregationTemporality, dataPoints } }
  if (temporality === undefined) return { gauge: { dataPoints } }
  return { sum: { aggregationTemporality, isMonotonic: monotonic, dataPoints } }
}

function pointOf(point: PointSketch): object {
  const head = {
    timeUnixNano: nanos(point.atMs),
    ...(point.startMs === undefined ? {} : { startTimeUnixNano: nanos(point.startMs) }),
    ...(point.flags === undefined ? {} : { flags: point.flags }),
    attributes: keyValues(point.attributes ?? {}),
  }
  if ('value' in point) return { ...head, asDouble: point.value }
  if ('quantiles' in point) {
    const quantileValues = Object.entries(point.quantiles).map(([quantile, value]) => ({ quantile: +quantile, value }))
    return { ...head, count: String(point.count), sum: point.sum, quantileValues }
  }
  const count = String(point.counts.reduce((sum, one) => sum + one, 'zeroCount' in point ? (point.zeroCount ?? 0) : 0))
  const sum = point.sum === undefined ? {} : { sum: point.sum }
  const counts = point.counts.map(String)
  if ('scale' in point)
    return {
      ...head,
      ...sum,
      count,
      scale: point.scale,
      zeroCount: String(point.zeroCount ?? 0),
      positive: { offset: point.offset, bucketCounts: counts },
    }
  const { min, max } = point
  return {
    ...head,
    ...sum,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    count,
    explicitBounds: point.bounds,
    bucketCounts: counts,
  }
}

function resourceOf({ service = 'shop', resource = {} }: From): object {
  return { attributes: keyValues({ 'service.name': service, ...resource }) }
}

function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n)
}

let identities = 0

function jsonRequest(signal: Signal, body: object, { identity }: From): ExportRequest {
  return {
    signal,
    transport: 'http',
    encoding: 'json',
    body: Buffer.from(JSON.stringify(body)),
    identity: identity ?? `${signal}-${identities++}`,
  }
}
