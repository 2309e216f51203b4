// The bytes in which one writer tells the units that it saw. Layout, version 1 (numbers are varints unless they are called doubles):
//   byte      version
//   id of the key with which they are hashed, 32 bits; double: the threshold below which they are told, a rung
//   how many; the earliest second (0: none)
//   for each, ascending by hash: hash (the first as it is, the others as the distance to the one before), second as the distance to the earliest
import { ByteReader, ByteWriter, MalformedBytesError } from '../sketch/bytes.ts'
import { isRung } from './thresholds.ts'

const VERSION = 1
const LEAST_UNIT_BYTES = 2
const MOST_KEY_ID = 2 ** 32 - 1

/** The bytes tell no units that this version can read. */
export class UnitBytesError extends Error {
  override readonly name = 'UnitBytesError'
}

/** Units by hash, each with the second at which it was first seen; ascending by hash. */
export interface KnownUnits {
  readonly keyId: number
  readonly threshold: number
  readonly hashes: Float64Array
  readonly seconds: Float64Array
}

export function encodeUnits({ keyId, threshold, hashes, seconds }: KnownUnits): Uint8Array {
  const writer = new ByteWriter()
  let earliest = seconds.length === 0 ? 0 : seconds[0]
  for (let at = 1; at < seconds.length; at++) earliest = Math.min(earliest, seconds[at])
  writer.byte(VERSION)
  writer.varint(keyId)
  writer.double(threshold)
  writer.varint(hashes.length)
  writer.varint(earliest)
  let before = 0
  for (let at = 0; at < hashes.length; at++) {
    writer.varint(hashes[at] - before)
    writer.varint(seconds[at] - earliest)
    before = hashes[at]
  }
  return writer.finish()
}

/** Throws UnitBytesError where the bytes are not whole and valid. */
export function decodeUnits(bytes: Uint8Array): KnownUnits {
  try {
    return readUnits(new ByteReader(bytes))
  } catch (error) {
    if (error instanceof MalformedBytesError) throw new UnitBytesError(`no units: ${error.message}`, { cause: error })
    throw error
  }
}

function readUnits(reader: ByteReader): KnownUnits {
  const version = reader.byte()
  if (version !== VERSION) throw new MalformedBytesError(`version ${version} is unknown`)
  const keyId = reader.varint()
  if (keyId > MOST_KEY_ID) throw new MalformedBytesError('an id of a key that is none')
  const threshold = reader.double()
  if (!isRung(threshold)) throw new MalformedBytesError('a threshold that is none')
  const hashes = new Float64Array(reader.countOf(LEAST_UNIT_BYTES))
  const seconds = new Float64Array(hashes.length)
  const earliest = reader.varint()
  let least = hashes.length === 0 ? 0 : Infinity
  for (let at = 0, hash = 0; at < hashes.length; at++) {
    hashes[at] = hash = nextHash(reader, { before: hash, isFirst: at === 0, threshold })
    seconds[at] = nextSecond(reader, earliest)
    if (seconds[at] < least) least = seconds[at]
  }
  if (earliest !== least) throw new MalformedBytesError('an earliest second that is none')
  reader.end()
  return { keyId, threshold, hashes, seconds }
}

function nextHash(reader: ByteReader, at: { before: number; isFirst: boolean; threshold: number }): number {
  const distance = reader.varint()
  if (distance === 0 && !at.isFirst) throw new MalformedBytesError('a unit twice')
  const hash = at.before + distance
  if (hash >= at.threshold) throw new MalformedBytesError('a hash beyond the threshold')
  return hash
}

function nextSecond(reader: ByteReader, earliest: number): number {
  const second = earliest + reader.varint()
  if (second > Number.MAX_SAFE_INTEGER) throw new MalformedBytesError('a second beyond all time')
  return second
}
