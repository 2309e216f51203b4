// What a decoder should have found: spans as plain data, from a record or, naively, from a message that protobufjs
// decoded.
import type { AttributeSet, AttributeValue } from '../../src/model/attributes.ts'
import type { SpanRecord } from '../../src/model/span.ts'
import { FLAG_EVENT_NAMES, type Vocabulary } from '../../src/model/vocabulary.ts'
import { MAX_WEIGHT } from '../../src/otlp/sampling.ts'

/** The vocabulary of the default configuration, and the span's name. */
export const DEFAULT_NAMES = [
  'experiment.id',
  'experiment.variant',
  'feature_flag.key',
  'feature_flag.result.variant',
  'feature_flag.variant',
  'service.name',
  'http.response.status_code',
]
export const DEFAULT_PREFIXES = ['experiment.variant_of.']

export interface PlainAttributes {
  readonly values: Record<string, AttributeValue>
  readonly prefixed: [prefix: string, rest: string, value: AttributeValue][]
}

export interface PlainSpan {
  readonly traceId: string
  readonly name: string
  readonly kind: number
  readonly status: number
  readonly start: bigint
  readonly end: bigint
  readonly weight: number
  readonly attributes: PlainAttributes
  readonly resource: PlainAttributes
  readonly flagEvents: PlainAttributes[]
}

/** A record's content, copied. */
export function plainSpan(record: SpanRecord, vocabulary: Vocabulary): PlainSpan {
  return {
    traceId: [...record.traceId].map((word) => word.toString(16).padStart(8, '0')).join(''),
    name: record.name,
    kind: record.kind,
    status: record.status,
    start: BigInt(record.startSecond) * 1_000_000_000n + BigInt(record.startNanos),
    end: BigInt(record.endSecond) * 1_000_000_000n + BigInt(record.endNanos),
    weight: record.weight,
    attributes: plainAttributes(record.attributes, vocabulary),
    resource: plainAttributes(record.resource, vocabulary),
    flagEvents: record.events
      .slice(0, record.eventCount)
      .filter(({ isFlag }) => isFlag)
      .map(({ attributes }) => plainAttributes(attributes, vocabulary)),
  }
}

export interface PlainEvent {
  readonly name: string
  readonly isFlag: boolean
  readonly time: bigint
  readonly attributes: PlainAttributes
}

/** The events of each span that a decoder gives for a body. */
export function decodeEvents(
  decoder: { decode(body: Uint8Array, sink: (span: SpanRecord) => void): number },
  body: Uint8Array,
  vocabulary: Vocabulary,
): PlainEvent[][] {
  const found: PlainEvent[][] = []
  decoder.decode(body, ({ events, eventCount }) =>
    found.push(
      events.slice(0, eventCount).map(({ name, isFlag, second, nanos, attributes }) => ({
        name,
        isFlag,
        time: BigInt(second) * 1_000_000_000n + BigInt(nanos),
        attributes: plainAttributes(attributes, vocabulary),
      })),
    ),
  )
  return found
}

/** All spans that a decoder gives for a body. */
export function decodeAll(
  decoder: { decode(body: Uint8Array, sink: (span: SpanRecord) => void): number },
  body: Uint8Array,
  vocabulary: Vocabulary,
): PlainSpan[] {
  const spans: PlainSpan[] = []
  const count = decoder.decode(body, (record) => spans.push(plainSpan(record, vocabulary)))
  if (count !== spans.length) throw new Error(`decode returned ${count} for ${spans.length} spans`)
  return spans
}

export function plainAttributes(set: AttributeSet, vocabulary: Vocabulary): PlainAttributes {
  const values: Record<string, AttributeValue> = {}
  for (const [slot, name] of vocabulary.names.entries()) {
    const value = set.values[slot]
    if (value !== undefined) values[name] = value
  }
  const prefixed = set.prefixed.slice(0, set.prefixedCount)
  return { values, prefixed: prefixed.map(({ prefix, rest, value }) => [vocabulary.prefixes[prefix], rest, value]) }
}

// A decoded message of proto.ts's rawTraces: text as bytes.
/** How protobufjs gives 64-bit integers. */
export interface Long {
  readonly low: number
  readonly high: number
}
export interface RawKeyValue {
  key?: Uint8Array
  value?: RawAnyValue
}
interface RawAnyValue {
  value?: string
  stringValue?: Uint8Array
  boolValue?: boolean
  intValue?: Long
  doubleValue?: number
}
interface RawEvent {
  name?: Uint8Array
  timeUnixNano?: Long
  attributes?: RawKeyValue[]
}
interface RawSpan {
  traceId?: Uint8Array
  traceState?: Uint8Array
  name?: Uint8Array
  kind?: number
  startTimeUnixNano?: Long
  endTimeUnixNano?: Long
  attributes?: RawKeyValue[]
  events?: RawEvent[]
  status?: { code?: number }
}
export interface RawRequest {
  resourceSpans?: { resource?: { attributes?: RawKeyValue[] }; scopeSpans?: { spans?: RawSpan[] }[] }[]
}

