// A bounded sample of units: those whose hash lies below a threshold, the highest rung of a ladder below which there are not too many. Since hashes
// are spread evenly and say nothing of their unit, the sample is a fair one, and since the rungs are fixed, it is a function of the set of
// units alone: whoever saw what in which order, in how many parts and merged how often, it is the same sample.
import { LEAST_THRESHOLD, rungBelow } from './thresholds.ts'
import { HASH_RANGE } from './unit-hasher.ts'

/** In the place of an entry: the unit is not in the sample. */
export const NO_ENTRY = -1

const INITIAL_CAPACITY = LEAST_THRESHOLD
/** Standard deviations of a 95 % interval. */
const Z = 1.959964
const MASK_BITS = 32

/** What is known of one exposure. */
export interface Sighting {
  /** Which variant, 0 to 63. */
  readonly group: number
  /** Where, 0 to 65,535. */
  readonly place: number
  /** Unix seconds. */
  readonly second: number
}

/** Whether the first of two sightings of the same second comes before the other, for everybody alike. */
export type Precedes = (group: number, place: number, otherGroup: number, otherPlace: number) => boolean

/** An estimate of how many units there are. */
export interface UnitCount {
  readonly units: number
  /** Half-width of the 95 % interval, relative to it; 0: exact. */
  readonly relativeError: number
}

/** Entries are numbered densely; numbers change when the threshold is lowered. */
export class UnitSample {
  /** Entries with more than one group. */
  inSeveralGroups = 0
  #threshold = HASH_RANGE
  #size = 0
  readonly #capacity: number
  readonly #precedes: Precedes
  readonly #byGroup = new Float64Array(2 * MASK_BITS)
  #hashes = new Float64Array(INITIAL_CAPACITY)
  #seconds = new Float64Array(INITIAL_CAPACITY)
  #groups = new Uint8Array(INITIAL_CAPACITY)
  #places = new Uint16Array(INITIAL_CAPACITY)
  /** Two words of bits for each entry: its groups. */
  #masks = new Uint32Array(2 * INITIAL_CAPACITY)
  /** Open addressing: entry + 1 by hash; 0: free. */
  #slots = new Int32Array(2 * INITIAL_CAPACITY)

  constructor(options: { capacity: number; precedes?: Precedes }) {
    this.#capacity = Math.max(options.capacity, INITIAL_CAPACITY)
    this.#precedes =
      options.precedes ??
      ((group, place, other, otherPlace) => group < other || (group === other && place < otherPlace))
  }

  get size(): number {
    return this.#size
  }

  /** Hashes below it are in the sample. */
  get threshold(): number {
    return this.#threshold
  }

