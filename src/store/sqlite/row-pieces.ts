// How rows cross from one thread to the other: packed into pieces of about a megabyte, so that each crosses without being copied
// by the runtime and no piece holds the event loop for long.
import type { PartialRow, WriterRow } from '../port.ts'

const PIECE_BYTES = 1 << 20
const PIECE_ROWS = 1024

/** Some rows, column by column; their bytes lie one after the other in `bytes`. */
export interface RowPiece {
  /** '' where all rows are of one writer that both sides know. */
  readonly writers: readonly string[]
  readonly variants: readonly string[]
  readonly segmentKeys: readonly string[]
  readonly slices: readonly number[]
  readonly newestSeconds: readonly number[]
  readonly lengths: readonly number[]
  /** Owns its buffer, which may be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Packs lazily: a piece is made when it is asked for. The bytes are copied. */
export function* packRows(rows: Iterable<PartialRow & { readonly writer?: string }>): Generator<RowPiece> {
  let held: (PartialRow & { readonly writer?: string })[] = []
  let size = 0
  for (const row of rows) {
    held.push(row)
    size += row.bytes.length
    if (size < PIECE_BYTES && held.length < PIECE_ROWS) continue
    yield pack(held, size)
    held = []
    size = 0
  }
  if (held.length > 0) yield pack(held, size)
}

/** The rows of a piece; their bytes are views of its bytes. */
export function* unpackRows(piece: RowPiece): Generator<WriterRow> {
  const { writers, variants, segmentKeys, slices, newestSeconds, lengths, bytes } = piece
  let at = 0
  for (let index = 0; index < lengths.length; index++) {
    const end = at + lengths[index]
    yield {
      writer: writers[index],
      variant: variants[index],
      segmentKey: segmentKeys[index],
      slice: slices[index],
      newestSecond: newestSeconds[index],
      bytes: bytes.subarray(at, end),
    }
    at = end
  }
}

function pack(rows: readonly (PartialRow & { readonly writer?: string })[], size: number): RowPiece {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const row of rows) {
    bytes.set(row.bytes, at)
    at += row.bytes.length
  }
  return {
    writers: rows.map(({ writer }) => writer ?? ''),
    variants: rows.map(({ variant }) => variant),
    segmentKeys: rows.map(({ segmentKey }) => segmentKey),
    slices: rows.map(({ slice }) => slice),
    newestSeconds: rows.map(({ newestSecond }) => newestSecond),
    lengths: rows.map((row) => row.bytes.length),
    bytes,
  }
}
