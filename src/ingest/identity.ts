// How a request that is sent again is recognised: by its bytes as they came over the wire, before decompression.
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ExportRequest, Signal } from '../model/signal.ts'

/** The cryptographic hash covers this many bytes at either end: there sit the ids and times that differ between batches. */
const EDGE_BYTES = 4096

const edges = Buffer.allocUnsafeSlow(2 * EDGE_BYTES)

/**
 * A compact text, equal for two requests of the same signal, encoding and bytes. Different ones get the same text only if
 * length, CRC-32 of the whole and SHA-1 of both ends agree. A whole SHA-1 would cost more than the transport does.
 */
export function requestIdentity(signal: Signal, encoding: ExportRequest['encoding'], bytes: Uint8Array): string {
  const length = bytes.byteLength.toString(36)
  return `${signal[0]}${encoding[0]}${length}.${crc32(bytes).toString(36)}.${hash('sha1', bothEnds(bytes), 'base64url')}`
}

function bothEnds(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength <= 2 * EDGE_BYTES) return bytes
  edges.set(bytes.subarray(0, EDGE_BYTES), 0)
  edges.set(bytes.subarray(bytes.byteLength - EDGE_BYTES), EDGE_BYTES)
  return edges
}
