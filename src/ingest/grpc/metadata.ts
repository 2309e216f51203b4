// The headers of gRPC over HTTP/2 (grpc PROTOCOL-HTTP2.md): grpc-timeout in, grpc-message and status details out.

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/** Milliseconds of a grpc-timeout; Infinity without one, null for one that is not of the protocol's form. */
export function timeoutMs(header: string | string[] | undefined): number | null {
  if (header === undefined) return Number.POSITIVE_INFINITY
  if (typeof header !== 'string' || !/^\d{1,8}[HMSmun]$/.test(header)) return null
  return Number(header.slice(0, -1)) * UNIT_MS[header.slice(-1)]
}

/** Whether a Content-Type is gRPC with protobuf messages. */
export function isGrpcProtobuf(contentType: string | undefined): boolean {
  return contentType === 'application/grpc' || /^application\/grpc(\+proto)?\s*(;|$)/i.test(contentType ?? '')
}

/** Clients bound their headers (8 KiB is usual); the message goes out twice, and a character may take nine bytes. */
const MAX_MESSAGE_LENGTH = 300

/** A status message cut to what a header may carry. */
export function shortMessage(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 1).toWellFormed()}…`
}

/** The percent-encoding of grpc-message: everything but printable ASCII, and the percent sign. */
export function percentEncoded(message: string): string {
  return message.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent)
}

/** A binary header's value: base64 without padding. */
export function binaryHeader(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64').replace(/=+$/, '')
}
