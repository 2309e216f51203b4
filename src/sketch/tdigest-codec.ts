// The bytes of a t-digest. Layout, version 1:
//   varint   2 * centroids + (1 when weights are doubles, 0 when they are varints)
//   then for each centroid, ascending:
//     double   mean
//     varint   2 * weight + (1 when the centroid is spread, 0 when it is an atom), if all weights are whole
//     double   weight, negative when the centroid is spread, otherwise
// About 1.2 KB for the 120 or so centroids of a large digest; 9 bytes a value for a small one. Nothing follows, nothing is
// aligned; the version stands at the head of the partial that holds it.
import { type ByteReader, type ByteWriter, MalformedBytesError } from './bytes.ts'
import { TDigest } from './tdigest.ts'

/** Appends the digest at its stored compression; the digest stays as it is. */
export function writeDigest(writer: ByteWriter, digest: TDigest): void {
  const cells = digest.stored()
  const whole = hasWholeWeights(cells)
  writer.varint(cells.length + (whole ? 0 : 1))
  let before = 0
  for (let i = 0; i < cells.length; i += 2) {
    const spread = cells[i + 1] < 0
    const upTo = Math.abs(cells[i + 1])
    writer.double(cells[i])
    if (whole) writer.varint(2 * (upTo - before) + (spread ? 1 : 0))
    else writer.double(spread ? before - upTo : upTo - before)
    before = upTo
  }
}

// The low bit of a weight's varint says whether it is spread, so weights have one bit less.
const LARGEST_WHOLE = 2 ** 51

function hasWholeWeights(cells: Float64Array): boolean {
  for (let i = 1; i < cells.length; i += 2) if (!Number.isInteger(cells[i])) return false
  return cells.length === 0 || Math.abs(cells[cells.length - 1]) <= LARGEST_WHOLE
}

/** Reads a digest where the reader stands. Throws MalformedBytesError where no digest is there. */
export function readDigest(reader: ByteReader): TDigest {
  const head = reader.varint()
  const size = Math.floor(head / 2)
  if (size * 9 > reader.remaining) throw new MalformedBytesError('a digest is longer than its bytes')
  const cells = new Float64Array(2 * size)
  let before = 0
  for (let i = 0; i < cells.length; i += 2) {
    const mean = reader.double()
    if (mean - mean !== 0) throw new MalformedBytesError('a centroid is not finite')
    if (i > 0 && mean <= cells[i - 2]) throw new MalformedBytesError('centroids are not in order')
    const signed = head % 2 === 0 ? wholeWeight(reader.varint()) : reader.double()
    const weight = Math.abs(signed)
    if (!(weight > 0 && before + weight < Infinity)) throw new MalformedBytesError('a weight is not above 0')
    before += weight
    cells[i] = mean
    cells[i + 1] = signed < 0 ? -before : before
  }
  const digest = new TDigest()
  digest.mergeCentroids({ cells, size }, head % 2 === 0)
  return digest
}

function wholeWeight(coded: number): number {
  return coded % 2 === 0 ? coded / 2 : -(coded - 1) / 2
}
