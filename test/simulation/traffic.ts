// A request in two ways: the bytes that a replica gets, and, told naively, what has to be counted of it and when.
import type { ExportRequest } from '../../src/model/signal.ts'
import { span } from '../engine/traffic.ts'
import { encodeTraces } from '../otlp/encode.ts'
import type { RequestPlan, SpanPlan } from './plan.ts'
import { EPOCH_MS, SETTINGS } from './settings.ts'

/** What is to be counted once in a cohort, by one act of counting. */
export interface Part {
  readonly request: number
  readonly span: number
  readonly experiment: string
  readonly variant: string
  readonly service: string
  readonly second: number
  /** By SLI. */
  readonly good: readonly boolean[]
}

export function identityOf({ number }: Pick<RequestPlan, 'number'>): string {
  return `request-${number}`
}

/** Unix milliseconds. */
function endOf(request: RequestPlan, { ageMs }: SpanPlan): number {
  return EPOCH_MS + request.atMs - ageMs
}

export function encode(request: RequestPlan): ExportRequest {
  const services = Map.groupBy(inOrder(request), ([, { service }]) => service)
  const body = encodeTraces(
    [...services].map(([service, spans]) => ({
      resource: { 'service.name': service },
      spans: spans.map(([, one]) =>
        span({
          endMs: endOf(request, one),
          durationMs: one.slow ? 500 : 10,
          error: one.error,
          traceId: one.trace.toString(16).padStart(32, '0'),
          attributes: Object.fromEntries(
            one.tags.map(([experiment, variant]) => [`experiment.variant_of.${experiment}`, variant]),
          ),
        }),
      ),
    })),
  )
  return { signal: 'traces', transport: 'http', encoding: 'protobuf', body, identity: identityOf(request) }
}

/** Spans with their numbers, in the order in which a replica reads them: those of one service together. */
function inOrder({ spans }: RequestPlan): [number, SpanPlan][] {
  return [...Map.groupBy(spans.entries(), ([, { service }]) => service).values()].flat()
}

/** Whether the span is taken at the moment. */
export function isTimely(request: RequestPlan, one: SpanPlan, nowMs: number): boolean {
  const endMs = endOf(request, one)
  return endMs >= nowMs - SETTINGS.allowedLatenessMs && endMs <= nowMs + SETTINGS.allowedFutureMs
}

/**
 * What a replica counts of a request at the moment: tagged spans, but for experiments to skip; untagged ones for all that the spans of their
 * trace in the request say. Spans that wait for another request are not told here (see split-traces.ts).
 */
export function partsOf(request: RequestPlan, nowMs: number, skip: ReadonlySet<string>): Part[] {
  const timely = inOrder(request).filter(([, one]) => isTimely(request, one, nowMs))
  const ofTraces = new Map<number, Map<string, string>>()
  for (const [, { trace, tags }] of timely)
    for (const [experiment, variant] of tags) {
      const known = ofTraces.get(trace)
      if (known === undefined) ofTraces.set(trace, new Map([[experiment, variant]]))
      else if (!known.has(experiment)) known.set(experiment, variant)
    }
  return timely.flatMap(([at, one]) => {
    const tags =
      one.tags.length > 0
        ? one.tags.filter(([experiment]) => !skip.has(experiment))
        : skip.has('')
          ? []
          : [...(ofTraces.get(one.trace) ?? [])]
    return tags.map(([experiment, variant]) => partOf(request, at, { experiment, variant }))
  })
}

export function partOf(request: RequestPlan, at: number, tag: { experiment: string; variant: string }): Part {
  const one = request.spans[at]
  return {
    request: request.number,
    span: at,
    ...tag,
    service: one.service,
    second: Math.ceil(endOf(request, one) / 1000),
    good: [!one.error, !one.slow],
  }
}
