// Ids of units (users, sessions) as keyed hashes: nothing else of them is ever held. Whoever has the hashes and not the key cannot try ids out.
import { hash } from 'node:crypto'

/** Hashes are whole numbers below this: as many bits as a double holds with one to spare. */
export const HASH_RANGE = 2 ** 52

const DIGEST = 'sha256'
const LOW_BITS = 16

/** Hashes with one key. */
export class UnitHasher {
  /** Names the key without telling it: 32 bits. */
  readonly keyId: number
  /** Of fixed length, so that no key and id can be read as another pair. */
  readonly #prefix: string

  constructor(key: string) {
    this.#prefix = hash(DIGEST, `unit\0${key}`, 'hex')
    this.keyId = hash(DIGEST, `name\0${key}`, 'buffer').readUInt32BE(0)
  }

  /** A whole number in [0, HASH_RANGE), evenly spread. */
  hash(id: string): number {
    const digest = hash(DIGEST, this.#prefix + id, 'buffer')
    return digest.readUIntBE(0, 6) * LOW_BITS + (digest[6] >>> 4)
  }
}
