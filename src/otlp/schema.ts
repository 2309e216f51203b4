// OTLP's messages as data: field number, JSON name and kind of every field of traces, metrics and logs. Source:
// opentelemetry-proto 1.11. Left out are the fields that only profiles may use (string_value_strindex, key_strindex).
import type { Signal } from '../model/signal.ts'

/** How a scalar stands on the wire; `hex` are bytes that OTLP/JSON writes in hexadecimal, enums are int32. */
export type ScalarKind =
  | 'string'
  | 'bytes'
  | 'hex'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double'

/** A field: its JSON name and what it holds. */
export interface Field {
  readonly name: string
  readonly kind: ScalarKind | MessageName
  readonly repeated: boolean
  /** A member of the message's oneof (no message here has two): setting it clears the other members. */
  readonly oneOf: boolean
}

const REQUESTS = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
} as const

/** Lines "number name kind"; `[]` behind the kind: repeated; `|` before it: a member of the oneof. */
const SOURCE = {
  ExportTraceServiceRequest: ['1 resourceSpans ResourceSpans[]'],
  ResourceSpans: ['1 resource Resource', '2 scopeSpans ScopeSpans[]', '3 schemaUrl string'],
  ScopeSpans: ['1 scope InstrumentationScope', '2 spans Span[]', '3 schemaUrl string'],
  Span: [
    '1 traceId hex',
    '2 spanId hex',
    '3 traceState string',
    '4 parentSpanId hex',
    '5 name string',
    '6 kind int32',
    '7 startTimeUnixNano fixed64',
    '8 endTimeUnixNano fixed64',
    '9 attributes KeyValue[]',
    '10 droppedAttributesCount uint32',
    '11 events Event[]',
    '12 droppedEventsCount uint32',
    '13 links Link[]',
    '14 droppedLinksCount uint32',
    '15 status Status',
    '16 flags fixed32',
  ],
  Event: ['1 timeUnixNano fixed64', '2 name string', '3 attributes KeyValue[]', '4 droppedAttributesCount uint32'],
  Link: [
    '1 traceId hex',
    '2 spanId hex',
    '3 traceState string',
    '4 attributes KeyValue[]',
    '5 droppedAttributesCount uint32',
    '6 flags fixed32',
  ],
  Status: ['2 message string', '3 code int32'],

  ExportMetricsServiceRequest: ['1 resourceMetrics ResourceMetrics[]'],
  ResourceMetrics: ['1 resource Resource', '2 scopeMetrics ScopeMetrics[]', '3 schemaUrl string'],
  ScopeMetrics: ['1 scope InstrumentationScope', '2 metrics Metric[]', '3 schemaUrl string'],
  Metric: [
    '1 name string',
    '2 description string',
    '3 unit string',
    '5 gauge |Gauge',
    '7 sum |Sum',
    '9 histogram |Histogram',
    '10 exponentialHistogram |ExponentialHistogram',
    '11 summary |Summary',
    '12 metadata KeyValue[]',
  ],
  Gauge: ['1 dataPoints NumberDataPoint[]'],
  Sum: ['1 dataPoints NumberDataPoint[]', '2 aggregationTemporality int32', '3 isMonotonic bool'],
  Histogram: ['1 dataPoints HistogramDataPoint[]', '2 aggregationTemporality int32'],
  ExponentialHistogram: ['1 dataPoints ExponentialHistogramDataPoint[]', '2 aggregationTemporality int32'],
  Summary: ['1 dataPoints SummaryDataPoint[]'],
  NumberDataPoint: [
    '2 startTimeUnixNano fixed64',
    '3 timeUnixNano fixed64',
    '4 asDouble |double',
    '5 exemplars Exemplar[]',
    '6 asInt |sfixed64',
    '7 attributes KeyValue[]',
    '8 flags uint32',
  ],
  HistogramDataPoint: [
    '2 startTimeUnixNano fixed64',
    '3 timeUnixNano fixed64',
    '4 count fixed64',
    '5 sum double',
    '6 bucketCounts fixed64[]',
    '7 explicitBounds double[]',
    '8 exemplars Exemplar[]',
    '9 attributes KeyValue[]',
    '10 flags uint32',
    '11 min double',
    '12 max double',
  ],
  ExponentialHistogramDataPoint: [
    '1 attributes KeyValue[]',
    '2 startTimeUnixNano fixed64',
    '3 timeUnixNano fixed64',
    '4 count fixed64',
    '5 sum double',
    '6 scale sint32',
    '7 zeroCount fixed64',
    '8 positive Buckets',
    '9 negative Buckets',
    '10 flags uint32',
    '11 exemplars Exemplar[]',
    '12 min double',
    '13 max double',
    '14 zeroThreshold double',
  ],
  Buckets: ['1 offset sint32', '2 bucketCounts uint64[]'],
  SummaryDataPoint: [
    '2 startTimeUnixNano fixed64',
    '3 timeUnixNano fixed64',
    '4 count fixed64',
    '5 sum double',
    '6 quantileValues ValueAtQuantile[]',
    '7 attributes KeyValue[]',
    '8 flags uint32',
  ],
  ValueAtQuantile: ['1 quantile double', '2 value double'],
  Exemplar: [
    '2 timeUnixNano fixed64',
    '3 asDouble |double',
    '4 spanId hex',
    '5 traceId hex',
    '6 asInt |sfixed64',
    '7 filteredAttributes KeyValue[]',
  ],

  ExportLogsServiceRequest: ['1 resourceLogs ResourceLogs[]'],
  ResourceLogs: ['1 resource Resource', '2 scopeLogs ScopeLogs[]', '3 schemaUrl string'],
  ScopeLogs: ['1 scope InstrumentationScope', '2 logRecords LogRecord[]', '3 schemaUrl string'],
  LogRecord: [
    '1 timeUnixNano fixed64',
    '2 severityNumber int32',
    '3 severityText string',
    '5 body AnyValue',
    '6 attributes KeyValue[]',
    '7 droppedAttributesCount uint32',
    '8 flags fixed32',
    '9 traceId hex',
    '10 spanId hex',
    '11 observedTimeUnixNano fixed64',
    '12 eventName string',
  ],

  Resource: ['1 attributes KeyValue[]', '2 droppedAttributesCount uint32', '3 entityRefs EntityRef[]'],
  EntityRef: ['1 schemaUrl string', '2 type string', '3 idKeys string[]', '4 descriptionKeys string[]'],
  InstrumentationScope: [
    '1 name string',
    '2 version string',
    '3 attributes KeyValue[]',
    '4 droppedAttributesCount uint32',
  ],
  KeyValue: ['1 key string', '2 value AnyValue'],
  AnyValue: [
    '1 stringValue |string',
    '2 boolValue |bool',
    '3 intValue |int64',
    '4 doubleValue |double',
    '5 arrayValue |ArrayValue',
    '6 kvlistValue |KeyValueList',
    '7 bytesValue |bytes',
  ],
  ArrayValue: ['1 values AnyValue[]'],
  KeyValueList: ['1 values KeyValue[]'],
} as const

export type MessageName = keyof typeof SOURCE

/** Fields by number. */
export type Message = ReadonlyMap<number, Field>

const MESSAGES = new Map(Object.entries(SOURCE).map(([name, lines]) => [name, new Map(lines.map(parseField))]))

/** The fields of a message. */
export function messageOf(name: MessageName): Message {
  return MESSAGES.get(name) ?? new Map()
}

/** The message that a request of the signal is. */
export function requestOf(signal: Signal): MessageName {
  return REQUESTS[signal]
}

export function isMessageName(kind: ScalarKind | MessageName): kind is MessageName {
  return MESSAGES.has(kind)
}

function parseField(line: string): [number, Field] {
  const [number, name, type] = line.split(' ')
  const kind = type.replace('|', '').replace('[]', '') as ScalarKind | MessageName
  return [Number(number), { name, kind, repeated: type.endsWith('[]'), oneOf: type.startsWith('|') }]
}
