// A request turned away, in terms both transports share, and its place in the ledger of items.
// The ledger (TelemetrySink.refuse) notes what is lost for good or put off under overload, one item a request, since nobody
// looked inside: broken, oversized or unreadable data as `malformed`, overload as `overload`. It does not note what was no
// whole export request (unknown path or method, a signal not taken, a body that never arrived), nor what a stopping
// daemon or a passed deadline sends back untouched: the sender brings that again. RequestCounters know all of them.

import type { Refusal } from '../model/signal.ts'
import type { StatusContent } from '../otlp/responses.ts'
import { grpcCodeOf, isRetryable, type RefusalKind } from '../otlp/status.ts'

/** Why a request is not taken, for its sender. */
export interface RequestRefusal {
  readonly kind: RefusalKind
  readonly message: string
  /** When to come again; null where that is of no use or left to the sender. */
  readonly retryAfterSeconds: number | null
  /** Where gRPC's own rules ask for another code than the kind's. */
  readonly grpcCode: number | null
}

const LEDGER_REASON: Readonly<Record<RefusalKind, Refusal | null>> = {
  malformed: 'malformed',
  too_large: 'malformed',
  unsupported_media: 'malformed',
  unsupported_encoding: 'malformed',
  unauthorized: 'unauthorized',
  overload: 'overload',
  wrong_method: null,
  unknown_path: null,
  signal_not_active: null,
  shutting_down: null,
  timeout: null,
  internal: null,
}

/** How the ledger of items names the refusal; null: it does not. */
export function ledgerReason(refusal: RequestRefusal): Refusal | null {
  return LEDGER_REASON[refusal.kind]
}

export function refuse(kind: RefusalKind, message: string, grpcCode: number | null = null): RequestRefusal {
  return { kind, message, retryAfterSeconds: null, grpcCode }
}

export const OVERLOADED: RequestRefusal = {
  kind: 'overload',
  message: 'too many bytes are being taken in at this moment; send the same request again later',
  retryAfterSeconds: 1,
  grpcCode: null,
}

export const SHUTTING_DOWN: RequestRefusal = {
  kind: 'shutting_down',
  message: 'this cohortd is shutting down; nothing of the request was counted, send it again',
  retryAfterSeconds: 1,
  grpcCode: null,
}

export function tooLarge(bytes: number | null, maxBytes: number): RequestRefusal {
  const size = bytes === null ? 'the request' : `the request (${bytes} bytes)`
  return refuse(
    'too_large',
    `${size} is larger than the ${maxBytes} bytes taken, before or after decompression; send smaller batches`,
  )
}

/** The google.rpc.Status of a refusal; `code` is the kind's unless given. */
export function statusOf({ kind, message, retryAfterSeconds }: RequestRefusal, code = grpcCodeOf(kind)): StatusContent {
  return {
    code,
    message,
    ...(retryAfterSeconds !== null && isRetryable(kind) ? { retryAfterSeconds } : {}),
    ...(kind === 'malformed' ? { badRequest: { field: 'body', description: message } } : {}),
  }
}
