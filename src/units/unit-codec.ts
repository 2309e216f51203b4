// The bytes in which one writer tells the units that it saw. Layout, version 1 (numbers are varints unless they are called doubles):
//   byte      version
//   id of the key with which they are hashed; double: the threshold below which they are told
//   how many; the earliest second
//   for each, ascending by hash: hash (the first as it is, the others as the distance to the one before), second as the distance to the earliest
import { ByteReader, ByteWriter, MalformedBytesError } from '../sketch/bytes.ts'
import { HASH_RANGE } from './unit-hasher.ts'

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
  const earliest = seconds.reduce((least, second) => Math.min(least, second), Infinity)
  writer.byte(VERSION)
  writer.varint(keyId)
  writer.double(threshold)
  writer.varint(hashes.length)
  writer.varint(hashes.length === 0 ? 0 : earliest)
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
  if (!(threshold > 0 && threshold <= HASH_RANGE)) throw new MalformedBytesError('a threshold that is none')
  const count = reader.countOf(LEAST_UNIT_BYTES)
  const earliest = reader.varint()
  const hashes = new Float64Array(count)
  const seconds = new Float64Array(count)
  for (let at = 0, hash = 0; at < count; at++) {
    const distance = reader.varint()
    if (distance === 0 && at > 0) throw new MalformedBytesError('a unit twice')
    hash += distance
    if (hash >= threshold) throw new MalformedBytesError('a hash beyond the threshold')
    hashes[at] = hash
    seconds[at] = earliest + reader.varint()
    if (seconds[at] > Number.MAX_SAFE_INTEGER) throw new MalformedBytesError('a second beyond all time')
  }
  reader.end()
  return { keyId, threshold, hashes, seconds }
}
