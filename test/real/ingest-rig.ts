// Receivers on free ports with a sink that notes everything and answers as it is told; raw sockets for what no client would send.
import { once } from 'node:events'
import { type Agent, type IncomingHttpHeaders as Http1Headers, request as httpRequest } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { Admission } from '../../src/ingest/admission.ts'
import type { GrpcLimits } from '../../src/ingest/grpc/limits.ts'
import { GrpcReceiver } from '../../src/ingest/grpc/receiver.ts'
import type { HttpLimits } from '../../src/ingest/http/limits.ts'
import { HttpReceiver } from '../../src/ingest/http/receiver.ts'
import type { RequestCounters } from '../../src/ingest/request-counters.ts'
import type { ReceiverSettings } from '../../src/model/settings.ts'
import type { ExportOutcome, ExportRequest, Signal, TelemetrySink } from '../../src/model/signal.ts'
import { systemClock } from '../../src/runtime/clock.ts'

export const ACCEPTED: ExportOutcome = { kind: 'accepted', refused: 0, message: '' }
export const EXPORT_TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

/** A sink under the test's control. */
export class NotingSink implements TelemetrySink {
  readonly consumed: ExportRequest[] = []
  /** "signal transport reason" of every refusal it was told of. */
  readonly refusals: string[] = []
  inactive: readonly Signal[] = []
  answer: () => ExportOutcome | Promise<ExportOutcome> = () => ACCEPTED
  #arrival: (() => void) | null = null

  accepts(signal: Signal): boolean {
    return !this.inactive.includes(signal)
  }

  consume(request: ExportRequest): ExportOutcome | Promise<ExportOutcome> {
    this.consumed.push(request)
    this.#arrival?.()
    return this.answer()
  }

  refuse(signal: Signal, transport: string, reason: string): void {
    this.refusals.push(`${signal} ${transport} ${reason}`)
  }

  /** Holds all answers back from now on; `arrived` resolves when a request came, `release` lets all go. */
  hold(): { readonly arrived: Promise<void>; release(): void } {
    const gate = Promise.withResolvers<ExportOutcome>()
    const arrived = Promise.withResolvers<void>()
    this.#arrival = arrived.resolve
    this.answer = () => gate.promise
    return { arrived: arrived.promise, release: () => gate.resolve(ACCEPTED) }
  }
}

export interface Rig<R> {
  readonly receiver: R
  readonly sink: NotingSink
  readonly admission: Admission
  readonly counters: RequestCounters
  readonly port: number
  readonly warnings: string[]
}

interface Options<L> {
  readonly settings?: Partial<ReceiverSettings>
  readonly limits?: Partial<L>
  readonly borrowedBodies?: boolean
}

const SETTINGS: ReceiverSettings = {
  grpc: { host: '127.0.0.1', port: 0 },
  http: { host: '127.0.0.1', port: 0 },
  maxRequestBytes: 100_000,
  maxInFlightBytes: 1_000_000,
  corsOrigins: [],
}

function parts(settings: ReceiverSettings) {
  const warnings: string[] = []
  const log = { warn: (_detail: object, message: string) => void warnings.push(message) }
  const admission = new Admission(settings.maxInFlightBytes)
  return { settings, sink: new NotingSink(), clock: systemClock, admission, log, warnings }
}

export async function startHttp(options: Options<HttpLimits> = {}): Promise<Rig<HttpReceiver>> {
  const made = parts({ ...SETTINGS, ...options.settings })
  const { limits = {}, borrowedBodies = false } = options
  const receiver = new HttpReceiver({ ...made, limits, borrowedBodies })
  const { port } = await receiver.start()
  return { ...made, receiver, counters: receiver.counters, port }
}

export async function startGrpc(options: Options<GrpcLimits> = {}): Promise<Rig<GrpcReceiver>> {
  const made = parts({ ...SETTINGS, ...options.settings })
  const { limits = {}, borrowedBodies = false } = options
  const receiver = new GrpcReceiver({ ...made, limits, borrowedBodies })
  const { port } = await receiver.start()
  return { ...made, receiver, counters: receiver.counters, port }
}

/** Codes that were answered, as "code xN", sorted. */
export function answered(counters: RequestCounters): string[] {
  return counters
    .rows()
    .map(({ signal, code, requests }) => `${signal ?? '-'} ${code} x${requests}`)
    .sort()
}

/** A TCP connection that gathers what comes. */
export class RawClient {
  readonly socket: Socket
  #text = ''
  readonly #closed: Promise<void>
  #onText: (() => void) | null = null

  constructor(port: number) {
    this.socket = connectTcp({ port, host: '127.0.0.1' })
    this.socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1')
      this.#onText?.()
    })
    this.socket.on('error', () => undefined)
    this.#closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  get text(): string {
    return this.#text
  }

  /** Resolves with all that came, once the other side has closed. */
  async ended(): Promise<string> {
    await this.#closed
    return this.#text
  }

  /** Resolves with what came, once it holds `wanted`. */
  until(wanted: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#text.includes(wanted)) resolve(this.#text)
      }
      this.#onText = look
      void this.#closed.then(() => {
        look()
        reject(new Error(`closed without ${wanted}: ${this.#text}`))
      })
      look()
    })
  }
}

export interface GrpcReply {
  readonly httpStatus: number
  readonly status: number | null
  readonly message: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export function openHttp2(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  return session
}

export function openCall(session: ClientHttp2Session, headers: Record<string, string> = {}): ClientHttp2Stream {
  return session.request({
    ':method': 'POST',
    ':path': EXPORT_TRACES,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
}

/** The answer to a call; rejects when the stream breaks without one. */
export function replyOf(stream: ClientHttp2Stream): Promise<GrpcReply> {
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    stream.on('response', (got) => {
      headers = { ...headers, ...got }
    })
    stream.on('trailers', (got) => {
      headers = { ...headers, ...got }
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', (error) => {
      if (headers[':status'] === undefined) reject(error)
    })
    stream.on('close', () => {
      if (headers[':status'] === undefined) return reject(new Error(`closed without an answer (${stream.rstCode})`))
      const status = headers['grpc-status']
      return resolve({
        httpStatus: Number(headers[':status']),
        status: status === undefined ? null : Number(status),
        message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
        headers,
        body: Buffer.concat(chunks),
      })
    })
  })
}

/** A call with these bytes as they are; null: none at all. */
export function unary(
  session: ClientHttp2Session,
  body: Uint8Array | null,
  headers: Record<string, string> = {},
): Promise<GrpcReply> {
  const stream = openCall(session, headers)
  const reply = replyOf(stream)
  if (body === null) stream.end()
  else stream.end(body)
  return reply
}

export interface HttpSent {
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array | string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Http1Headers
  readonly body: Buffer
}

export const PROTOBUF = { 'content-type': 'application/x-protobuf' }
export const JSON_TYPE = { 'content-type': 'application/json' }

/** A request by node:http; POST /v1/traces as protobuf unless told otherwise. */
export async function sendHttp(
  to: { readonly port: number; readonly agent?: Agent },
  sent: HttpSent,
): Promise<HttpAnswer> {
  const { path = '/v1/traces', method = 'POST', headers = PROTOBUF, body = '' } = sent
  const client = httpRequest({ host: '127.0.0.1', ...to, path, method, headers })
  client.end(body)
  const [response] = await once(client, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }
}

/** Length-prefixed as gRPC does. */
export function framed(message: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flags
  prefix.writeUInt32BE(message.byteLength, 1)
  return Buffer.concat([prefix, message])
}
