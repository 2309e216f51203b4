// Makes recordings of OTLP as the Collector's file exporter writes them: one export request as JSON in a line. The same seed gives the same bytes.

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** When all recordings begin: they are replayed on their own clock. */
export const BEGIN_S = Date.UTC(2026, 0, 5, 9) / 1000

const SPAN_KINDS = { internal: 1, server: 2 } as const

export interface SpanSpec {
  readonly name: string
  readonly kind?: keyof typeof SPAN_KINDS
  /** Seconds after BEGIN_S at which it ended. */
  readonly at: number
  readonly ms: number
  readonly failed?: boolean
  readonly attributes?: Attributes
}

export interface LogSpec {
  readonly event: string
  readonly at: number
  readonly severity?: number
  readonly attributes?: Attributes
}

export interface PointSpec {
  readonly at: number
  /** A number, or the counts of a histogram's buckets. */
  readonly value: number | readonly number[]
  readonly attributes?: Attributes
}

export interface MetricSpec {
  readonly name: string
  readonly unit: string
  readonly shape: 'counter' | 'gauge' | { readonly bounds: readonly number[] }
  readonly points: readonly PointSpec[]
}

/** One after the other, the lines of a recording. */
export class Recording {
  readonly lines: string[] = []
  /** Uniform in [0, 1). */
  readonly random: () => number
  #ids = 0

  constructor(seed: number) {
    this.random = generator(seed)
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** A duration in ms whose half lies below `median`; log-normal, as response times mostly are. */
  duration(median: number, spread = 0.4): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random())
    return median * Math.exp(spread * normal)
  }

  spans(resource: Attributes, specs: readonly SpanSpec[]): void {
    const spans = specs.map(({ name, kind = 'server', at, ms, failed = false, attributes = {} }) => ({
      traceId: this.#id(32),
      spanId: this.#id(16),
      name,
      kind: SPAN_KINDS[kind],
      startTimeUnixNano: nanos(at - ms / 1000),
      endTimeUnixNano: nanos(at),
      attributes: list(attributes),
      status: failed ? { code: 2 } : {},
    }))
    this.#add({ resourceSpans: [{ resource: { attributes: list(resource) }, scopeSpans: [{ spans }] }] })
  }

  logs(resource: Attributes, specs: readonly LogSpec[]): void {
    const logRecords = specs.map(({ event, at, severity = 9, attributes = {} }) => ({
      timeUnixNano: nanos(at),
      observedTimeUnixNano: nanos(at),
      severityNumber: severity,
      eventName: event,
      attributes: list(attributes),
    }))
    this.#add({ resourceLogs: [{ resource: { attributes: list(resource) }, scopeLogs: [{ logRecords }] }] })
  }

  /** Counters and histograms are deltas of the second before each point. */
  metrics(resource: Attributes, specs: readonly MetricSpec[]): void {
    const metrics = specs.map(({ name, unit, shape, points }) => ({ name, unit, ...dataOf(shape, points) }))
    this.#add({ resourceMetrics: [{ resource: { attributes: list(resource) }, scopeMetrics: [{ metrics }] }] })
  }

  /** Exposures by a feature flag, as SDKs log them. */
  exposures(
    resource: Attributes,
    flag: string,
    at: number,
    unitsOf: Readonly<Record<string, readonly string[]>>,
  ): void {
    const specs = Object.entries(unitsOf).flatMap(([variant, units]) =>
      units.map((unit) => ({
        event: 'feature_flag.evaluation',
        at,
        attributes: {
          'feature_flag.key': flag,
          'feature_flag.result.variant': variant,
          'feature_flag.context.id': unit,
        },
      })),
    )
    this.logs(resource, specs)
  }

  #add(request: object): void {
    this.lines.push(JSON.stringify(request))
  }

  #id(digits: number): string {
    return (++this.#ids).toString(16).padStart(digits, '0')
  }
}

function dataOf(shape: MetricSpec['shape'], points: readonly PointSpec[]): object {
  if (shape === 'gauge') return { gauge: { dataPoints: points.map((point) => numberPoint(point)) } }
  if (shape === 'counter')
    return {
      sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: points.map((point) => numberPoint(point)) },
    }
  return {
    histogram: { aggregationTemporality: 1, dataPoints: points.map((point) => histogramPoint(point, shape.bounds)) },
  }
}

function numberPoint(point: PointSpec): object {
  return { ...pointHead(point), asDouble: point.value }
}

function histogramPoint(point: PointSpec, bounds: readonly number[]): object {
  const counts = point.value as readonly number[]
  const count = counts.reduce((sum, more) => sum + more, 0)
  return { ...pointHead(point), count: String(count), bucketCounts: counts.map(String), explicitBounds: bounds }
}

function pointHead({ at, attributes = {} }: PointSpec): object {
  return { startTimeUnixNano: nanos(at - 1), timeUnixNano: nanos(at), attributes: list(attributes) }
}

function nanos(seconds: number): string {
  return `${Math.round((BEGIN_S + seconds) * 1e6)}000`
}

function list(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

/** A linear congruential generator with the constants of Numerical Recipes; good enough for traffic. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
