// The units that one writer saw in one cohort, each with its earliest second: by the minute in which it was counted while that may still change, and
// of all older ones folded together, as the writer's partials are.
import { sortValues } from '../sketch/sort.ts'
import { decodeUnits, encodeUnits, type KnownUnits } from './unit-codec.ts'
import { HASH_RANGE } from './unit-hasher.ts'

const NOTHING = new Float64Array(0)

type SortedUnits = Pick<KnownUnits, 'hashes' | 'seconds'>

export class UnitSet {
  readonly #keyId: number
  #threshold = HASH_RANGE
  readonly #minutes = new Map<number, Map<number, number>>()
  /** Ascending by hash. */
  #hashes: Float64Array = NOTHING
  #seconds: Float64Array = NOTHING

  constructor(keyId: number) {
    this.#keyId = keyId
  }

  /** Units that are told, those of several minutes as often. */
  get size(): number {
    let size = this.#hashes.length
    for (const units of this.#minutes.values()) size += units.size
    return size
  }

  /** Notes a unit seen at `second`, in what was counted in the minute; false where that is no news. */
  add(hash: number, second: number, minute: number): boolean {
    if (hash >= this.#threshold || this.#knows(hash, second)) return false
    let units = this.#minutes.get(minute)
    if (units === undefined) this.#minutes.set(minute, (units = new Map()))
    units.set(hash, second)
    return true
  }

  /** Lets go of units from this hash on: they have left the sample. `threshold`: a rung. */
  prune(threshold: number): void {
    if (threshold >= this.#threshold) return
    this.#threshold = threshold
    for (const units of this.#minutes.values())
      for (const hash of units.keys()) if (hash >= threshold) units.delete(hash)
    const kept = this.#firstFrom(threshold)
    this.#hashes = this.#hashes.slice(0, kept)
    this.#seconds = this.#seconds.slice(0, kept)
  }

  /** Null: nothing. Where all units of the minute have left the sample, it tells the threshold alone. Two calls with nothing noted in between give the same bytes. */
  encodeMinute(minute: number): Uint8Array | null {
    const units = this.#minutes.get(minute)
    if (units === undefined) return null
    return this.#encode(ascending(units))
  }

  /** Null: there is nothing to tell. */
  encodeHistory(): Uint8Array | null {
    const isEmpty = this.#hashes.length === 0 && this.#threshold === HASH_RANGE
    return isEmpty ? null : this.#encode({ hashes: this.#hashes, seconds: this.#seconds })
  }

  /** Whether anything is told of the minute. */
  has(minute: number): boolean {
    return this.#minutes.has(minute)
  }

  /** Moves minutes into the history. */
  fold(minutes: Iterable<number>): void {
    for (const minute of minutes) {
      const units = this.#minutes.get(minute)
      if (units === undefined) continue
      this.#minutes.delete(minute)
      this.#merge(ascending(units))
    }
  }

  /** Adds what another writer told to the history. Throws UnitBytesError, and adds nothing, where the bytes tell no units. */
  mergeIntoHistory(bytes: Uint8Array): void {
    const known = decodeUnits(bytes)
    this.prune(known.threshold)
    this.#mergeKnown(known)
  }

  /** Takes back what encodeMinute() or (`minute` null) encodeHistory() gave. Throws as mergeIntoHistory(). */
  restore(minute: number | null, bytes: Uint8Array): void {
    if (minute === null) {
      this.mergeIntoHistory(bytes)
      return
    }
    const { threshold, hashes, seconds } = decodeUnits(bytes)
    this.prune(threshold)
    for (let at = 0; at < hashes.length; at++) this.add(hashes[at], seconds[at], minute)
  }

  #encode(units: SortedUnits): Uint8Array {
    return encodeUnits({ keyId: this.#keyId, threshold: this.#threshold, ...units })
  }

  /** Whether the unit is known from this second or an earlier one. */
  #knows(hash: number, second: number): boolean {
    for (const units of this.#minutes.values()) if ((units.get(hash) ?? Infinity) <= second) return true
    const at = this.#firstFrom(hash)
    return this.#hashes[at] === hash && this.#seconds[at] <= second
  }

  /** The first place in the history whose hash is not below this one. */
  #firstFrom(hash: number): number {
    let low = 0
    let high = this.#hashes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#hashes[middle] < hash) low = middle + 1
      else high = middle
    }
    return low
  }

  #mergeKnown({ hashes, seconds }: KnownUnits): void {
    let count = hashes.length
    while (count > 0 && hashes[count - 1] >= this.#threshold) count--
    this.#merge({ hashes: hashes.subarray(0, count), seconds: seconds.subarray(0, count) })
  }

  /** Both ascending; of two seconds of one unit the earlier one stays. */
  #merge({ hashes, seconds }: SortedUnits): void {
    const mergedHashes = new Float64Array(this.#hashes.length + hashes.length)
    const mergedSeconds = new Float64Array(mergedHashes.length)
    let size = 0
    for (let mine = 0, other = 0; mine < this.#hashes.length || other < hashes.length; size++) {
      const isMine = other >= hashes.length || this.#hashes[mine] <= hashes[other]
      const isBoth = isMine && this.#hashes[mine] === hashes[other]
      mergedHashes[size] = isMine ? this.#hashes[mine] : hashes[other]
      const second = isMine ? this.#seconds[mine] : seconds[other]
      mergedSeconds[size] = isBoth ? Math.min(second, seconds[other]) : second
      if (isMine) mine++
      if (isBoth || !isMine) other++
    }
    this.#hashes = mergedHashes.slice(0, size)
    this.#seconds = mergedSeconds.slice(0, size)
  }
}

function ascending(units: ReadonlyMap<number, number>): SortedUnits {
  const hashes = new Float64Array(units.size)
  const seconds = new Float64Array(units.size)
  let count = 0
  units.forEach((second, hash) => {
    hashes[count] = hash
    seconds[count++] = second
  })
  sortValues(hashes, seconds, count)
  return { hashes, seconds }
}
