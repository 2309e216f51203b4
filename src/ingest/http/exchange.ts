// One OTLP/HTTP request and its answer. Hides the dance of refusing early: answering before the body is read, and still
// letting a client that is in the middle of sending see that answer.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ReceiverSettings } from '../../model/settings.ts'
import type { Signal, TelemetrySink } from '../../model/signal.ts'
import { type Encoding, encodeExportResponse, encodeStatus } from '../../otlp/responses.ts'
import { httpStatusOf } from '../../otlp/status.ts'
import { after } from '../../runtime/clock.ts'
import { type Admission, Share } from '../admission.ts'
import type { BodyMemory } from '../body-memory.ts'
import { ACCEPTED_CODECS, type Codec } from '../compression.ts'
import type { Delivered, Delivery } from '../delivery.ts'
import { OVERLOADED, type RequestRefusal, refuse, SHUTTING_DOWN, statusOf, tooLarge } from '../refusal.ts'
import type { RequestCounters } from '../request-counters.ts'
import { Body } from './body.ts'
import type { CorsPolicy } from './cors.ts'
import type { HttpLimits } from './limits.ts'
import {
  bodyTerms,
  contentLength,
  encodingOfMedia,
  isRefusal,
  MEDIA_OF_ENCODING,
  shown,
  signalOfTarget,
} from './negotiation.ts'

/** What all exchanges of a receiver share. */
export interface HttpContext {
  readonly settings: ReceiverSettings
  readonly sink: TelemetrySink
  readonly delivery: Delivery
  readonly admission: Admission
  readonly memory: BodyMemory
  readonly counters: RequestCounters
  readonly cors: CorsPolicy
  readonly limits: HttpLimits
  /** Set once, at the stop. */
  stopping: boolean
}

const NO_BODY = new Uint8Array(0)

export class HttpExchange {
  readonly #context: HttpContext
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #share: Share
  readonly #signal: Signal | null
  /** Of the answer; that of the request where it is known. */
  readonly #encoding: Encoding
  readonly #length: number | null
  readonly #body: Body
  /** The client waits for "100 Continue" before it sends the body. */
  readonly #awaitsContinue: boolean
  #codec: Codec = 'identity'
  #state: 'reading' | 'counting' | 'answered' = 'reading'
  #received = 0
  #mustClose = false
  #stopLingering: (() => void) | null = null

