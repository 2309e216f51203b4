// What the OpenTelemetry SDK's own serializers make of log records and of events of spans: the same in protobuf and JSON, in the current and
// the earlier semantic conventions for flag evaluations.
import { type Attributes, ROOT_CONTEXT, SeverityNumber, type Span, TraceFlags, trace } from '@opentelemetry/api'
import {
  JsonLogsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { describe, expect, test } from 'vitest'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { countLogs, LogDecoder } from '../../src/otlp/logs.ts'
import { countLogsJson, LogJsonDecoder } from '../../src/otlp/logs-json.ts'
import { TraceDecoder } from '../../src/otlp/traces.ts'
import { TraceJsonDecoder } from '../../src/otlp/traces-json.ts'
import { MAX_EVENTS } from '../../src/otlp/wanted.ts'
import { decodeLogs, type PlainLog } from './plain-logs.ts'
import { DEFAULT_NAMES, DEFAULT_PREFIXES, decodeEvents, type PlainEvent } from './spans.ts'

const vocabulary = new Vocabulary({ names: DEFAULT_NAMES, prefixes: DEFAULT_PREFIXES, events: ['checkout.completed'] })
const resource = resourceFromAttributes({ 'service.name': 'shop' })
const SECOND = 1_790_000_000
const traceId = '0af7651916cd43dd8448eb211c80319c'
const context = trace.setSpanContext(ROOT_CONTEXT, {
  traceId,
  spanId: '00f067aa0ba902b7',
  traceFlags: TraceFlags.SAMPLED,
})
type Emitted = Parameters<ReturnType<LoggerProvider['getLogger']>['emit']>[0]

const current: Attributes = { 'feature_flag.key': 'f', 'feature_flag.result.variant': 'b' }
const earlier: Attributes = { 'feature_flag.key': 'f', 'feature_flag.provider_name': 'p', 'feature_flag.variant': 'b' }
const currentTags = { 'feature_flag.key': 'f', 'feature_flag.result.variant': 'b' }
const earlierTags = { 'feature_flag.key': 'f', 'feature_flag.variant': 'b' }

/** What both encodings of the same record say. */
async function logged(record: Emitted): Promise<PlainLog> {
  const exporter = new InMemoryLogRecordExporter()
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] })
  provider.getLogger('test').emit({ timestamp: [SECOND, 123_456_789], context, ...record })
  await provider.forceFlush()
  const records = exporter.getFinishedLogRecords()
  const body = ProtobufLogsSerializer.serializeRequest(records)!
  const text = JsonLogsSerializer.serializeRequest(records)!
  expect([countLogs(body), countLogsJson(text)]).toEqual([1, 1])
  const [log] = decodeLogs(new LogDecoder(vocabulary), body, vocabulary)
  expect(decodeLogs(new LogJsonDecoder(vocabulary), text, vocabulary)).toEqual([log])
  await provider.shutdown()
  return log
}

describe('a log record of the SDK', () => {
  test.each<[string, Emitted, string, PlainLog['attributes']['values']]>([
    [
      'names its event',
      { eventName: 'feature_flag.evaluation', attributes: current },
      'feature_flag.evaluation',
      currentTags,
    ],
    [
      'names its event and has the value in its body',
      { eventName: 'feature_flag.evaluation', body: { value: { colour: 'red' } }, attributes: current },
      'feature_flag.evaluation',
      currentTags,
    ],
    [
      'names its event in an attribute',
      { attributes: { 'event.name': 'feature_flag.evaluation', ...current } },
      'feature_flag.evaluation',
      currentTags,
    ],
    [
      'names it as it was called before',
      { attributes: { ...earlier, 'event.name': 'feature_flag' }, body: { value: true } },
      'feature_flag',
      earlierTags,
    ],
    [
      'names its event in the body',
      { body: 'feature_flag.evaluation', attributes: current },
      'feature_flag.evaluation',
      currentTags,
    ],
    ['names another event in the body', { body: 'checkout.completed' }, 'checkout.completed', {}],
    ['names none', { body: 'unit 17 was here', attributes: { 'experiment.id': 'e' } }, '', { 'experiment.id': 'e' }],
    ['has a list as its body', { body: ['feature_flag.evaluation', 1, null] }, '', {}],
    ['has bytes as its body', { body: new Uint8Array([1, 2]) }, '', {}],
    [
      'has attributes of every kind',
      { attributes: { list: ['a'], 'experiment.id': 0.5, number: -3, flag: false } },
      '',
      { 'experiment.id': 0.5 },
    ],
  ])('%s', async (_sentence, record, eventName, values) => {
    expect(await logged(record)).toEqual({
      traceId,
      time: BigInt(SECOND) * 1_000_000_000n + 123_456_789n,
      severity: 0,
      eventName,
      attributes: { values, prefixed: [] },
      resource: { values: { 'service.name': 'shop' }, prefixed: [] },
    })
  })

  test.each<[string, Emitted, number]>([
    ['its number', { severityNumber: SeverityNumber.ERROR2, severityText: 'INFO' }, 18],
    ['its text', { severityText: 'error' }, 17],
    ['its text, where its number is none', { severityNumber: SeverityNumber.UNSPECIFIED, severityText: 'WARN' }, 13],
    ['nothing', { severityText: 'as severe as it gets' }, 0],
  ])('has the severity of %s', async (_sentence, record, severity) => {
    expect((await logged(record)).severity).toBe(severity)
  })

  test('without a time has that of its observation', async () => {
    expect((await logged({ timestamp: [0, 0], observedTimestamp: [SECOND, 5] })).time).toBe(
      BigInt(SECOND) * 1_000_000_000n + 5n,
    )
  })
})

