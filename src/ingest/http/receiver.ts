// The OTLP/HTTP listener: node:http with every limit set, and a stop that lets the work in hand finish.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { encodeStatus } from '../../otlp/responses.ts'
import { httpStatusOf } from '../../otlp/status.ts'
import { after } from '../../runtime/clock.ts'
import { BodyMemory } from '../body-memory.ts'
import { Delivery } from '../delivery.ts'
import { listen } from '../listen.ts'
import type { Receiver, ReceiverLog, ReceiverParts } from '../receiver.ts'
import { type RequestRefusal, refuse, statusOf } from '../refusal.ts'
import { RequestCounters } from '../request-counters.ts'
import { CorsPolicy } from './cors.ts'
import { type HttpContext, HttpExchange } from './exchange.ts'
import { HTTP_LIMITS, type HttpLimits } from './limits.ts'

// An import of its value would touch all that node:http exports, which loads a whole client for WebSocket: 14 MB.
const { createServer } = process.getBuiltinModule('node:http')

export class HttpReceiver implements Receiver {
  readonly counters: RequestCounters
  readonly #context: HttpContext
  readonly #log: ReceiverLog | undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** The newest exchange of each connection; it answers when the connection breaks down. */
  readonly #latest = new WeakMap<Duplex, HttpExchange>()
  #starting: Promise<{ host: string; port: number }> | null = null
  #stopping: Promise<void> | null = null

  constructor(parts: ReceiverParts & { readonly limits?: Partial<HttpLimits> }) {
    const { settings, sink, clock, admission, log } = parts
    const limits = { ...HTTP_LIMITS, ...parts.limits }
    this.#log = log
    this.counters = parts.counters ?? new RequestCounters()
    const memory = new BodyMemory({ reuse: parts.borrowedBodies ?? false })
    const delivery = new Delivery({ sink, clock, maxRequestBytes: settings.maxRequestBytes, log })
    const cors = new CorsPolicy(settings.corsOrigins)
    this.#context = {
      settings,
      sink,
      delivery,
      admission,
      memory,
      counters: this.counters,
      cors,
      limits,
      stopping: false,
    }
    this.#server = this.#createServer(limits)
  }

  async start(): Promise<{ host: string; port: number }> {
    const { http } = this.#context.settings
    if (http === null) throw new Error('OTLP/HTTP is not configured')
    if (this.#starting !== null || this.#stopping !== null) throw new Error('a receiver starts once')
    this.#starting = listen(this.#server, http, {
      listener: 'otlp-http',
      setting: 'receivers.otlp.protocols.http.endpoint',
      log: this.#log,
    })
    return this.#starting
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs)
    return this.#stopping
  }

  #createServer(limits: HttpLimits): Server {
    const server = createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      // Nothing here depends on the name by which a client knows us.
      requireHostHeader: false,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    })
    server.maxConnections = limits.maxConnections
    server.maxHeadersCount = 200
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('drop', () => this.counters.add(null, 'http', 'dropped', 0))
    server.on('request', (request, response) => this.#take(request, response, false))
    server.on('checkContinue', (request, response) => this.#take(request, response, true))
    server.on('clientError', (error, socket) => this.#onBrokenConnection(error, socket))
    return server
  }

  #take(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const exchange = new HttpExchange(this.#context, { request, response, awaitsContinue })
    this.#latest.set(request.socket, exchange)
    exchange.begin()
  }

  /** Bytes that are no HTTP/1.1, or a client that is too slow. */
  #onBrokenConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
    // The parser's complaint about an end in the middle is only the client's leaving.
    if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE' || !socket.writable) {
      socket.destroy()
      return
    }
    const [refusal, status] = diagnosis(error)
    if (this.#latest.get(socket)?.abandon(refusal)) return
    this.counters.add(null, 'http', status, 0)
    const body = encodeStatus('json', statusOf(refusal))
    socket.write(
      `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.byteLength}\r\n\r\n`,
    )
    socket.end(body, () => socket.destroy())
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#context.stopping = true
    if (this.#starting === null) return
    await this.#starting.catch(() => undefined)
    if (!this.#server.listening) return
    const cancelDeadline = after(deadlineMs, () => {
      for (const socket of this.#sockets) socket.destroy()
    })
    const closed = new Promise<void>((resolve) => {
      // http.Server.close would also cut idle connections, and with them requests already on their way.
      NetServer.prototype.close.call(this.#server, () => resolve())
    })
    const cancelGrace = after(this.#context.limits.stopGraceMs, () => this.#closeIdle())
    await closed
    cancelGrace()
    cancelDeadline()
    // Stops node:http's timer for timeouts; there is nothing left to close.
    this.#server.close()
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections()
    // A connection that never sent a byte is not idle to node:http.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}

/** What node:http complains of, in the sender's terms, with the status to answer. */
function diagnosis(error: NodeJS.ErrnoException): [RequestRefusal, number] {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return answered(refuse('timeout', 'the request took too long to arrive'))
    case 'HPE_HEADER_OVERFLOW':
      // The one status that is not of otlp/status.ts: it is about HTTP, never about telemetry.
      return [refuse('malformed', 'the request headers are too large'), 431]
    default:
      return answered(
        refuse(
          'malformed',
          `these bytes are no HTTP/1.1 request (${error.code ?? error.message}); OTLP/gRPC has its own port`,
        ),
      )
  }
}

function answered(refusal: RequestRefusal): [RequestRefusal, number] {
  return [refusal, httpStatusOf(refusal.kind)]
}