  constructor(
    context: HttpContext,
    wire: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly awaitsContinue: boolean },
  ) {
    const { request } = wire
    this.#context = context
    this.#request = request
    this.#response = wire.response
    this.#awaitsContinue = wire.awaitsContinue
    this.#share = new Share(context.admission)
    this.#signal = signalOfTarget(request.url ?? '')
    this.#encoding = encodingOfMedia(request.headers['content-type']) ?? 'json'
    this.#length = contentLength(request.headers)
    this.#body = new Body(context.memory, this.#length)
  }

  /** Takes the request on, or answers it at once. */
  begin(): void {
    this.#response.on('close', () => this.#onClose())
    this.#request.on('data', (chunk: Uint8Array) => this.#onData(chunk))
    this.#request.on('end', () => this.#onEnd())
    const { cors } = this.#context
    const { method, headers } = this.#request
    if (cors.isPreflight(method, headers)) {
      this.#answer(204, cors.preflightHeaders(headers), NO_BODY)
      return
    }
    const refusal = this.#objection()
    if (refusal !== null) this.#turnAway(refusal)
    else if (this.#awaitsContinue) this.#response.writeContinue()
  }

  /** The connection broke down while this was its latest request. True when the exchange sees to the answer. */
  abandon(refusal: RequestRefusal): boolean {
    this.#mustClose = true
    // A request that is all there is counted and answered whatever followed it.
    if (this.#state === 'reading' && !this.#request.complete) this.#turnAway(refusal)
    else if (this.#stopLingering !== null) this.#endLingering()
    return !this.#response.writableFinished
  }

  /** Why the request is refused on the strength of its headers, or null; takes its share of the budget. */
  #objection(): RequestRefusal | null {
    const { sink, settings, stopping } = this.#context
    const { method, url, headers } = this.#request
    if (this.#signal === null) return refuse('unknown_path', unknownPathMessage(shown(url ?? ''), settings))
    if (method !== 'POST') return refuse('wrong_method', `/v1/${this.#signal} takes POST only`)
    if (!sink.accepts(this.#signal)) {
      return refuse('signal_not_active', `this version of cohortd does not take ${this.#signal} yet`)
    }
    if (stopping) return SHUTTING_DOWN
    const terms = bodyTerms(headers)
    if (isRefusal(terms)) return terms
    this.#codec = terms.codec
    const length = this.#length ?? 0
    if (length > settings.maxRequestBytes) return tooLarge(length, settings.maxRequestBytes)
    return this.#share.resize(length) ? null : OVERLOADED
  }

  #onData(chunk: Uint8Array): void {
    this.#received += chunk.byteLength
    if (this.#state !== 'reading') {
      if (this.#stopLingering !== null && this.#received > this.#context.limits.drainBytes) this.#endLingering()
      return
    }
    if (this.#length === null) {
      const { maxRequestBytes } = this.#context.settings
      if (this.#received > maxRequestBytes) return this.#turnAway(tooLarge(null, maxRequestBytes))
      if (!this.#share.resize(this.#received)) return this.#turnAway(OVERLOADED)
    }
    this.#body.push(chunk)
  }

  #onEnd(): void {
    if (this.#stopLingering !== null) this.#endLingering()
    if (this.#state !== 'reading' || this.#signal === null) return
    this.#state = 'counting'
    const delivered = this.#context.delivery.deliver({
      signal: this.#signal,
      transport: 'http',
      encoding: this.#encoding,
      codec: this.#codec,
      wire: this.#body.bytes(),
      share: this.#share,
    })
    if (delivered instanceof Promise) void delivered.then((later) => this.#tell(later))
    else this.#tell(delivered)
  }

  #tell(delivered: Delivered): void {
    if (delivered.kind === 'refused') return this.#answerRefusal(delivered.refusal)
    const body = encodeExportResponse(this.#signal ?? 'traces', this.#encoding, delivered)
    this.#answer(200, this.#context.cors.answerHeaders(this.#request.headers), body)
  }

  #turnAway(refusal: RequestRefusal): void {
    if (this.#signal !== null) this.#context.delivery.note(this.#signal, 'http', refusal)
    this.#answerRefusal(refusal)
  }

  #answerRefusal(refusal: RequestRefusal): void {
    const { cors } = this.#context
    const headers = cors.answerHeaders(this.#request.headers)
    if (refusal.kind === 'wrong_method') headers.allow = cors.enabled ? 'POST, OPTIONS' : 'POST'
    if (refusal.kind === 'unsupported_encoding') headers['accept-encoding'] = ACCEPTED_CODECS
    if (refusal.retryAfterSeconds !== null) headers['retry-after'] = String(Math.ceil(refusal.retryAfterSeconds))
    this.#answer(httpStatusOf(refusal.kind), headers, encodeStatus(this.#encoding, statusOf(refusal)))
  }

  #answer(status: number, headers: OutgoingHttpHeaders, body: Uint8Array): void {
    this.#state = 'answered'
    this.#share.release()
    this.#body.drop()
    const { counters, stopping } = this.#context
    const response = this.#response
    if (response.destroyed) {
      counters.add(this.#signal, 'http', 'aborted', this.#received)
      return
    }
    counters.add(this.#signal, 'http', status, this.#received)
    const unread = this.#unread()
    // A client that waits for "Continue" may or may not send the body now: nobody can tell what comes next on this connection.
    const unclear = this.#mustClose || (this.#awaitsContinue && !this.#request.complete && this.#received === 0)
    if (stopping || unread === 'much' || unclear) headers.connection = 'close'
    if (status !== 204) {
      headers['content-type'] = MEDIA_OF_ENCODING[this.#encoding]
      headers['content-length'] = body.byteLength
    }
    response.writeHead(status, headers)
    if (unread === 'much' && !unclear) this.#linger(body)
    // An empty chunk would be written beside the head, which costs as much as the head itself.
    else if (body.byteLength === 0) response.end()
    else response.end(body)
  }

  /** How much of the body is still to come: more than is worth reading for the sake of the connection? */
  #unread(): 'none' | 'little' | 'much' {
    if (this.#request.complete) return 'none'
    if (this.#length === null) return 'much'
    return this.#length - this.#received <= this.#context.limits.drainBytes ? 'little' : 'much'
  }

  /**
   * Sends the whole answer but ends it later: closing at once, with bytes of the body unread, would reset the connection
   * and with it the answer.
   */
  #linger(body: Uint8Array): void {
    this.#response.write(body)
    this.#stopLingering = after(this.#context.limits.drainMs, () => this.#endLingering())
  }

  #endLingering(): void {
    this.#stopLingering?.()
    this.#stopLingering = null
    if (!this.#response.writableEnded) this.#response.end()
  }

  #onClose(): void {
    this.#stopLingering?.()
    this.#stopLingering = null
    if (this.#state !== 'reading') return
    this.#state = 'answered'
    this.#share.release()
    this.#body.drop()
    this.#context.counters.add(this.#signal, 'http', 'aborted', this.#received)
  }
}

function unknownPathMessage(target: string, settings: ReceiverSettings): string {
  const grpc =
    settings.grpc === null ? 'OTLP/gRPC is off' : `OTLP/gRPC is on port ${settings.grpc.port || 'of its own'}`
  return (
    `nothing at ${target}: this port takes OTLP/HTTP, POST /v1/traces, /v1/metrics or /v1/logs; ${grpc}; ` +
    'the dashboard, the API and /metrics have a port of their own (9464 unless configured)'
  )
}
