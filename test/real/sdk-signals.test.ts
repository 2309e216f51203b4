// What the OpenTelemetry SDK really sends of metrics and logs: each protocol and temporality, explicit and exponential histograms, flag
// evaluations. The totals are known; nothing may be lost or doubled.
import { SeverityNumber } from '@opentelemetry/api'
import { OTLPLogExporter as GrpcLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as GrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs'
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ExperimentReport, SliReport } from '../../src/model/report.ts'
import { sleep } from '../../src/runtime/clock.ts'
import { DaemonProcess } from './daemon-process.ts'
import { eventuallyHolds } from './eventually.ts'

const CONFIG = `
store: {type: memory}
slis:
  - {name: requests, from: metrics, metric: requests, bad_when: {outcome: failed}}
  - {name: explicit, from: metrics, metric: explicit, good_below: 0.25, percentiles: [0.5]}
  - {name: exponential, from: metrics, metric: exponential, good_below: 0.25, percentiles: [0.5]}
  - {name: queue, from: metrics, metric: queue, good_below: 10}
  - {name: cost, from: metrics, numerator: {metric: cost}, denominator: {metric: explicit, part: count}}
  - {name: conversion, from: events, good: {event.name: checkout.completed}, valid: exposures}
  - {name: errors, from: events, bad_when: {severity: ">=ERROR"}, where: {event.name: {present: false}}}
slos: []
`
const ROUNDS = 5
/** In a round; seconds. The bound of good values is one of 0.25 s, where both kinds of histogram have a bucket's bound. */
const VALUES = [0.1, 0.1, 0.2, 0.25, 0.3, 0.4, 3]
const GOOD = VALUES.filter((value) => value <= 0.25).length

let daemon: DaemonProcess

beforeAll(async () => {
  daemon = await DaemonProcess.start({ config: CONFIG })
})

afterAll(async () => {
  await daemon?.stop()
})

type Options = { readonly temporalityPreference: AggregationTemporality }
const EXPORTERS: Record<string, (options: Options) => PushMetricExporter> = {
  grpc: (options) => new GrpcExporter({ url: daemon.otlpUrl('grpc'), ...options }),
  'http/protobuf': (options) => new ProtobufExporter({ url: `${daemon.otlpUrl('http')}/v1/metrics`, ...options }),
  'http/json': (options) => new JsonExporter({ url: `${daemon.otlpUrl('http')}/v1/metrics`, ...options }),
}

const flavours = Object.keys(EXPORTERS).flatMap((protocol) =>
  (['DELTA', 'CUMULATIVE'] as const).map((temporality) => [protocol, temporality] as const),
)

async function slisOf(experiment: string): Promise<Record<string, SliReport>> {
  const report = (await daemon.report(experiment)) as ExperimentReport
  return Object.fromEntries(report.variants[0].cohorts[0].slis.map((sli) => [sli.sli, sli]))
}

test.each(flavours)('metrics over %s with %s temporality', async (protocol, temporality) => {
  const experiment = `${protocol} ${temporality}`.toLowerCase()
  const exporter = EXPORTERS[protocol]({ temporalityPreference: AggregationTemporality[temporality] })
  // Far apart: each round is flushed by hand.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    readers: [reader],
    views: [
      { instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
      {
        instrumentName: 'explicit',
        aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [0.1, 0.25, 1] } },
      },
    ],
  })
  const meter = provider.getMeter('test')
  const attributes = { 'experiment.id': experiment, 'experiment.variant': 'treatment' }
  const instruments = {
    requests: meter.createCounter('requests'),
    cost: meter.createCounter('cost'),
    explicit: meter.createHistogram('explicit'),
    exponential: meter.createHistogram('exponential'),
    queue: meter.createGauge('queue'),
  }
  for (let round = 0; round < ROUNDS; round++) {
    instruments.requests.add(9, { ...attributes, outcome: 'done' })
    instruments.requests.add(1, { ...attributes, outcome: 'failed' })
    instruments.cost.add(0.5, attributes)
    for (const value of VALUES) {
      instruments.explicit.record(value, attributes)
      instruments.exponential.record(value, attributes)
    }
    instruments.queue.record(round * 5, attributes)
    // A series whose first point is of the millisecond in which it began does not tell when it began.
    await sleep(5)
    await provider.forceFlush()
  }
  await provider.shutdown()
  const all = ROUNDS * VALUES.length
  await eventuallyHolds(async () => {
    const { requests, explicit, exponential, queue, cost } = await slisOf(experiment)
    expect(requests).toMatchObject({ events: 10 * ROUNDS, good: 9 * ROUNDS, bad: ROUNDS })
    expect(explicit).toMatchObject({ events: all, good: GOOD * ROUNDS, bad: (VALUES.length - GOOD) * ROUNDS })
    expect(explicit.estimated).toBeUndefined()
    expect(exponential).toMatchObject({ events: all })
    expect(exponential.good! + exponential.bad!).toBeCloseTo(all)
    expect(exponential.good! / all).toBeCloseTo(GOOD / VALUES.length, 1)
    expect(exponential.percentiles?.['0.5']).toBeCloseTo(0.25, 1)
    // The last round's level comes once more as the provider is shut down.
    expect(queue.bad! + queue.good!).toBeGreaterThanOrEqual(ROUNDS)
    expect(queue.good).toBe(2)
    expect(cost.windows['5m'].ratio).toBeCloseTo((0.5 * ROUNDS) / all)
  })
})

const LOG_EXPORTERS: Record<string, () => LogRecordExporter> = {
  grpc: () => new GrpcLogExporter({ url: daemon.otlpUrl('grpc') }),
  'http/protobuf': () => new ProtobufLogExporter({ url: `${daemon.otlpUrl('http')}/v1/logs` }),
}

test.each(Object.keys(LOG_EXPORTERS))('logs over %s', async (protocol) => {
  const experiment = `logs ${protocol}`
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    processors: [new BatchLogRecordProcessor({ exporter: LOG_EXPORTERS[protocol]() })],
  })
  const logger = provider.getLogger('test')
  const tags = { 'experiment.id': experiment, 'experiment.variant': 'treatment' }
  for (let unit = 0; unit < 40; unit++) {
    const evaluation = {
      'feature_flag.key': experiment,
      'feature_flag.result.variant': 'treatment',
      'feature_flag.context.id': `u${unit % 30}`,
    }
    logger.emit({ eventName: 'feature_flag.evaluation', attributes: evaluation })
    if (unit < 12) logger.emit({ attributes: { 'event.name': 'checkout.completed', ...tags } })
    const severityNumber = unit < 4 ? SeverityNumber.ERROR2 : SeverityNumber.INFO
    logger.emit({ severityNumber, body: `unit ${unit} was here`, attributes: tags })
  }
  await provider.shutdown()
  await eventuallyHolds(async () => {
    const { conversion, errors, flag_evaluations } = await slisOf(experiment)
    expect(conversion).toMatchObject({ events: 40, good: 12, bad: 28 })
    expect(errors).toMatchObject({ events: 40, good: 36, bad: 4 })
    expect(flag_evaluations).toMatchObject({ events: 40, good: 40 })
    const { variants } = (await daemon.report(experiment)) as ExperimentReport
    expect(variants).toMatchObject([
      { exposures: 40, unique_units: 30, units: { relative_error: 0, repeat_exposures: 10 } },
    ])
  })
  const unique = (await daemon.metrics()).select('cohortd_experiment_unique_units', { experiment })
  expect(unique.map(({ value }) => value)).toEqual([30])
})
