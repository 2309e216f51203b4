// Bodies of OTLP answers in both encodings: Export*ServiceResponse and google.rpc.Status. Hides field numbers and
// names.
import type { Signal } from '../model/signal.ts'
import { ProtobufWriter } from './writer.ts'

/** The two encodings of OTLP; an answer has that of its request. */
export type Encoding = 'protobuf' | 'json'

/** Longest message told to a sender, in UTF-16 units: far below the 4 MiB that a client must read. */
export const MAX_MESSAGE_LENGTH = 1024

/** What a refused sender is told. */
export interface StatusContent {
  /** A google.rpc.Code. */
  readonly code: number
  readonly message: string
  /** Adds google.rpc.RetryInfo; to be given for retryable refusals only. */
  readonly retryAfterSeconds?: number
  /** Adds google.rpc.BadRequest with one violation. */
  readonly badRequest?: { readonly field: string; readonly description: string }
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest'

const REJECTED_FIELD: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
}

/**
 * The body of an Export<Signal>ServiceResponse. Full success is the empty message (0 bytes, `{}`); `partial_success` is
 * set only where items were refused or there is a warning to tell. The message is cut to MAX_MESSAGE_LENGTH.
 */
export function encodeExportResponse(
  signal: Signal,
  encoding: Encoding,
  result: { readonly refused: number; readonly message: string },
): Uint8Array {
  const { refused } = result
  const message = bounded(result.message)
  const partial = refused > 0 || message !== ''
  if (encoding === 'json') {
    if (!partial) return Buffer.from('{}')
    // 64-bit integers are strings in OTLP/JSON.
    const rejected = refused > 0 ? { [REJECTED_FIELD[signal]]: String(refused) } : {}
    return json({ partialSuccess: { ...rejected, errorMessage: message } })
  }
  const writer = new ProtobufWriter()
  if (partial)
    writer.message(1, (success) => {
      if (refused > 0) success.integer(1, refused)
      if (message !== '') success.string(2, message)
    })
  return writer.finish()
}

/**
 * A google.rpc.Status: the body of every HTTP 4xx and 5xx, and (as protobuf) the value of gRPC's
 * grpc-status-details-bin.
 */
export function encodeStatus(encoding: Encoding, content: StatusContent): Uint8Array {
  return encoding === 'json' ? statusJson(content) : statusProtobuf(content)
}

function statusProtobuf({ code, message, retryAfterSeconds, badRequest }: StatusContent): Uint8Array {
  const status = new ProtobufWriter().integer(1, code).string(2, bounded(message))
  if (retryAfterSeconds !== undefined) {
    const { seconds, millis } = split(retryAfterSeconds)
    addDetail(status, RETRY_INFO, (info) =>
      info.message(1, (delay) => {
        if (seconds > 0) delay.integer(1, seconds)
        if (millis > 0) delay.integer(2, millis * 1_000_000)
      }),
    )
  }
  if (badRequest !== undefined) {
    addDetail(status, BAD_REQUEST, (detail) =>
      detail.message(1, (violation) =>
        violation.string(1, bounded(badRequest.field)).string(2, bounded(badRequest.description)),
      ),
    )
  }
  return status.finish()
}

/** Packs a message into a google.protobuf.Any of Status.details. */
function addDetail(status: ProtobufWriter, type: string, write: (detail: ProtobufWriter) => void): void {
  status.message(3, (any) => any.string(1, type).message(2, write))
}

function statusJson({ code, message, retryAfterSeconds, badRequest }: StatusContent): Uint8Array {
  const details: object[] = []
  if (retryAfterSeconds !== undefined) {
    const { seconds, millis } = split(retryAfterSeconds)
    const fraction = millis === 0 ? '' : `.${String(millis).padStart(3, '0')}`
    details.push({ '@type': RETRY_INFO, retryDelay: `${seconds}${fraction}s` })
  }
  if (badRequest !== undefined) {
    const violation = { field: bounded(badRequest.field), description: bounded(badRequest.description) }
    details.push({ '@type': BAD_REQUEST, fieldViolations: [violation] })
  }
  return json({ code, message: bounded(message), ...(details.length > 0 ? { details } : {}) })
}

/** A delay as google.protobuf.Duration wants it, to the millisecond; never negative. */
function split(delaySeconds: number): { seconds: number; millis: number } {
  const total = Math.max(0, Math.round(delaySeconds * 1000))
  return { seconds: Math.floor(total / 1000), millis: total % 1000 }
}

function bounded(message: string): string {
  // toWellFormed: the cut may go through a surrogate pair.
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 1).toWellFormed()}…`
}

function json(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}
