// The daemon's own telemetry through the OpenTelemetry SDK: its metrics, and spans of work that took long.
// Loaded only where `telemetry.otlp` is configured.
import {
  DiagLogLevel,
  diag,
  metrics as metricsApi,
  type ObservableResult,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'

/** One of the daemon's own values, as its metric registry lists them. */
export interface OwnSample {
  readonly suffix: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface OwnFamily {
  readonly name: string
  readonly samples: readonly OwnSample[]
}

/** What an own metric is, as the catalogue says. */
export interface OwnMetric {
  readonly type: string
  readonly help: string
  readonly unit: string | null
}

export interface SelfTelemetryOptions {
  readonly endpoint: string
  readonly intervalMs: number
  readonly version: string
  readonly catalogue: Readonly<Record<string, OwnMetric>>
  /** Read at every export. */
  readonly metrics: { families(): Iterable<OwnFamily> }
  readonly onFailure: (message: string) => void
}

const SCOPE = 'cohortd'
const FAILURE_REPORT_EVERY = 20

/** Sends until stopped. An endpoint that does not answer is reported and tried again; it is never fatal. */
export class SelfTelemetry {
  readonly #options: SelfTelemetryOptions
  readonly #sdk: NodeSDK
  #tracer: Tracer | null = null
  #failures = 0

  constructor(options: SelfTelemetryOptions) {
    this.#options = options
    const { endpoint: url, intervalMs } = options
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url }),
      exportIntervalMillis: intervalMs,
      exportTimeoutMillis: Math.min(intervalMs, 10_000),
    })
    this.#sdk = new NodeSDK({
      resource: resourceFromAttributes({ 'service.name': 'cohortd', 'service.version': options.version }),
      metricReaders: [reader],
      traceExporter: new OTLPTraceExporter({ url }),
      instrumentations: [],
      autoDetectResources: false,
    })
  }

  start(): void {
    diag.setLogger(this.#failureReporter(), { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true })
    this.#sdk.start()
    this.#tracer = trace.getTracer(SCOPE, this.#options.version)
    for (const [name, metric] of Object.entries(this.#options.catalogue)) this.#bridge(name, metric)
  }

  /** Tells of a piece of work that is over; times in Unix milliseconds. */
  took(name: string, startMs: number, endMs: number): void {
    this.#tracer?.startSpan(name, { startTime: startMs }).end(endMs)
  }

  /** Sends what is left, for at most `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    const timeout = AbortSignal.timeout(deadlineMs)
    const expired = new Promise<void>((resolve) => timeout.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([
      this.#sdk.shutdown().catch((error: unknown) => this.#options.onFailure(String(error))),
      expired,
    ])
  }

  /** A histogram becomes the counters of its sum and its count. */
  #bridge(name: string, metric: OwnMetric): void {
    const meter = metricsApi.getMeter(SCOPE, this.#options.version)
    const details = { description: metric.help, ...(metric.unit === null ? {} : { unit: metric.unit }) }
    const observe = (suffix: string) => (result: ObservableResult) => {
      for (const sample of this.#samplesOf(name))
        if (sample.suffix === suffix) result.observe(sample.value, sample.labels)
    }
    if (metric.type === 'histogram') {
      meter.createObservableCounter(`${name}_sum`, details).addCallback(observe('_sum'))
      meter.createObservableCounter(`${name}_count`, { description: metric.help }).addCallback(observe('_count'))
    } else if (metric.type === 'counter') meter.createObservableCounter(name, details).addCallback(observe(''))
    else meter.createObservableGauge(name, details).addCallback(observe(''))
  }

  #samplesOf(name: string): readonly OwnSample[] {
    for (const family of this.#options.metrics.families()) if (family.name === name) return family.samples
    return []
  }

  #failureReporter() {
    const report = (message: string): void => {
      if (this.#failures++ % FAILURE_REPORT_EVERY === 0) this.#options.onFailure(plainReason(message))
    }
    const ignore = (): void => {}
    return { error: report, warn: ignore, info: ignore, debug: ignore, verbose: ignore }
  }
}

/** The SDK reports errors as JSON with a stack; people want the message. */
function plainReason(message: string): string {
  try {
    const { message: reason } = JSON.parse(message) as { message?: unknown }
    return typeof reason === 'string' ? reason : message
  } catch {
    return message
  }
}
