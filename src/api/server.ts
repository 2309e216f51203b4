// The HTTP server of the API: routes from the list of operations, the same manners for every answer, and the lifecycle.
// Fastify is loaded when the server starts.
import type { AddressInfo } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ListenAddress } from '../model/settings.ts'
import { after, every, systemClock } from '../runtime/clock.ts'
import { listenError } from '../runtime/listen-error.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { EventStreams } from './event-stream.ts'
import type { Handler } from './handlers.ts'
import { createHandlers } from './handlers.ts'
import { MetricsRoute } from './metrics-route.ts'
import { NOT_ACTIVE } from './openapi.ts'
import { ACTIVE_OPERATIONS, LATER_OPERATIONS, OPERATIONS } from './operations.ts'
import { PROBLEM_CONTENT_TYPE, ProblemError, problem } from './problem.ts'
import type { ApiObserver, ApiSource } from './source.ts'

export interface ApiServerOptions {
  readonly listen: ListenAddress
  readonly source: ApiSource
  readonly observer: ApiObserver
  /** Event streams open at once. */
  readonly maxSubscribers?: number
}

/** The address it listens on. */
export interface ApiAddress {
  readonly host: string
  readonly port: number
}

const HEARTBEAT_MS = 15_000
const DEFAULT_MAX_SUBSCRIBERS = 5000
/** Names of experiments come from telemetry and may be long; all headers and the URL together stay within this. */
const MAX_HEAD_BYTES = 32 * 1024
/** Connections beside those of event streams; further ones are closed at once. */
const OTHER_CONNECTIONS = 500
const MAX_BODY_BYTES = 64 * 1024
const REQUEST_TIMEOUT_MS = 30_000
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export interface ApiServer {
  /** Listens; rejects when the address cannot be had. */
  start(): Promise<ApiAddress>
  /** Ends event streams after what was published, lets running requests finish for at most `graceMs`, then closes. Safe twice. */
  stop(graceMs: number): Promise<void>
}

/** A server over the source; nothing happens before start(). */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return new FastifyApiServer(options)
}

class FastifyApiServer implements ApiServer {
  readonly #options: ApiServerOptions
  readonly #streams: EventStreams
  readonly #maxSubscribers: number
  #app: FastifyInstance | null = null
  #stopHeartbeat: () => void = () => {}
  #stopped: Promise<void> | null = null

  constructor(options: ApiServerOptions) {
    this.#options = options
    const { source, observer } = options
    this.#maxSubscribers = options.maxSubscribers ?? DEFAULT_MAX_SUBSCRIBERS
    this.#streams = new EventStreams({
      eventLog: source.eventLog,
      eventSource: source.eventSource,
      observer,
      now: () => systemClock.now(),
      maxSubscribers: this.#maxSubscribers,
    })
  }

  async start(): Promise<ApiAddress> {
    const { listen, source, observer } = this.#options
    this.#app = await createApp(source, observer, this.#streams)
    this.#app.server.maxConnections = this.#maxSubscribers + OTHER_CONNECTIONS
    try {
      await this.#app.listen({ host: listen.host, port: listen.port })
    } catch (error) {
      throw listenError(error as NodeJS.ErrnoException, listen, { listener: 'api', setting: 'api.endpoint' })
    }
    this.#stopHeartbeat = every(HEARTBEAT_MS, () => this.#streams.beat())
    const address = this.#app.server.address() as AddressInfo
    return { host: address.address, port: address.port }
  }

  stop(graceMs: number): Promise<void> {
    return (this.#stopped ??= this.#stop(graceMs))
  }

  async #stop(graceMs: number): Promise<void> {
    this.#stopHeartbeat()
    this.#streams.close()
    const app = this.#app
    if (app === null) return
    const cancel = after(graceMs, () => app.server.closeAllConnections())
    await app.close()
    cancel()
  }
}

/** The Fastify application, not listening. */
export async function createApp(
  source: ApiSource,
  observer: ApiObserver,
  streams: EventStreams,
): Promise<FastifyInstance> {
  const { fastify } = await import('fastify')
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    http: { maxHeaderSize: MAX_HEAD_BYTES },
    routerOptions: { maxParamLength: MAX_HEAD_BYTES },
    frameworkErrors: (error, _request, reply) => void sendError(error, reply),
    clientErrorHandler: answerBrokenRequest,
  })
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
    if (request.is404) throw notFound(request)
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (statusOf(error) >= 500 && !(error instanceof ProblemError))
      observer.failed(error, request.routeOptions.url ?? request.url)
    return sendError(error, reply)
  })
  app.setNotFoundHandler((request) => {
    throw notFound(request)
  })
  const handlers = createHandlers({ source, streams, metrics: new MetricsRoute(source, observer) })
  for (const { id, method, path } of ACTIVE_OPERATIONS)
    app.route({ method: method === 'GET' ? ['GET', 'HEAD'] : method, url: routePath(path), handler: handlers[id] })
  for (const { method, path } of LATER_OPERATIONS)
    answerAtOnce(app, method === 'GET' ? ['GET', 'HEAD'] : [method], path, () => new ProblemError(501, NOT_ACTIVE))
  refuseOtherMethods(app)
  await app.ready()
  return app
}

/** Known paths answer 405 to all other methods and name those they have. */
function refuseOtherMethods(app: FastifyInstance): void {
  for (const path of new Set(OPERATIONS.map((operation) => operation.path))) {
    const allowed = OPERATIONS.filter((operation) => operation.path === path).flatMap(({ method }) =>
      method === 'GET' ? ['GET', 'HEAD'] : [method],
    )
    const others = METHODS.filter((method) => !allowed.includes(method))
    const allow = allowed.join(', ')
    answerAtOnce(app, others, path, (request) => {
      return new ProblemError(405, `${request.method} is not for this path; it has ${allow}.`, { allow })
    })
  }
}

/** Answers before a body is read, whatever its type. */
function answerAtOnce(
  app: FastifyInstance,
  method: string[],
  path: string,
  answer: (request: FastifyRequest) => ProblemError,
): void {
  const refuse: Handler = (request) => {
    throw answer(request)
  }
  app.route({
    method,
    url: routePath(path),
    onRequest: async (request) => Promise.reject(answer(request)),
    handler: refuse,
  })
}

function routePath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}

function notFound(request: FastifyRequest): ProblemError {
  return /^\/v1\/(traces|metrics|logs)\b/.test(request.url)
    ? new ProblemError(404, 'This is the API. OTLP/HTTP is received on another port: 4318 unless configured otherwise.')
    : new ProblemError(404, 'There is nothing at this path; /api/v1/openapi.json lists what there is.')
}

function statusOf(error: Error & { readonly statusCode?: number }): number {
  return error instanceof ProblemError ? error.status : (error.statusCode ?? 500)
}

/** Errors of our own are told as they are; of an unexpected one only that it happened. */
function sendError(error: Error & { readonly statusCode?: number }, reply: FastifyReply): FastifyReply {
  const status = statusOf(error)
  const detail =
    status >= 500 && !(error instanceof ProblemError) ? 'The request failed inside the daemon.' : error.message
  if (error instanceof ProblemError) reply.headers({ ...error.headers })
  return reply
    .removeHeader('content-encoding')
    .code(status)
    .headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'content-type': PROBLEM_CONTENT_TYPE })
    .send(JSON.stringify(problem(status, detail)))
}
