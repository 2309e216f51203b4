// The OTLP/gRPC listener: node:http2 over cleartext with every limit set, and a stop in two steps, so that no request falls
// between a client's sending it and its hearing that we go.
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import { Server as NetServer, type Socket } from 'node:net'
import { encodeStatus } from '../../otlp/responses.ts'
import { httpStatusOf } from '../../otlp/status.ts'
import { after, every } from '../../runtime/clock.ts'
import { BodyMemory } from '../body-memory.ts'
import { Delivery } from '../delivery.ts'
import { listen } from '../listen.ts'
import type { Receiver, ReceiverLog, ReceiverParts } from '../receiver.ts'
import { refuse, statusOf } from '../refusal.ts'
import { RequestCounters } from '../request-counters.ts'
import { GrpcCall, type GrpcContext } from './call.ts'
import { GRPC_LIMITS, type GrpcLimits } from './limits.ts'
import { type Protocol, readProtocol } from './preface.ts'

/** The highest stream id: a GOAWAY with it says "no new requests, please", and refuses none (RFC 9113, 6.8). */
const EVERY_STREAM = 2 ** 31 - 1

/** A connection that speaks HTTP/2. */
interface Connection {
  readonly session: ServerHttp2Session
  readonly calls: Set<GrpcCall>
  /** Monotonic; of the last moment with a call. */
  busyMs: number
}

export class GrpcReceiver implements Receiver {
  readonly counters: RequestCounters
  readonly #context: GrpcContext
  readonly #log: ReceiverLog | undefined
  /** Takes the connections; HTTP/2 gets them once they have shown that they speak it. */
  readonly #listener: NetServer
  readonly #server: Http2Server
  readonly #sockets = new Set<Socket>()
  /** Connections that have not sent anything yet, with the time they were opened. */
  readonly #silent = new Map<Socket, number>()
  readonly #connections = new Map<ServerHttp2Session, Connection>()
  #stopSweeping: (() => void) | null = null
  #starting: Promise<{ host: string; port: number }> | null = null
  #stopping: Promise<void> | null = null
  #graceOver = false

