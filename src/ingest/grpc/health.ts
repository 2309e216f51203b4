// grpc.health.v1.Health/Check, as far as its two one-field messages: whether this receiver takes requests.

export type ServingStatus = 'serving' | 'not_serving'

/** The protocol's answer for a service nobody knows: gRPC status NOT_FOUND (health.proto). */
export const UNKNOWN_SERVICE_CODE = 5

const SERVING_STATUS: Readonly<Record<ServingStatus, number>> = { serving: 1, not_serving: 2 }

/** Largest HealthCheckRequest worth reading. */
export const MAX_HEALTH_REQUEST_BYTES = 1024

/** The `service` of a HealthCheckRequest ("" means the server as a whole); null for bytes that are no such message. */
export function decodeHealthRequest(message: Uint8Array): string | null {
  if (message.byteLength === 0) return ''
  // Field 1, length-delimited, with a length below 128: every service name we know fits.
  const [tag, length] = message
  if (tag !== 0x0a || length >= 128 || message.byteLength !== 2 + length) return null
  return new TextDecoder().decode(message.subarray(2))
}

export function encodeHealthResponse(status: ServingStatus): Uint8Array {
  return Uint8Array.of(0x08, SERVING_STATUS[status])
}
