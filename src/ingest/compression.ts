// The content encodings we take, and their undoing within a bound. Synchronous on purpose: for bodies of this size the
// thread pool costs more than it gives (35 % more CPU at 50 KB).
import {
  constants,
  gunzipSync,
  type InputType,
  inflateSync,
  type ZlibOptions,
  type ZstdOptions,
  zstdDecompressSync,
} from 'node:zlib'

export type Codec = 'identity' | 'gzip' | 'deflate' | 'zstd'

/** As an Accept-Encoding or grpc-accept-encoding header tells it. */
export const ACCEPTED_CODECS = 'gzip, deflate, zstd, identity'

const CODECS: ReadonlyMap<string, Codec> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zstd', 'zstd'],
])

/** The codec of a Content-Encoding or grpc-encoding header; null for one we do not know, or several. */
export function codecOf(header: string | undefined): Codec | null {
  return CODECS.get((header ?? '').trim().toLowerCase()) ?? null
}

/** Decompressed bytes, or why there are none. The bytes may be a view into a larger buffer. */
export type Decompressed =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'too_large' }

/** The window that RFC 8878 asks every zstd decoder to support, 8 MB; a frame that wants more would take it before its first byte. */
const ZSTD_WINDOW_LOG = 23

/**
 * One output buffer of the expected size saves the zlib loop its pieces and their joining (40 % at 50 KB). Not below Node's
 * own pool, so that no body shares its memory with another.
 */
const MIN_CHUNK = 16 * 1024
const MAX_CHUNK = 4 * 1024 * 1024

/** Undoes `codec`; never makes more than `maxBytes`, whatever the input promises. */
export function decompress(codec: Codec, input: Uint8Array, maxBytes: number): Decompressed {
  try {
    switch (codec) {
      case 'identity':
        return input.byteLength > maxBytes ? { kind: 'too_large' } : { kind: 'bytes', bytes: input }
      case 'gzip':
        return whole(gunzipSync, input, { maxOutputLength: maxBytes, chunkSize: chunkFor(gzipHint(input)) })
      case 'deflate':
        return whole(inflateSync, input, { maxOutputLength: maxBytes, chunkSize: chunkFor(4 * input.byteLength) })
      case 'zstd':
        return zstdFrames(input, maxBytes)
    }
  } catch (error) {
    if (isOverBound(error)) return { kind: 'too_large' }
    return {
      kind: 'broken',
      message: `the ${codec} data are broken: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}

/** What zlib gives with `info: true`, which its types leave out: the engine knows how much of the input was used. */
interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

type Inflate<Options> = (input: InputType, options: Options) => Buffer

function inflated<Options>(inflate: Inflate<Options & { info: true }>, input: Uint8Array, options: Options): Inflated {
  const result: unknown = inflate(input, { ...options, info: true })
  return result as Inflated
}

function whole(inflate: Inflate<ZlibOptions>, input: Uint8Array, options: ZlibOptions): Decompressed {
  const { buffer, engine } = inflated(inflate, input, options)
  // zlib stops at the end of its stream and would let what follows go unnoticed.
  if (engine.bytesWritten < input.byteLength)
    return { kind: 'broken', message: 'bytes follow the end of the compressed data' }
  return { kind: 'bytes', bytes: buffer }
}

/** A zstd body may be several frames (RFC 8878, 3.1); node:zlib reads only the first. */
function zstdFrames(input: Uint8Array, maxBytes: number): Decompressed {
  const pieces: Uint8Array[] = []
  let made = 0
  let rest = input
  do {
    const { buffer, engine } = inflated<ZstdOptions>(zstdDecompressSync, rest, {
      // Zero is no bound to zlib; one byte too many is found below.
      maxOutputLength: Math.max(1, maxBytes - made),
      chunkSize: chunkFor(8 * rest.byteLength),
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
    })
    pieces.push(buffer)
    made += buffer.byteLength
    if (made > maxBytes) return { kind: 'too_large' }
    rest = rest.subarray(engine.bytesWritten)
  } while (rest.byteLength > 0)
  return { kind: 'bytes', bytes: pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, made) }
}

/** The decompressed length modulo 2^32 that ends a gzip member (RFC 1952); the sender's word, good for a buffer size only. */
function gzipHint(input: Uint8Array): number {
  const at = input.byteLength - 4
  if (at < 0) return 0
  return (input[at] | (input[at + 1] << 8) | (input[at + 2] << 16) | (input[at + 3] << 24)) >>> 0
}

function chunkFor(expectedBytes: number): number {
  // One more than expected: a buffer filled to its last byte makes zlib ask for another.
  return Math.min(Math.max(expectedBytes + 1, MIN_CHUNK), MAX_CHUNK)
}

function isOverBound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