/** What both encodings say of a span's events. */
async function eventsOf(add: (span: Span) => void, events: readonly string[] | 'all'): Promise<PlainEvent[]> {
  const own = new Vocabulary({ names: DEFAULT_NAMES, events })
  const exporter = new InMemorySpanExporter()
  const spanLimits = { eventCountLimit: 4 * MAX_EVENTS }
  const provider = new TracerProvider({ resource, spanLimits, spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const span = provider.getTracer('test').startSpan('GET /', {}, ROOT_CONTEXT)
  add(span)
  span.end()
  await provider.forceFlush()
  const spans = exporter.getFinishedSpans()
  const [found] = decodeEvents(new TraceDecoder(own), ProtobufTraceSerializer.serializeRequest(spans)!, own)
  expect(decodeEvents(new TraceJsonDecoder(own), JsonTraceSerializer.serializeRequest(spans)!, own)).toEqual([found])
  await provider.shutdown()
  return found
}

describe('events of a span of the SDK', () => {
  test('of both conventions are read with their time, others where they are asked for', async () => {
    const add = (span: Span): void => {
      span.addEvent('feature_flag.evaluation', current, [SECOND, 1])
      span.addEvent('checkout.completed', { 'experiment.id': 'e' }, [SECOND, 2])
      span.recordException(new Error('boom'))
      span.addEvent('', [SECOND, 3])
      span.addEvent('feature_flag', earlier, [SECOND, 4])
    }
    const at = (nanos: bigint): bigint => BigInt(SECOND) * 1_000_000_000n + nanos
    const event = (name: string, time: bigint, values: PlainEvent['attributes']['values']): PlainEvent => ({
      name,
      isFlag: name.startsWith('feature_flag'),
      time: at(time),
      attributes: { values, prefixed: [] },
    })
    const completed = event('checkout.completed', 2n, { 'experiment.id': 'e' })
    const flags = [event('feature_flag.evaluation', 1n, currentTags), event('feature_flag', 4n, earlierTags)]
    expect(await eventsOf(add, [])).toEqual(flags)
    expect(await eventsOf(add, ['checkout.completed'])).toEqual([flags[0], completed, flags[1]])
    const all = await eventsOf(add, 'all')
    expect(all.map(({ name }) => name)).toEqual([
      'feature_flag.evaluation',
      'checkout.completed',
      'exception',
      '',
      'feature_flag',
    ])
    expect(all[3]).toEqual(event('', 3n, {}))
  })

  test('give way to flag evaluations where there are too many', async () => {
    const found = await eventsOf((span) => {
      for (let at = 0; at < MAX_EVENTS; at++) {
        span.addEvent('checkout.completed')
        if (at % 2 === 0) span.addEvent('feature_flag.evaluation', { 'feature_flag.key': `f${at / 2}` })
      }
      for (let at = MAX_EVENTS / 2; at < MAX_EVENTS - 1; at++)
        span.addEvent('feature_flag.evaluation', { 'feature_flag.key': `f${at}` })
    }, 'all')
    const keys = found.flatMap(({ attributes }) => attributes.values['feature_flag.key'] ?? [])
    expect(keys).toEqual(Array.from({ length: MAX_EVENTS - 1 }, (_, at) => `f${at}`))
    expect(found.map(({ name }) => name).filter((name) => name === 'checkout.completed').length).toBe(1)
  })
})
