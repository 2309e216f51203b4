// The independent oracle: OTLP's messages for protobufjs, which decodes them in full by code of its own.
import protobuf from 'protobufjs'

// TEXT stands for `string`, or for `bytes` where a test wants to judge itself what is no UTF-8.
const COMMON = `
message AnyValue { oneof value { TEXT stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4;
  ArrayValue arrayValue = 5; KeyValueList kvlistValue = 6; bytes bytesValue = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { TEXT key = 1; AnyValue value = 2; }
message InstrumentationScope { TEXT name = 1; TEXT version = 2; repeated KeyValue attributes = 3; uint32 droppedAttributesCount = 4; }
message EntityRef { TEXT schemaUrl = 1; TEXT type = 2; repeated TEXT idKeys = 3; repeated TEXT descriptionKeys = 4; }
message Resource { repeated KeyValue attributes = 1; uint32 droppedAttributesCount = 2; repeated EntityRef entityRefs = 3; }
`

const TRACES = `
message ExportTraceServiceRequest { repeated ResourceSpans resourceSpans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; TEXT schemaUrl = 3; }
message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; TEXT schemaUrl = 3; }
message Span { bytes traceId = 1; bytes spanId = 2; TEXT traceState = 3; bytes parentSpanId = 4; TEXT name = 5; int32 kind = 6;
  fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8; repeated KeyValue attributes = 9; uint32 droppedAttributesCount = 10;
  repeated Event events = 11; uint32 droppedEventsCount = 12; repeated Link links = 13; uint32 droppedLinksCount = 14;
  Status status = 15; fixed32 flags = 16; }
message Event { fixed64 timeUnixNano = 1; TEXT name = 2; repeated KeyValue attributes = 3; uint32 droppedAttributesCount = 4; }
message Link { bytes traceId = 1; bytes spanId = 2; TEXT traceState = 3; repeated KeyValue attributes = 4;
  uint32 droppedAttributesCount = 5; fixed32 flags = 6; }
message Status { TEXT message = 2; int32 code = 3; }
`

const METRICS = `
message ExportMetricsServiceRequest { repeated ResourceMetrics resourceMetrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scopeMetrics = 2; TEXT schemaUrl = 3; }
message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; TEXT schemaUrl = 3; }
message Metric { TEXT name = 1; TEXT description = 2; TEXT unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9;
  ExponentialHistogram exponentialHistogram = 10; Summary summary = 11; } repeated KeyValue metadata = 12; }
message Gauge { repeated NumberDataPoint dataPoints = 1; }
message Sum { repeated NumberDataPoint dataPoints = 1; int32 aggregationTemporality = 2; bool isMonotonic = 3; }
message Histogram { repeated HistogramDataPoint dataPoints = 1; int32 aggregationTemporality = 2; }
message ExponentialHistogram { repeated ExponentialHistogramDataPoint dataPoints = 1; int32 aggregationTemporality = 2; }
message Summary { repeated SummaryDataPoint dataPoints = 1; }
message NumberDataPoint { fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3; oneof value { double asDouble = 4; sfixed64 asInt = 6; }
  repeated Exemplar exemplars = 5; repeated KeyValue attributes = 7; uint32 flags = 8; }
message HistogramDataPoint { fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3; fixed64 count = 4; optional double sum = 5;
  repeated fixed64 bucketCounts = 6; repeated double explicitBounds = 7; repeated Exemplar exemplars = 8;
  repeated KeyValue attributes = 9; uint32 flags = 10; optional double min = 11; optional double max = 12; }
message ExponentialHistogramDataPoint { repeated KeyValue attributes = 1; fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3;
  fixed64 count = 4; optional double sum = 5; sint32 scale = 6; fixed64 zeroCount = 7; Buckets positive = 8; Buckets negative = 9;
  uint32 flags = 10; repeated Exemplar exemplars = 11; optional double min = 12; optional double max = 13; double zeroThreshold = 14; }
message Buckets { sint32 offset = 1; repeated uint64 bucketCounts = 2; }
message SummaryDataPoint { fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3; fixed64 count = 4; double sum = 5;
  repeated ValueAtQuantile quantileValues = 6; repeated KeyValue attributes = 7; uint32 flags = 8; }
message ValueAtQuantile { double quantile = 1; double value = 2; }
message Exemplar { fixed64 timeUnixNano = 2; oneof value { double asDouble = 3; sfixed64 asInt = 6; } bytes spanId = 4; bytes traceId = 5;
  repeated KeyValue filteredAttributes = 7; }
`

