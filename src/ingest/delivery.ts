// The way of a request from its last byte to the sink, the same for both transports: recognise, decompress, count.
import type { ExportOutcome, ExportRequest, Signal, TelemetrySink, Transport } from '../model/signal.ts'
import { GRPC_CODES, refusalOfOutcome } from '../otlp/status.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Share } from './admission.ts'
import { type Codec, decompress } from './compression.ts'
import { requestIdentity } from './identity.ts'
import type { ReceiverLog } from './receiver.ts'
import { ledgerReason, OVERLOADED, type RequestRefusal, refuse, tooLarge } from './refusal.ts'

/** A request that has arrived whole. */
export interface ArrivedRequest {
  readonly signal: Signal
  readonly transport: Transport
  readonly encoding: ExportRequest['encoding']
  readonly codec: Codec
  /** As received. */
  readonly wire: Uint8Array
  /** Holds the wire bytes; comes back holding the decompressed ones. */
  readonly share: Share
}

/** What the sender is to be told. */
export type Delivered =
  | { readonly kind: 'accepted'; readonly refused: number; readonly message: string }
  | { readonly kind: 'refused'; readonly refusal: RequestRefusal }

/** An empty request is a success without a look at it (OTLP 1.11), in JSON too. */
const NOTHING_TO_COUNT: Delivered = { kind: 'accepted', refused: 0, message: '' }

export class Delivery {
  readonly #sink: TelemetrySink
  readonly #clock: Clock
  readonly #maxRequestBytes: number
  readonly #log: ReceiverLog | undefined

  constructor(options: {
    readonly sink: TelemetrySink
    readonly clock: Clock
    readonly maxRequestBytes: number
    readonly log: ReceiverLog | undefined
  }) {
    this.#sink = options.sink
    this.#clock = options.clock
    this.#maxRequestBytes = options.maxRequestBytes
    this.#log = options.log
  }

  /** Gives a request to the sink. Synchronous when the sink is; never throws or rejects: a failing sink is an `internal` refusal. */
  deliver(request: ArrivedRequest): Delivered | Promise<Delivered> {
    const receivedMs = this.#clock.now()
    const { signal, transport, encoding, codec, wire, share } = request
    if (wire.byteLength === 0) return NOTHING_TO_COUNT
    const plain = decompress(codec, wire, this.#maxRequestBytes)
    // gRPC asks for INTERNAL where data in a supported compression cannot be decompressed (statuscodes.md).
    if (plain.kind === 'broken') return this.#refused(request, refuse('malformed', plain.message, GRPC_CODES.INTERNAL))
    if (plain.kind === 'too_large') return this.#refused(request, tooLarge(null, this.#maxRequestBytes))
    if (plain.bytes.byteLength === 0) return NOTHING_TO_COUNT
    if (!share.resize(plain.bytes.byteLength)) return this.#refused(request, OVERLOADED)
    const identity = requestIdentity(signal, encoding, wire)
    try {
      const outcome = this.#sink.consume({ signal, transport, encoding, body: plain.bytes, identity }, receivedMs)
      if (!(outcome instanceof Promise)) return told(outcome)
      return outcome.then(told, (error: unknown) => this.#failed(error))
    } catch (error) {
      return this.#failed(error)
    }
  }

  /** Puts into the ledger a request of a known signal that is turned away before delivery. */
  note(signal: Signal, transport: Transport, refusal: RequestRefusal): void {
    const reason = ledgerReason(refusal)
    if (reason !== null) this.#sink.refuse(signal, transport, reason)
  }

  #refused(request: ArrivedRequest, refusal: RequestRefusal): Delivered {
    this.note(request.signal, request.transport, refusal)
    return { kind: 'refused', refusal }
  }

  #failed(error: unknown): Delivered {
    this.#log?.warn({ err: error }, 'a request could not be counted for a fault of the daemon')
    return { kind: 'refused', refusal: refuse('internal', 'cohortd failed to count the request; see its log') }
  }
}

/** The sink has put its own refusals into the ledger. */
function told(outcome: ExportOutcome): Delivered {
  if (outcome.kind === 'accepted') return outcome
  const retryAfterSeconds = outcome.kind === 'unavailable' ? outcome.retryAfterSeconds : null
  const kind = refusalOfOutcome(outcome) ?? 'internal'
  return { kind: 'refused', refusal: { kind, message: outcome.message, retryAfterSeconds, grpcCode: null } }
}
