// What the OpenTelemetry SDK really sends: each protocol, with and without compression, each way of tagging. Nothing may be lost or doubled.
import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DaemonProcess } from './daemon-process.ts'
import { eventuallyHolds } from './eventually.ts'

/** More than one batch of 512. */
const SPANS = 700
const BAD_EVERY = 7
const UNTAGGED = 10
const CONFIG = `
store: {type: memory}
cohorts: {inherit_from_trace: 2s}
`

let daemon: DaemonProcess

beforeAll(async () => {
  daemon = await DaemonProcess.start({ config: CONFIG })
})

afterAll(async () => {
  await daemon?.stop()
})

const EXPORTERS: Record<string, (compression: CompressionAlgorithm) => SpanExporter> = {
  grpc: (compression) => new GrpcExporter({ url: daemon.otlpUrl('grpc'), compression }),
  'http/protobuf': (compression) => new ProtobufExporter({ url: tracesUrl(), compression }),
  'http/json': (compression) => new JsonExporter({ url: tracesUrl(), compression }),
}
const tracesUrl = (): string => `${daemon.otlpUrl('http')}/v1/traces`

/** How a service may say which variant a request got; each gives the spans of one request, of which one is the server's. */
const TAGGINGS: Record<string, (tracer: Tracer, experiment: string) => { server: Span; others: Span[] }> = {
  'experiment attributes': (tracer, experiment) =>
    single(tracer, { 'experiment.id': experiment, 'experiment.variant': 'b' }),
  'an attribute with the prefix': (tracer, experiment) =>
    single(tracer, { [`experiment.variant_of.${experiment}`]: 'b' }),
  'current flag attributes': (tracer, experiment) =>
    single(tracer, { 'feature_flag.key': experiment, 'feature_flag.result.variant': 'b' }),
  'a current flag event': (tracer, experiment) =>
    withEvent(tracer, 'feature_flag.evaluation', {
      'feature_flag.key': experiment,
      'feature_flag.result.variant': 'b',
    }),
  'a legacy flag event': (tracer, experiment) =>
    withEvent(tracer, 'feature_flag', {
      'feature_flag.key': experiment,
      'feature_flag.provider_name': 'some',
      'feature_flag.variant': 'b',
    }),
  'a span of its own for the evaluation': (tracer, experiment) => {
    const server = tracer.startSpan('GET', { kind: SpanKind.SERVER }, ROOT_CONTEXT)
    const attributes = { 'feature_flag.key': experiment, 'feature_flag.result.variant': 'b' }
    const evaluation = tracer.startSpan('feature_flag.evaluation', { attributes }, trace.setSpan(ROOT_CONTEXT, server))
    return { server, others: [evaluation] }
  },
}

function single(tracer: Tracer, attributes: Attributes): { server: Span; others: Span[] } {
  return { server: tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes }, ROOT_CONTEXT), others: [] }
}

function withEvent(tracer: Tracer, name: string, attributes: Attributes): { server: Span; others: Span[] } {
  const spans = single(tracer, {})
  spans.server.addEvent(name, attributes)
  return spans
}

const flavours = Object.keys(EXPORTERS).flatMap((protocol) =>
  [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP].map((compression) => ({ protocol, compression })),
)
const experimentName = (protocol: string, compression: string, tagging: string): string =>
  `${protocol} ${compression}: ${tagging}`

describe('the OpenTelemetry SDK', () => {
  test.each(flavours)(
    'over $protocol with compression $compression is counted to the span',
    async ({ protocol, compression }) => {
      const provider = new TracerProvider({
        resource: resourceFromAttributes({ 'service.name': 'sender' }),
        spanProcessors: [
          new BatchSpanProcessor({
            exporter: EXPORTERS[protocol](compression),
            maxQueueSize: 100_000,
            scheduledDelayMillis: 200,
          }),
        ],
      })
      const tracer = provider.getTracer('test')
      for (const [tagging, start] of Object.entries(TAGGINGS))
        for (let number = 0; number < SPANS; number++) {
          const { server, others } = start(tracer, experimentName(protocol, compression, tagging))
          if (number % BAD_EVERY === 0) server.setStatus({ code: SpanStatusCode.ERROR })
          for (const span of [...others, server]) span.end()
        }
      for (let number = 0; number < UNTAGGED; number++)
        tracer.startSpan('GET', { kind: SpanKind.SERVER }, ROOT_CONTEXT).end()
      await provider.shutdown()

      await eventuallyHolds(async () => {
        const samples = await daemon.metrics()
        for (const tagging of Object.keys(TAGGINGS)) {
          const labels = {
            experiment: experimentName(protocol, compression, tagging),
            variant: 'b',
            sli: 'availability',
          }
          const outcome = (name: string): number =>
            samples.sum('cohortd_sli_events_total', { ...labels, outcome: name })
          const bad = SPANS / BAD_EVERY
          expect({ good: outcome('good'), bad: outcome('bad') }, tagging).toEqual({ good: SPANS - bad, bad })
        }
      })
    },
  )

  test('in all its flavours leaves a ledger without a gap', async () => {
    const tagged = (Object.keys(TAGGINGS).length + 1) * SPANS
    await eventuallyHolds(async () => {
      const samples = await daemon.metrics()
      const outcomes = ['attributed', 'unattributed', 'duplicate', 'refused'].map((outcome) => [
        outcome,
        samples.sum('cohortd_receiver_items_total', { signal: 'traces', outcome }),
      ])
      const pending = samples.sum('cohortd_receiver_pending_items', { signal: 'traces' })
      expect({ ...Object.fromEntries(outcomes), pending }).toEqual({
        attributed: flavours.length * tagged,
        unattributed: flavours.length * UNTAGGED,
        duplicate: 0,
        refused: 0,
        pending: 0,
      })
    })
  })
})
