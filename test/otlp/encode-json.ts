// The same plain objects as OTLP/JSON, as a conforming sender writes them.
import {
  type AttributesInput,
  attributePairs,
  isList,
  type ResourceSpansInput,
  type SpanInput,
  scopesOf,
  type ValueInput,
} from './encode.ts'

/** An ExportTraceServiceRequest in OTLP/JSON. */
export function tracesAsJson(resourceSpans: readonly ResourceSpansInput[]): object {
  return {
    resourceSpans: resourceSpans.map((input) => ({
      ...(input.resource === undefined ? {} : { resource: { attributes: attributes(input.resource) } }),
      scopeSpans: scopesOf(input).map((scope) => ({
        ...(scope.name === undefined ? {} : { scope: { name: scope.name } }),
        spans: scope.spans.map(span),
      })),
      ...(input.schemaUrl === undefined ? {} : { schemaUrl: input.schemaUrl }),
    })),
  }
}

export function encodeTracesJson(resourceSpans: readonly ResourceSpansInput[]): Uint8Array {
  return Buffer.from(JSON.stringify(tracesAsJson(resourceSpans)))
}

function span(input: SpanInput): object {
  const { startTimeUnixNano, endTimeUnixNano, ...rest } = input
  return {
    ...rest,
    ...(startTimeUnixNano === undefined ? {} : { startTimeUnixNano: String(startTimeUnixNano) }),
    ...(endTimeUnixNano === undefined ? {} : { endTimeUnixNano: String(endTimeUnixNano) }),
    ...(input.attributes === undefined ? {} : { attributes: attributes(input.attributes) }),
    ...(input.events === undefined
      ? {}
      : {
          events: input.events.map((event) => ({
            ...(event.timeUnixNano === undefined ? {} : { timeUnixNano: String(event.timeUnixNano) }),
            ...(event.name === undefined ? {} : { name: event.name }),
            ...(event.attributes === undefined ? {} : { attributes: attributes(event.attributes) }),
          })),
        }),
  }
}

function attributes(input: AttributesInput): object[] {
  return attributePairs(input).map(([key, item]) => ({ key, value: value(item) }))
}

function value(input: ValueInput): object {
  if (input === null) return {}
  if (typeof input === 'string') return { stringValue: input }
  if (typeof input === 'boolean') return { boolValue: input }
  if (typeof input === 'bigint') return { intValue: String(input) }
  if (typeof input === 'number')
    return Number.isSafeInteger(input) ? { intValue: String(input) } : { doubleValue: double(input) }
  if (input instanceof Uint8Array) return { bytesValue: Buffer.from(input).toString('base64') }
  if (isList(input)) return { arrayValue: { values: input.map(value) } }
  if ('double' in input) return { doubleValue: double(input.double) }
  return { kvlistValue: { values: attributes(input.map) } }
}

function double(input: number): number | string {
  return Number.isFinite(input) ? input : String(input)
}
