// How much and how long one HTTP/2 client may ask of the receiver. Not settings: no deployment has needed others yet.

export interface GrpcLimits {
  readonly maxConnections: number
  readonly maxConcurrentStreams: number
  readonly maxHeaderBytes: number
  /** Flow-control window of a stream, and of a connection: how much may be under way; the default 64 KB is one round trip's worth. */
  readonly windowBytes: number
  /** From the opening of the connection to its first bytes. */
  readonly prefaceTimeoutMs: number
  /** From the headers of a request to its last byte. */
  readonly requestTimeoutMs: number
  /** A connection without a request for so long is told to go; clients come back by themselves. */
  readonly idleTimeoutMs: number
  /** How often the timeouts are looked at. */
  readonly timeoutCheckMs: number
  /** How long an idle connection stays open at a stop, for a request already on its way. */
  readonly stopGraceMs: number
}

export const GRPC_LIMITS: GrpcLimits = {
  maxConnections: 4096,
  maxConcurrentStreams: 256,
  maxHeaderBytes: 16 * 1024,
  windowBytes: 4 * 1024 * 1024,
  prefaceTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 30 * 60_000,
  timeoutCheckMs: 1_000,
  stopGraceMs: 100,
}
