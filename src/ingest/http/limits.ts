// How much and how long one HTTP client may ask of the receiver. Not settings: no deployment has needed others yet.

export interface HttpLimits {
  readonly maxConnections: number
  readonly maxHeaderBytes: number
  /** From the first byte of a request (or the opening of the connection) to the end of its headers. */
  readonly headersTimeoutMs: number
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number
  /** Longer than the minute after which balancers give up an idle connection, so that they close it and not we. */
  readonly keepAliveTimeoutMs: number
  /** How often the timeouts are looked at. */
  readonly timeoutCheckMs: number
  /** How much of a refused body is read and thrown away, so that its sender gets to see the answer. */
  readonly drainBytes: number
  /** How long that may take. */
  readonly drainMs: number
  /** How long an idle connection stays open at a stop, for a request already on its way. */
  readonly stopGraceMs: number
}

export const HTTP_LIMITS: HttpLimits = {
  maxConnections: 4096,
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  timeoutCheckMs: 2_000,
  drainBytes: 4 * 1024 * 1024,
  drainMs: 2_000,
  stopGraceMs: 100,
}