  /** Share of all units that are in the sample. */
  get probability(): number {
    return this.#threshold / HASH_RANGE
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    const arrays = [this.#hashes, this.#seconds, this.#groups, this.#places, this.#masks, this.#slots]
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** Notes a sighting; gives the unit's entry, NO_ENTRY where it is outside of the sample. */
  see(hash: number, sighting: Sighting): number {
    if (hash >= this.#threshold) return NO_ENTRY
    const known = this.find(hash)
    if (known !== NO_ENTRY) {
      this.#update(known, sighting)
      return known
    }
    while (this.#size === this.#capacity) {
      this.lowerTo(rungBelow(this.#threshold))
      if (hash >= this.#threshold) return NO_ENTRY
    }
    return this.#insert(hash, sighting)
  }

  find(hash: number): number {
    const mask = this.#slots.length - 1
    for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] - 1
      if (entry < 0) return NO_ENTRY
      if (this.#hashes[entry] === hash) return entry
    }
  }

  /** Of the first sighting. */
  firstGroup(entry: number): number {
    return this.#groups[entry]
  }

  firstPlace(entry: number): number {
    return this.#places[entry]
  }

  firstSecond(entry: number): number {
    return this.#seconds[entry]
  }

  /** Every entry with its unit's hash. */
  forEach(visit: (hash: number, entry: number) => void): void {
    for (let entry = 0; entry < this.#size; entry++) visit(this.#hashes[entry], entry)
  }

  unique(): UnitCount {
    return this.#estimate(this.#size)
  }

  /** Units that were ever seen with the group. */
  uniqueOf(group: number): UnitCount {
    return this.#estimate(this.#byGroup[group])
  }

  /** Lets go of the entries from this hash on, for good. `threshold`: a rung. */
  lowerTo(threshold: number): void {
    if (threshold >= this.#threshold) return
    this.#threshold = threshold
    let kept = 0
    for (let entry = 0; entry < this.#size; entry++) {
      if (this.#hashes[entry] < threshold) this.#move(entry, kept++)
      else this.#countGroups(entry, -1)
    }
    this.#size = kept
    this.#slots.fill(0)
    for (let entry = 0; entry < kept; entry++) this.#link(entry)
  }

  #estimate(count: number): UnitCount {
    const probability = this.probability
    return {
      units: count / probability,
      relativeError: probability === 1 || count === 0 ? 0 : Z * Math.sqrt((1 - probability) / count),
    }
  }

  #update(entry: number, { group, place, second }: Sighting): void {
    this.#addGroup(entry, group)
    const known = this.#seconds[entry]
    if (second > known) return
    if (second === known && !this.#precedes(group, place, this.#groups[entry], this.#places[entry])) return
    this.#seconds[entry] = second
    this.#groups[entry] = group
    this.#places[entry] = place
  }

  #insert(hash: number, { group, place, second }: Sighting): number {
    if (this.#size === this.#hashes.length) this.#grow()
    const entry = this.#size++
    this.#hashes[entry] = hash
    this.#seconds[entry] = second
    this.#groups[entry] = group
    this.#places[entry] = place
    this.#masks[2 * entry] = 0
    this.#masks[2 * entry + 1] = 0
    this.#addGroup(entry, group)
    this.#link(entry)
    return entry
  }

  #addGroup(entry: number, group: number): void {
    const word = 2 * entry + (group >>> 5)
    const bit = 1 << (group & 31)
    if ((this.#masks[word] & bit) !== 0) return
    const before = this.#masks[2 * entry] !== 0 || this.#masks[2 * entry + 1] !== 0 ? this.#groupCount(entry) : 0
    this.#masks[word] |= bit
    this.#byGroup[group]++
    if (before === 1) this.inSeveralGroups++
  }

  #groupCount(entry: number): number {
    return bitsOf(this.#masks[2 * entry]) + bitsOf(this.#masks[2 * entry + 1])
  }

  /** Takes an entry's groups out of the counts. */
  #countGroups(entry: number, change: -1): void {
    if (this.#groupCount(entry) > 1) this.inSeveralGroups += change
    for (let word = 0; word < 2; word++)
      for (let bit = 0; bit < MASK_BITS; bit++)
        if ((this.#masks[2 * entry + word] & (1 << bit)) !== 0) this.#byGroup[word * MASK_BITS + bit] += change
  }

  #move(from: number, to: number): void {
    this.#hashes[to] = this.#hashes[from]
    this.#seconds[to] = this.#seconds[from]
    this.#groups[to] = this.#groups[from]
    this.#places[to] = this.#places[from]
    this.#masks[2 * to] = this.#masks[2 * from]
    this.#masks[2 * to + 1] = this.#masks[2 * from + 1]
  }

  #link(entry: number): void {
    const mask = this.#slots.length - 1
    let slot = slotOf(this.#hashes[entry], mask)
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = entry + 1
  }

  #grow(): void {
    const capacity = Math.min(2 * this.#hashes.length, this.#capacity)
    this.#hashes = grown(this.#hashes, new Float64Array(capacity))
    this.#seconds = grown(this.#seconds, new Float64Array(capacity))
    this.#groups = grown(this.#groups, new Uint8Array(capacity))
    this.#places = grown(this.#places, new Uint16Array(capacity))
    this.#masks = grown(this.#masks, new Uint32Array(2 * capacity))
    let slots = this.#slots.length
    while (slots < 2 * capacity) slots *= 2
    this.#slots = new Int32Array(slots)
    for (let entry = 0; entry < this.#size; entry++) this.#link(entry)
  }
}

/** Hashes are evenly spread: their low bits do. */
function slotOf(hash: number, mask: number): number {
  return (hash % 4_294_967_296) & mask
}

function bitsOf(word: number): number {
  let count = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) count++
  return count
}

function grown<T extends Float64Array | Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}
