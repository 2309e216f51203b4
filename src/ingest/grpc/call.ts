// One gRPC call: an HTTP/2 stream that carries one request message and gets one answer. Hides gRPC's ways of saying no:
// everything wrong is told in trailers of a 200, but for what is not gRPC at all.
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { ReceiverSettings } from '../../model/settings.ts'
import type { Signal, TelemetrySink } from '../../model/signal.ts'
import { encodeExportResponse, encodeStatus } from '../../otlp/responses.ts'
import { GRPC_CODES, grpcCodeOf } from '../../otlp/status.ts'
import type { Clock } from '../../runtime/clock.ts'
import { type Admission, Share } from '../admission.ts'
import type { BodyMemory } from '../body-memory.ts'
import { ACCEPTED_CODECS, type Codec, codecOf, decompress } from '../compression.ts'
import type { Delivered, Delivery } from '../delivery.ts'
import { OVERLOADED, type RequestRefusal, refuse, SHUTTING_DOWN, statusOf, tooLarge } from '../refusal.ts'
import type { RequestCounters } from '../request-counters.ts'
import { type FramingStep, frameMessage, UnaryMessage } from './framing.ts'
import { decodeHealthRequest, encodeHealthResponse, MAX_HEALTH_REQUEST_BYTES, UNKNOWN_SERVICE_CODE } from './health.ts'
import type { GrpcLimits } from './limits.ts'
import { binaryHeader, isGrpcProtobuf, percentEncoded, shortMessage, timeoutMs } from './metadata.ts'
import { type GrpcMethod, HEALTH_SERVICE, methodOf, signalOfService } from './methods.ts'

/** What all calls of a receiver share. */
export interface GrpcContext {
  readonly settings: ReceiverSettings
  readonly sink: TelemetrySink
  readonly clock: Clock
  readonly delivery: Delivery
  readonly admission: Admission
  readonly memory: BodyMemory
  readonly counters: RequestCounters
  readonly limits: GrpcLimits
  /** Set once, at the stop. */
  stopping: boolean
}

const ANSWER_HEADERS: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' }
const OK_TRAILERS: OutgoingHttpHeaders = { 'grpc-status': '0' }
const EMPTY_ANSWER = frameMessage(new Uint8Array(0))

export class GrpcCall {
  readonly #context: GrpcContext
  readonly #stream: ServerHttp2Stream
  readonly #share: Share
  readonly #message: UnaryMessage
  #method: GrpcMethod | null = null
  #codec: Codec = 'identity'
  #state: 'reading' | 'counting' | 'answered' = 'reading'
  #received = 0
  /** Monotonic: when the client stops caring, and when we stop waiting for the rest of the request. */
  #deadlineMs = Number.POSITIVE_INFINITY
  #readUntilMs = Number.POSITIVE_INFINITY

  constructor(context: GrpcContext, stream: ServerHttp2Stream) {
    this.#context = context
    this.#stream = stream
    this.#share = new Share(context.admission)
    this.#message = new UnaryMessage(context.memory)
  }