  constructor(parts: ReceiverParts & { readonly limits?: Partial<GrpcLimits> }) {
    const { settings, sink, clock, admission, log } = parts
    const limits = { ...GRPC_LIMITS, ...parts.limits }
    this.#log = log
    this.counters = parts.counters ?? new RequestCounters()
    const memory = new BodyMemory({ reuse: parts.borrowedBodies ?? false })
    const delivery = new Delivery({ sink, clock, maxRequestBytes: settings.maxRequestBytes, log })
    this.#context = {
      settings,
      sink,
      clock,
      delivery,
      admission,
      memory,
      counters: this.counters,
      limits,
      stopping: false,
    }
    this.#server = this.#createHttp2Server(limits)
    this.#listener = this.#createListener(limits)
  }

  async start(): Promise<{ host: string; port: number }> {
    const { settings, limits } = this.#context
    if (settings.grpc === null) throw new Error('OTLP/gRPC is not configured')
    if (this.#starting !== null || this.#stopping !== null) throw new Error('a receiver starts once')
    this.#starting = listen(this.#listener, settings.grpc, {
      listener: 'otlp-grpc',
      setting: 'receivers.otlp.protocols.grpc.endpoint',
      log: this.#log,
    })
    const bound = await this.#starting
    this.#stopSweeping = every(limits.timeoutCheckMs, () => this.#sweep())
    return bound
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs)
    return this.#stopping
  }

  #createListener(limits: GrpcLimits): NetServer {
    const listener = new NetServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 })
    listener.maxConnections = limits.maxConnections
    listener.on('drop', () => this.counters.add(null, 'grpc', 'dropped', 0))
    listener.on('connection', (socket) => this.#onConnection(socket))
    return listener
  }

  #createHttp2Server(limits: GrpcLimits): Http2Server {
    const server = createServer({
      settings: {
        initialWindowSize: limits.windowBytes,
        maxConcurrentStreams: limits.maxConcurrentStreams,
        maxHeaderListSize: limits.maxHeaderBytes,
        enablePush: false,
      },
      maxHeaderListPairs: 128,
      maxOutstandingPings: 10,
      maxSettings: 32,
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
      // Far more resets than clients with deadlines make, far fewer than an attack by resets needs.
      streamResetBurst: 1000,
      streamResetRate: 100,
    })
    server.on('session', (session) => this.#onSession(session, limits))
    return server
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket)
    this.#silent.set(socket, this.#context.clock.monotonic())
    socket.on('error', ignoreSocketError)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#silent.delete(socket)
    })
    readProtocol(socket, (protocol) => {
      this.#silent.delete(socket)
      if (protocol === 'http2') this.#server.emit('connection', socket)
      else this.#redirect(socket, protocol)
    })
  }

  /** Tells a client of another protocol, in that protocol, where it should have gone. */
  #redirect(socket: Socket, protocol: Protocol): void {
    const { http } = this.#context.settings
    const elsewhere = http === null || http.port === 0 ? 'the OTLP/HTTP port (4318 by default)' : `port ${http.port}`
    if (protocol === 'tls')
      this.#log?.warn({ peer: socket.remoteAddress }, 'a client speaks TLS to the cleartext OTLP/gRPC port')
    if (protocol !== 'http1') {
      this.counters.add(null, 'grpc', 'dropped', 0)
      socket.destroy()
      return
    }
    const refusal = refuse('malformed', `this port takes OTLP/gRPC; OTLP over HTTP/1.1 goes to ${elsewhere}`)
    const status = httpStatusOf(refusal.kind)
    this.counters.add(null, 'grpc', status, 0)
    const body = encodeStatus('json', statusOf(refusal))
    socket.resume()
    socket.write(
      `HTTP/1.1 ${status} Wrong Port\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.byteLength}\r\n\r\n`,
    )
    socket.end(body)
    // Time for the answer to arrive; closing with bytes unread would reset it away.
    after(this.#context.limits.timeoutCheckMs, () => socket.destroy())
  }

  #onSession(session: ServerHttp2Session, limits: GrpcLimits): void {
    // The stream window alone would leave the connection's at 64 KB.
    session.setLocalWindowSize(limits.windowBytes)
    const connection: Connection = { session, calls: new Set(), busyMs: this.#context.clock.monotonic() }
    this.#connections.set(session, connection)
    session.once('close', () => this.#connections.delete(session))
    session.on('stream', (stream, headers) => {
      const call = new GrpcCall(this.#context, stream)
      connection.calls.add(call)
      stream.once('close', () => this.#onCallClosed(connection, call))
      call.begin(headers)
    })
    if (this.#graceOver) session.close()
  }

  #onCallClosed(connection: Connection, call: GrpcCall): void {
    connection.calls.delete(call)
    connection.busyMs = this.#context.clock.monotonic()
    if (this.#graceOver && connection.calls.size === 0) connection.session.close()
  }

  #sweep(): void {
    const { clock, limits } = this.#context
    const nowMs = clock.monotonic()
    for (const [socket, openedMs] of this.#silent) if (nowMs - openedMs >= limits.prefaceTimeoutMs) socket.destroy()
    for (const { session, calls, busyMs } of this.#connections.values()) {
      if (calls.size === 0 && nowMs - busyMs >= limits.idleTimeoutMs) session.close()
      for (const call of calls) call.expire(nowMs)
    }
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#context.stopping = true
    if (this.#starting === null) return
    await this.#starting.catch(() => undefined)
    if (!this.#listener.listening) return
    const cancelDeadline = after(deadlineMs, () => this.#destroyAll())
    const closed = new Promise<void>((resolve) => {
      this.#listener.close(() => resolve())
    })
    for (const session of this.#connections.keys()) if (!session.destroyed) session.goaway(0, EVERY_STREAM)
    const cancelGrace = after(this.#context.limits.stopGraceMs, () => this.#endGrace())
    await closed
    cancelGrace()
    cancelDeadline()
    this.#stopSweeping?.()
  }

  /** From now on a connection closes as soon as it has no call. */
  #endGrace(): void {
    this.#graceOver = true
    for (const socket of this.#silent.keys()) socket.destroy()
    for (const { session, calls } of this.#connections.values()) if (calls.size === 0) session.close()
  }

  #destroyAll(): void {
    for (const session of this.#connections.keys()) session.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** A broken connection ends its calls; there is nobody to tell. */
function ignoreSocketError(): void {}