const LOGS = `
message ExportLogsServiceRequest { repeated ResourceLogs resourceLogs = 1; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scopeLogs = 2; TEXT schemaUrl = 3; }
message ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord logRecords = 2; TEXT schemaUrl = 3; }
message LogRecord { fixed64 timeUnixNano = 1; int32 severityNumber = 2; TEXT severityText = 3; AnyValue body = 5;
  repeated KeyValue attributes = 6; uint32 droppedAttributesCount = 7; fixed32 flags = 8; bytes traceId = 9; bytes spanId = 10;
  fixed64 observedTimeUnixNano = 11; TEXT eventName = 12; }
`

const ANSWERS = `
message ExportTraceServiceResponse { ExportTracePartialSuccess partialSuccess = 1; }
message ExportTracePartialSuccess { int64 rejectedSpans = 1; string errorMessage = 2; }
message ExportMetricsServiceResponse { ExportMetricsPartialSuccess partialSuccess = 1; }
message ExportMetricsPartialSuccess { int64 rejectedDataPoints = 1; string errorMessage = 2; }
message ExportLogsServiceResponse { ExportLogsPartialSuccess partialSuccess = 1; }
message ExportLogsPartialSuccess { int64 rejectedLogRecords = 1; string errorMessage = 2; }
message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
message Any { string typeUrl = 1; bytes value = 2; }
message RetryInfo { Duration retryDelay = 1; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
message BadRequest { repeated FieldViolation fieldViolations = 1; }
message FieldViolation { string field = 1; string description = 2; }
`

/** The reason of the one refusal in which protobufjs does not follow: it passes over unknown varints of any length. */
export const REFUSED_BY_US_ALONE = 'a varint is longer than ten bytes'

/** Requests with text as strings. */
export const requests = rootOf(COMMON + TRACES + METRICS + LOGS, 'string')

/** Metrics and log requests with text as bytes. */
export const rawMetrics = rootOf(COMMON + METRICS, 'bytes')
export const rawLogs = rootOf(COMMON + LOGS, 'bytes')

/** Trace requests with text as bytes. */
export const rawTraces = rootOf(COMMON + TRACES, 'bytes')

/**
 * Trace requests with text as bytes and everything that a selective decoder may pass over unread as bytes too: what
 * `rawTraces` accepts must be accepted, what this does not accept must be refused. Without wanted attributes span
 * events are passed over as well.
 */
export function outlineOfTraces(wantsAttributes: boolean): protobuf.Root {
  const outline = (COMMON + TRACES)
    .replace('AnyValue value = 2', 'bytes value = 2')
    .replace('InstrumentationScope scope = 1', 'bytes scope = 1')
    .replace('repeated EntityRef', 'repeated bytes')
    .replace('repeated Link', 'repeated bytes')
    .replace('TEXT name = 2; repeated KeyValue attributes = 3', 'TEXT name = 2; repeated bytes attributes = 3')
  return rootOf(wantsAttributes ? outline : outline.replace('repeated Event', 'repeated bytes'), 'bytes')
}

/** Export*ServiceResponse and google.rpc.Status with its details. */
export const answers = rootOf(ANSWERS, 'string')

function rootOf(source: string, text: 'string' | 'bytes'): protobuf.Root {
  return protobuf.parse(`syntax = "proto3"; ${source.replaceAll('TEXT', text)}`, { keepCase: true }).root
}