/** The spans of a request as they ought to be decoded, by the simplest code. */
export function expectedSpans(request: RawRequest, vocabulary: Vocabulary): PlainSpan[] {
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const resourceAttributes = expectedAttributes(resource?.attributes, vocabulary)
    return (scopeSpans ?? [])
      .flatMap(({ spans }) => spans ?? [])
      .map((span) => ({ ...expectedSpan(span, vocabulary), resource: resourceAttributes }))
  })
}

function expectedSpan(span: RawSpan, vocabulary: Vocabulary): Omit<PlainSpan, 'resource'> {
  const wantsAttributes = vocabulary.names.length + vocabulary.prefixes.length > 0
  const flagEvents = (span.events ?? []).filter((event) => FLAG_EVENT_NAMES.includes(text(event.name)))
  return {
    traceId: span.traceId?.length === 16 ? Buffer.from(span.traceId).toString('hex') : '0'.repeat(32),
    name: vocabulary.spanName ? text(span.name) : '',
    kind: span.kind ?? 0,
    status: span.status?.code ?? 0,
    start: BigInt.asUintN(64, int64(span.startTimeUnixNano)),
    end: BigInt.asUintN(64, int64(span.endTimeUnixNano)),
    weight: expectedWeight(Buffer.from(span.traceState ?? []).toString('latin1')),
    attributes: expectedAttributes(span.attributes, vocabulary),
    flagEvents: wantsAttributes ? flagEvents.map((event) => expectedAttributes(event.attributes, vocabulary)) : [],
  }
}

/** The events of each span as they ought to be decoded, where there are not too many. */
export function expectedEvents(request: RawRequest, vocabulary: Vocabulary): PlainEvent[][] {
  const isWanted = ({ name, isFlag }: PlainEvent): boolean =>
    vocabulary.events === 'all' ||
    (isFlag ? vocabulary.names.length + vocabulary.events.length > 0 : name !== '' && vocabulary.events.includes(name))
  const spans = (request.resourceSpans ?? []).flatMap(({ scopeSpans = [] }) =>
    scopeSpans.flatMap((scope) => scope.spans ?? []),
  )
  return spans.map(({ events = [] }) => events.map((event) => expectedEvent(event, vocabulary)).filter(isWanted))
}

function expectedEvent({ name, timeUnixNano, attributes }: RawEvent, vocabulary: Vocabulary): PlainEvent {
  return {
    name: text(name),
    isFlag: FLAG_EVENT_NAMES.includes(text(name)),
    time: BigInt.asUintN(64, int64(timeUnixNano)),
    attributes: expectedAttributes(attributes, vocabulary),
  }
}

export function expectedAttributes(attributes: RawKeyValue[] = [], vocabulary: Vocabulary): PlainAttributes {
  const plain: PlainAttributes = { values: {}, prefixed: [] }
  for (const attribute of attributes) {
    const key = text(attribute.key)
    const value = expectedValue(attribute.value)
    if (vocabulary.names.includes(key) && plain.values[key] === undefined) plain.values[key] = value
    for (const prefix of vocabulary.prefixes) {
      if (!key.startsWith(prefix)) continue
      const rest = key.slice(prefix.length)
      if (!plain.prefixed.some((known) => known[0] === prefix && known[1] === rest))
        plain.prefixed.push([prefix, rest, value])
    }
  }
  return plain
}

function expectedValue(value: RawAnyValue | undefined): AttributeValue {
  switch (value?.value) {
    case 'stringValue':
      return text(value.stringValue)
    case 'boolValue':
      return value.boolValue ?? false
    case 'intValue': {
      const exact = int64(value.intValue)
      return BigInt(Number.MIN_SAFE_INTEGER) <= exact && exact <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(exact)
        : String(exact)
    }
    case 'doubleValue':
      return value.doubleValue ?? 0
    default:
      return null
  }
}

/** By BigInt and by splitting texts. */
export function expectedWeight(traceState: string): number {
  const blanks = /^[ \t]+|[ \t]+$/g
  const members = traceState.split(',').map((member) => member.replace(blanks, ''))
  const entry = members.find((member) => /^ot=./s.test(member))
  const threshold = entry
    ?.slice(3)
    .split(';')
    .find((part) => /^th:./s.test(part))
    ?.slice(3)
  if (threshold === undefined || !/^[0-9a-f]{1,14}$/.test(threshold)) return 1
  const kept = 2n ** 56n - BigInt(`0x${threshold.padEnd(14, '0')}`)
  return Math.min(Number(2n ** 56n) / Number(kept), MAX_WEIGHT)
}

export function int64(long: Long = { low: 0, high: 0 }): bigint {
  return (BigInt(long.high | 0) << 32n) | BigInt(long.low >>> 0)
}

export function text(bytes: Uint8Array = new Uint8Array(0)): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
}
