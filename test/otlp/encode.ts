// Export requests for tests and benchmarks, written from plain objects: ExportTraceServiceRequest as protobuf bytes.
import { ProtobufWriter } from '../../src/otlp/writer.ts'

/** An attribute's value: whole numbers are int_value (as are bigints), others double_value; `{ double }` forces one. */
export type ValueInput =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly ValueInput[]
  | { readonly double: number }
  | { readonly map: AttributesInput }

/** An object, or pairs where order or repeated keys matter. */
export type AttributesInput = Readonly<Record<string, ValueInput>> | readonly (readonly [string, ValueInput])[]

export interface SpanEventInput {
  readonly name?: string
  readonly timeUnixNano?: bigint
  readonly attributes?: AttributesInput
}

export interface SpanInput {
  /** Ids in hex. */
  readonly traceId?: string
  readonly spanId?: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name?: string
  readonly kind?: number
  readonly startTimeUnixNano?: bigint
  readonly endTimeUnixNano?: bigint
  readonly attributes?: AttributesInput
  readonly events?: readonly SpanEventInput[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly status?: { readonly code?: number; readonly message?: string }
  readonly flags?: number
}

export interface ResourceSpansInput {
  readonly resource?: AttributesInput
  /** Spans of one scope; `scopes` is for several. */
  readonly spans?: readonly SpanInput[]
  readonly scopes?: readonly { readonly name?: string; readonly spans: readonly SpanInput[] }[]
  readonly schemaUrl?: string
}

/** The bytes of an ExportTraceServiceRequest, fields in the order of their numbers. */
export function encodeTraces(resourceSpans: readonly ResourceSpansInput[]): Uint8Array {
  const request = new ProtobufWriter()
  for (const input of resourceSpans) request.message(1, (message) => writeResourceSpans(message, input))
  return request.finish()
}

/** The scopes of an input, `spans` taken as a scope without a name. */
export function scopesOf(input: ResourceSpansInput): readonly { name?: string; spans: readonly SpanInput[] }[] {
  return [...(input.spans === undefined ? [] : [{ spans: input.spans }]), ...(input.scopes ?? [])]
}

export function attributePairs(attributes: AttributesInput): readonly (readonly [string, ValueInput])[] {
  return isPairs(attributes) ? attributes : Object.entries(attributes)
}

function isPairs(attributes: AttributesInput): attributes is readonly (readonly [string, ValueInput])[] {
  return Array.isArray(attributes)
}

/** A narrowing Array.isArray for readonly arrays. */
export function isList(value: ValueInput): value is readonly ValueInput[] {
  return Array.isArray(value)
}

function writeResourceSpans(message: ProtobufWriter, input: ResourceSpansInput): void {
  const { resource, schemaUrl } = input
  if (resource !== undefined) message.message(1, (inner) => writeAttributes(inner, 1, resource))
  for (const scope of scopesOf(input)) {
    message.message(2, (inner) => {
      const { name } = scope
      if (name !== undefined) inner.message(1, (scopeMessage) => void scopeMessage.string(1, name))
      for (const span of scope.spans) inner.message(2, (spanMessage) => writeSpan(spanMessage, span))
    })
  }
  if (schemaUrl !== undefined) message.string(3, schemaUrl)
}

function writeSpan(message: ProtobufWriter, span: SpanInput): void {
  if (span.traceId !== undefined) message.bytes(1, Buffer.from(span.traceId, 'hex'))
  if (span.spanId !== undefined) message.bytes(2, Buffer.from(span.spanId, 'hex'))
  if (span.traceState !== undefined) message.string(3, span.traceState)
  if (span.parentSpanId !== undefined) message.bytes(4, Buffer.from(span.parentSpanId, 'hex'))
  if (span.name !== undefined) message.string(5, span.name)
  if (span.kind !== undefined) message.integer(6, span.kind)
  if (span.startTimeUnixNano !== undefined) message.fixed64(7, span.startTimeUnixNano)
  if (span.endTimeUnixNano !== undefined) message.fixed64(8, span.endTimeUnixNano)
  writeAttributes(message, 9, span.attributes ?? {})
  for (const event of span.events ?? []) message.message(11, (inner) => writeEvent(inner, event))
  for (const link of span.links ?? []) {
    message.message(13, (inner) => {
      inner.bytes(1, Buffer.from(link.traceId, 'hex')).bytes(2, Buffer.from(link.spanId, 'hex'))
    })
  }
  const { status } = span
  if (status !== undefined) {
    message.message(15, (inner) => {
      if (status.message !== undefined) inner.string(2, status.message)
      if (status.code !== undefined) inner.integer(3, status.code)
    })
  }
  if (span.flags !== undefined) message.fixed32(16, span.flags)
}

function writeEvent(message: ProtobufWriter, event: SpanEventInput): void {
  if (event.timeUnixNano !== undefined) message.fixed64(1, event.timeUnixNano)
  if (event.name !== undefined) message.string(2, event.name)
  writeAttributes(message, 3, event.attributes ?? {})
}

function writeAttributes(message: ProtobufWriter, field: number, attributes: AttributesInput): void {
  for (const [key, value] of attributePairs(attributes)) {
    message.message(field, (keyValue) => {
      keyValue.string(1, key).message(2, (inner) => writeValue(inner, value))
    })
  }
}

function writeValue(message: ProtobufWriter, value: ValueInput): void {
  if (value === null) return
  if (typeof value === 'string') message.string(1, value)
  else if (typeof value === 'boolean') message.integer(2, value)
  else if (typeof value === 'bigint' || Number.isSafeInteger(value)) message.integer(3, value as bigint | number)
  else if (typeof value === 'number') message.double(4, value)
  else if (value instanceof Uint8Array) message.bytes(7, value)
  else if (isList(value))
    message.message(5, (list) => value.forEach((item) => list.message(1, (inner) => writeValue(inner, item))))
  else if ('double' in value) message.double(4, value.double)
  else message.message(6, (list) => writeAttributes(list, 1, value.map))
}
