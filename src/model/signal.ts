// What arrives and what becomes of it: the contract between the receivers and whoever counts.

export const SIGNALS = ['traces', 'metrics', 'logs'] as const
/** An OTLP signal; its item is a span, a data point or a log record. */
export type Signal = (typeof SIGNALS)[number]

export const TRANSPORTS = ['grpc', 'http', 'replay'] as const
/** How a request reached us. */
export type Transport = (typeof TRANSPORTS)[number]

export const REFUSALS = ['malformed', 'late', 'future', 'overload', 'unauthorized', 'limit'] as const
/** Why an item was not counted. */
export type Refusal = (typeof REFUSALS)[number]

/** One export request after decompression. */
export interface ExportRequest {
  readonly signal: Signal
  readonly transport: Transport
  readonly encoding: 'protobuf' | 'json'
  readonly body: Uint8Array
  /** Equal for two requests that are the same byte for byte; a retry is recognised by it. */
  readonly identity: string
}

/** What the sender is told. Wire statuses are made of it in otlp/status.ts alone. */
export type ExportOutcome =
  /** Taken; `refused` of its items were not counted, `message` says why (empty when there is nothing to say). */
  | { readonly kind: 'accepted'; readonly refused: number; readonly message: string }
  /** The bytes are no such request; nothing of it was counted. Sending it again is of no use. */
  | { readonly kind: 'malformed'; readonly message: string }
  /** Not now: nothing of it was counted, the same request may be sent again after the delay. */
  | { readonly kind: 'unavailable'; readonly message: string; readonly retryAfterSeconds: number }

/** Takes export requests; implemented by the daemon, called by the receivers. */
export interface TelemetrySink {
  /** False when this version or configuration does not take the signal at all. */
  accepts(signal: Signal): boolean
  /** Counts a request, or refuses it whole. `receivedMs` is the moment its last byte arrived (Unix milliseconds). */
  consume(request: ExportRequest, receivedMs: number): ExportOutcome | Promise<ExportOutcome>
  /** Notes a request that was turned away before it was decoded; it counts as one item, since nobody looked inside. */
  refuse(signal: Signal, transport: Transport, reason: Refusal): void
}
