// Looks at the first bytes of a connection before HTTP/2 gets it, so that a client of another protocol is told where to go
// instead of being cut off.
import type { Socket } from 'node:net'

/** What the first bytes begin: HTTP/2, another HTTP, TLS, something else; or null while there are too few to tell. */
export type Protocol = 'http2' | 'http1' | 'tls' | 'unknown'

const HTTP1_METHODS = ['GET', 'POS', 'PUT', 'HEA', 'OPT', 'DEL', 'PAT', 'CON', 'TRA']

export function protocolOf(bytes: Uint8Array): Protocol | null {
  if (bytes.byteLength < 3) return null
  // 22 is the TLS record type of a handshake, 3 the major version.
  if (bytes[0] === 22 && bytes[1] === 3) return 'tls'
  const start = String.fromCharCode(bytes[0], bytes[1], bytes[2])
  if (start === 'PRI') return 'http2'
  return HTTP1_METHODS.includes(start) ? 'http1' : 'unknown'
}

/** Calls `decide` once with the protocol, the bytes back in the socket; not at all when the connection ends before. */
export function readProtocol(socket: Socket, decide: (protocol: Protocol) => void): void {
  let seen: Buffer | null = null
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) return
    seen = seen === null ? chunk : Buffer.concat([seen, chunk])
    const protocol = protocolOf(seen)
    if (protocol === null) return
    socket.removeListener('readable', onReadable)
    socket.unshift(seen)
    decide(protocol)
  }
  socket.on('readable', onReadable)
}