  /** Takes the call on, or answers it at once. */
  begin(headers: IncomingHttpHeaders): void {
    const stream = this.#stream
    stream.on('error', ignoreStreamError)
    stream.on('close', () => this.#onClose())
    stream.on('data', (chunk: Uint8Array) => this.#onData(chunk))
    stream.on('end', () => this.#onEnd())
    if (headers[':method'] !== 'POST') return this.#answerHttp({ ':status': 405, allow: 'POST' })
    if (!isGrpcProtobuf(headers['content-type'])) return this.#answerHttp({ ':status': 415 })
    const refusal = this.#objection(headers)
    if (refusal !== null) this.#turnAway(refusal)
  }

  /** Gives up a request that does not arrive in time. */
  expire(nowMs: number): void {
    if (this.#state !== 'reading') return
    if (nowMs >= this.#deadlineMs) this.#turnAway(DEADLINE_PASSED)
    else if (nowMs >= this.#readUntilMs) this.#turnAway(refuse('timeout', 'the request took too long to arrive'))
  }

  get #signal(): Signal | null {
    return this.#method?.kind === 'export' ? this.#method.signal : null
  }

  get #maxBytes(): number {
    return this.#method?.kind === 'health' ? MAX_HEALTH_REQUEST_BYTES : this.#context.settings.maxRequestBytes
  }

  /** Why the call is refused on the strength of its headers, or null. */
  #objection(headers: IncomingHttpHeaders): RequestRefusal | null {
    const { clock, limits, sink, stopping } = this.#context
    const path = headers[':path'] ?? ''
    const method = methodOf(path)
    if (method === null) return refuse('unknown_path', `no method ${path} here: this port takes OTLP/gRPC Export calls`)
    this.#method = method
    if (method.kind === 'export') {
      if (!sink.accepts(method.signal)) {
        return refuse('signal_not_active', `this version of cohortd does not take ${method.signal} yet`)
      }
      if (stopping) return SHUTTING_DOWN
    }
    const encoding = headers['grpc-encoding']
    const codec = Array.isArray(encoding) ? null : codecOf(encoding)
    if (codec === null) {
      return refuse(
        'unsupported_encoding',
        `grpc-encoding ${String(encoding)} is not taken; taken are ${ACCEPTED_CODECS}`,
      )
    }
    this.#codec = codec
    const timeout = timeoutMs(headers['grpc-timeout'])
    if (timeout === null) return refuse('malformed', 'grpc-timeout is not of the form 1S', GRPC_CODES.INTERNAL)
    const nowMs = clock.monotonic()
    this.#deadlineMs = nowMs + timeout
    this.#readUntilMs = nowMs + limits.requestTimeoutMs
    return null
  }

  #onData(chunk: Uint8Array): void {
    this.#received += chunk.byteLength
    if (this.#state !== 'reading') return
    this.#follow(this.#message.push(chunk))
  }

  #follow(step: FramingStep): void {
    if (step === 'more') return
    if (step === 'surplus') return this.#turnAway(brokenFraming('more than one message, where there is one to a call'))
    const refusal = this.#objectionToMessage()
    if (refusal === null) this.#follow(this.#message.accept())
    else this.#turnAway(refusal)
  }

  /** Why the message is refused on the strength of its prefix, or null; takes its share of the budget. */
  #objectionToMessage(): RequestRefusal | null {
    const { flags, compressed, length } = this.#message
    if (flags > 1) return brokenFraming('unknown flags before the message')
    if (length > this.#maxBytes) return tooLarge(length, this.#maxBytes)
    if (compressed && this.#codec === 'identity') return brokenFraming('a compressed message, but no grpc-encoding')
    return this.#share.resize(length) ? null : OVERLOADED
  }

  #onEnd(): void {
    if (this.#state !== 'reading') return
    // A reset ends the stream too; its client wants nothing counted and will hear no answer.
    if (this.#stream.aborted || this.#stream.destroyed) return
    if (!this.#message.complete) {
      // Not for the ledger: this was never a whole request, and some clients end a stream so before they cancel it.
      return this.#answerRefusal(brokenFraming(this.#message.empty ? 'no message' : 'the call ends within its message'))
    }
    // An answer now would come too late; counting what the client believes lost would count its retry twice.
    if (this.#context.clock.monotonic() >= this.#deadlineMs) return this.#turnAway(DEADLINE_PASSED)
    const signal = this.#signal
    this.#state = 'counting'
    if (signal === null) return this.#answerHealth()
    const delivered = this.#context.delivery.deliver({
      signal,
      transport: 'grpc',
      encoding: 'protobuf',
      codec: this.#message.compressed ? this.#codec : 'identity',
      wire: this.#message.bytes(),
      share: this.#share,
    })
    if (delivered instanceof Promise) void delivered.then((later) => this.#tell(signal, later))
    else this.#tell(signal, delivered)
  }

  #answerHealth(): void {
    const codec = this.#message.compressed ? this.#codec : 'identity'
    const plain = decompress(codec, this.#message.bytes(), MAX_HEALTH_REQUEST_BYTES)
    const service = plain.kind === 'bytes' ? decodeHealthRequest(plain.bytes) : null
    if (service === null) return this.#answerRefusal(refuse('malformed', 'not a HealthCheckRequest'))
    const signal = signalOfService(service)
    const known = signal === null ? service === '' || service === HEALTH_SERVICE : this.#context.sink.accepts(signal)
    if (!known) return this.#answerRefusal(refuse('unknown_path', `unknown service ${service}`, UNKNOWN_SERVICE_CODE))
    this.#answerOk(frameMessage(encodeHealthResponse(this.#context.stopping ? 'not_serving' : 'serving')))
  }

  #tell(signal: Signal, delivered: Delivered): void {
    if (delivered.kind === 'refused') this.#answerRefusal(delivered.refusal)
    else if (delivered.refused === 0 && delivered.message === '') this.#answerOk(EMPTY_ANSWER)
    else this.#answerOk(frameMessage(encodeExportResponse(signal, 'protobuf', delivered)))
  }

  #turnAway(refusal: RequestRefusal): void {
    const signal = this.#signal
    if (signal !== null) this.#context.delivery.note(signal, 'grpc', refusal)
    this.#answerRefusal(refusal)
  }

  #answerOk(frame: Uint8Array): void {
    if (!this.#close(GRPC_CODES.OK)) return
    this.#stream.once('wantTrailers', sendOkTrailers)
    this.#stream.respond(ANSWER_HEADERS, { waitForTrailers: true })
    this.#stream.end(frame)
  }

  #answerRefusal(refusal: RequestRefusal): void {
    const code = refusal.grpcCode ?? grpcCodeOf(refusal.kind)
    if (!this.#close(code)) return
    const message = shortMessage(refusal.message)
    const status = statusOf({ ...refusal, message }, code)
    const headers: OutgoingHttpHeaders = {
      ...ANSWER_HEADERS,
      'grpc-status': String(code),
      'grpc-message': percentEncoded(message),
    }
    if (refusal.kind === 'unsupported_encoding') headers['grpc-accept-encoding'] = ACCEPTED_CODECS.replaceAll(' ', '')
    if (status.retryAfterSeconds !== undefined || status.badRequest !== undefined) {
      headers['grpc-status-details-bin'] = binaryHeader(encodeStatus('protobuf', status))
    }
    this.#respondAndReset(headers)
  }

  /** What is no gRPC is answered by HTTP alone. */
  #answerHttp(headers: OutgoingHttpHeaders): void {
    if (this.#close(Number(headers[':status']))) this.#respondAndReset(headers)
  }

  #respondAndReset(headers: OutgoingHttpHeaders): void {
    this.#stream.respond(headers, { endStream: true })
    // The answer is whole: the client need not send the rest of its request (RFC 9113, 8.1).
    this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }

  /** Ends the call's own business; false when nobody is there to answer any more. */
  #close(code: number): boolean {
    this.#state = 'answered'
    this.#share.release()
    this.#message.drop()
    const gone = this.#stream.destroyed || this.#stream.closed
    this.#context.counters.add(this.#signal, 'grpc', gone ? 'aborted' : code, this.#received)
    return !gone
  }

  #onClose(): void {
    if (this.#state === 'reading') this.#close(GRPC_CODES.OK)
  }
}

const DEADLINE_PASSED = refuse('timeout', 'the deadline of the call passed before it was counted; nothing of it was')

function brokenFraming(what: string): RequestRefusal {
  return refuse('malformed', what, GRPC_CODES.INTERNAL)
}

function sendOkTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(OK_TRAILERS)
}

/** A stream that the client resets reports an error; its close is all that matters here. */
function ignoreStreamError(): void {}
