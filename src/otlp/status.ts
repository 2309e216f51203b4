// Every refusal's wire status in one place: kind -> gRPC code and HTTP status. Nobody else writes these numbers.
// Sources: OTLP 1.11 (docs/specification.md, "Failures" of gRPC and HTTP), gRPC's statuscodes.md and compression.md.
import type { ExportOutcome } from '../model/signal.ts'

/** Why a request is turned away, in the words of the receivers. */
export type RefusalKind =
  | 'malformed'
  | 'too_large'
  | 'unsupported_media'
  | 'unsupported_encoding'
  | 'wrong_method'
  | 'unknown_path'
  | 'signal_not_active'
  | 'unauthorized'
  | 'overload'
  | 'shutting_down'
  | 'timeout'
  | 'internal'

/** The codes of google.rpc.Code that are in use here. */
export const GRPC_CODES = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const

interface WireStatus {
  readonly grpc: number
  readonly http: number
  /**
   * Whether an OTLP client sends the same request again; follows from the two numbers, by the specification's lists.
   */
  readonly retryable: boolean
}

const { INVALID_ARGUMENT, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED } = GRPC_CODES
const { UNIMPLEMENTED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED } = GRPC_CODES

const WIRE: Readonly<Record<RefusalKind, WireStatus>> = {
  malformed: { grpc: INVALID_ARGUMENT, http: 400, retryable: false },
  // RESOURCE_EXHAUSTED is final only as long as no RetryInfo goes with it.
  too_large: { grpc: RESOURCE_EXHAUSTED, http: 413, retryable: false },
  unsupported_media: { grpc: INVALID_ARGUMENT, http: 415, retryable: false },
  unsupported_encoding: { grpc: UNIMPLEMENTED, http: 415, retryable: false },
  wrong_method: { grpc: UNIMPLEMENTED, http: 405, retryable: false },
  unknown_path: { grpc: UNIMPLEMENTED, http: 404, retryable: false },
  signal_not_active: { grpc: UNIMPLEMENTED, http: 404, retryable: false },
  unauthorized: { grpc: UNAUTHENTICATED, http: 401, retryable: false },
  overload: { grpc: UNAVAILABLE, http: 503, retryable: true },
  shutting_down: { grpc: UNAVAILABLE, http: 503, retryable: true },
  // Not 408: an OTLP client must not retry it, and a slow line is no reason to lose data.
  timeout: { grpc: DEADLINE_EXCEEDED, http: 503, retryable: true },
  internal: { grpc: INTERNAL, http: 500, retryable: false },
}

/** The HTTP status of a refusal. */
export function httpStatusOf(kind: RefusalKind): number {
  return WIRE[kind].http
}

/** The gRPC status code of a refusal; also `code` in the google.rpc.Status body of an HTTP answer. */
export function grpcCodeOf(kind: RefusalKind): number {
  return WIRE[kind].grpc
}

/**
 * Whether the sender will send the same request again: then, and only then, a delay (RetryInfo, Retry-After) may be
 * told.
 */
export function isRetryable(kind: RefusalKind): boolean {
  return WIRE[kind].retryable
}

/**
 * The refusal that an outcome amounts to; null when the request was taken, if only in part (that is a success on the
 * wire).
 */
export function refusalOfOutcome(outcome: ExportOutcome): RefusalKind | null {
  switch (outcome.kind) {
    case 'accepted':
      return null
    case 'malformed':
      return 'malformed'
    case 'unavailable':
      return 'overload'
  }
}
