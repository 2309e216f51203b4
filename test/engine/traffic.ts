// Export requests of simple traffic: spans of one experiment at a moment.
import type { ExportRequest } from '../../src/model/signal.ts'
import { encodeTraces, type SpanInput } from '../otlp/encode.ts'

/** 2026-01-01T00:00:00Z, a whole number of days, hours and minutes. */
export const EPOCH_MS = 1_767_225_600_000

export interface SpanSketch {
  readonly endMs: number
  readonly durationMs?: number
  readonly error?: boolean
  readonly kind?: number
  readonly traceId?: string
  readonly traceState?: string
  readonly attributes?: SpanInput['attributes']
}

const SERVER = 2
const ERROR = 2

export function span(sketch: SpanSketch): SpanInput {
  const end = BigInt(Math.round(sketch.endMs * 1000)) * 1000n
  return {
    kind: sketch.kind ?? SERVER,
    startTimeUnixNano: end - BigInt(Math.round((sketch.durationMs ?? 10) * 1e6)),
    endTimeUnixNano: end,
    ...(sketch.traceId === undefined ? {} : { traceId: sketch.traceId }),
    ...(sketch.traceState === undefined ? {} : { traceState: sketch.traceState }),
    attributes: sketch.attributes ?? {},
    status: { code: sketch.error === true ? ERROR : 0 },
  }
}

export function variantOf(experiment: string, variant: string): Record<string, string> {
  return { 'experiment.id': experiment, 'experiment.variant': variant }
}

let identities = 0

/** A request of spans of one service; each has an identity of its own unless one is given. */
export function request(
  spans: readonly SpanInput[],
  options: { service?: string; identity?: string } = {},
): ExportRequest {
  const body = encodeTraces([{ resource: { 'service.name': options.service ?? 'shop' }, spans: [...spans] }])
  return {
    signal: 'traces',
    transport: 'http',
    encoding: 'protobuf',
    body,
    identity: options.identity ?? `request-${identities++}`,
  }
}
