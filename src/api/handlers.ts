// What each call answers. A handler returns its JSON, or throws a ProblemError; streams and pages have files of their own.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isEventId } from '../model/event.ts'
import type { EventStreams } from './event-stream.ts'
import { EVENT_STREAM_HEADERS } from './event-stream.ts'
import { INDEX_POLICY, indexPage } from './index-page.ts'
import type { MetricsRoute } from './metrics-route.ts'
import { openApiDocument } from './openapi.ts'
import type { ActiveOperationId } from './operations.ts'
import { EVENT_PAGE } from './operations.ts'
import { ProblemError } from './problem.ts'
import type { ApiSource } from './source.ts'
import { answerVerdict } from './verdict.ts'

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

export interface HandlerParts {
  readonly source: ApiSource
  readonly streams: EventStreams
  readonly metrics: MetricsRoute
}

/** One handler for every active operation. */
export function createHandlers({
  source,
  streams,
  metrics,
}: HandlerParts): Readonly<Record<ActiveOperationId, Handler>> {
  const openApi = JSON.stringify(openApiDocument(source.version))
  const evaluatedAt = (): string | null => {
    const tick = source.tick()
    return tick === null ? null : new Date(tick.evaluatedMs).toISOString()
  }
  return {
    listExperiments() {
      mustBeLoaded(source)
      return { evaluated_at: evaluatedAt(), experiments: source.experiments() }
    },
    getExperiment(request) {
      mustBeLoaded(source)
      const id = pathParameter(request, 'id')
      const report = source.experiment(id)
      if (report === null) throw new ProblemError(404, `Nothing is known of an experiment ${JSON.stringify(id)}.`)
      const warnings = [...report.warnings, ...source.degraded().map((message) => ({ code: 'degraded', message }))]
      return { evaluated_at: evaluatedAt(), config_hash: source.configHash, items: source.items(), ...report, warnings }
    },
    getVerdict(request) {
      const experiment = pathParameter(request, 'id')
      const tick = source.tick()
      return answerVerdict({
        experiment,
        variant: pathParameter(request, 'variant'),
        report: source.isLoaded() ? source.experiment(experiment) : 'loading',
        degraded: source.degraded(),
        evaluatedMs: tick?.evaluatedMs ?? null,
        ageSeconds: tick?.ageSeconds ?? null,
        configHash: source.configHash,
      })
    },
    listAlerts() {
      mustBeLoaded(source)
      return { evaluated_at: evaluatedAt(), alerts: source.alerts(), degraded: source.degraded() }
    },
    listEvents: (request, reply) => json(reply, eventPage(source, request)),
    streamEvents: (request, reply) => openStream(streams, request, reply),
    getMetrics: (request, reply) => metrics.answer(request, reply),
    getHealth(_request, reply) {
      const problems = source.unhealthy()
      reply.code(problems.length === 0 ? 200 : 503)
      return { status: problems.length === 0 ? 'ok' : 'failing', problems, version: source.version }
    },
    getReadiness(_request, reply) {
      const reasons = source.notReady()
      reply.code(reasons.length === 0 ? 200 : 503)
      return {
        ready: reasons.length === 0,
        not_ready: reasons,
        reports: source.isLoaded() ? 'loaded' : 'loading',
        degraded: source.degraded(),
      }
    },
    getOpenApi: (_request, reply) => json(reply, openApi),
    getIndex: (_request, reply) =>
      reply
        .header('content-security-policy', INDEX_POLICY)
        .type('text/html; charset=utf-8')
        .send(indexPage(source.version)),
  }
}

function mustBeLoaded(source: ApiSource): void {
  if (source.isLoaded()) return
  throw new ProblemError(503, 'What is stored is still being loaded; /readyz tells when it is here.', {
    'retry-after': '1',
  })
}

function json(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text)
}

function pathParameter(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name]
}

/** The single value of a query parameter, null without one. */
function queryParameter(request: FastifyRequest, name: string): string | null {
  const value = (request.query as Readonly<Record<string, string | readonly string[] | undefined>>)[name]
  if (value === undefined) return null
  if (typeof value !== 'string') throw new ProblemError(400, `${name}: given more than once.`)
  return value
}

/** Events are kept as JSON: the page is put together from their texts. */
function eventPage({ eventLog }: ApiSource, request: FastifyRequest): string {
  const after = queryParameter(request, 'after')
  if (after !== null && !isEventId(after)) throw new ProblemError(400, 'after: an event id looks like 1767225600000-0.')
  const events = eventLog.after(after, pageLimit(queryParameter(request, 'limit')))
  const last = events.at(-1)?.id ?? after ?? eventLog.newestId
  const more = last !== null && eventLog.after(last, 1).length > 0
  const gap = after !== null && !eventLog.continuesFrom(after)
  const texts = events.map((event) => event.json).join(',')
  return `{"events":[${texts}],"next":${JSON.stringify(last)},"more":${more},"gap":${gap}}`
}

function pageLimit(text: string | null): number {
  if (text === null) return EVENT_PAGE.defaultLimit
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > EVENT_PAGE.maxLimit)
    throw new ProblemError(400, `limit: a whole number from 1 to ${EVENT_PAGE.maxLimit}.`)
  return limit
}

function openStream(streams: EventStreams, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (streams.refuse()) throw new ProblemError(503, 'Too many event streams are open.', { 'retry-after': '10' })
  const header = request.headers['last-event-id']
  const lastEventId = (typeof header === 'string' ? header : null) ?? queryParameter(request, 'last_event_id')
  reply.hijack()
  reply.raw.writeHead(200, { ...EVENT_STREAM_HEADERS })
  if (request.method === 'HEAD') reply.raw.end()
  else streams.add(reply.raw, lastEventId === '' ? null : lastEventId)
  return reply
}
