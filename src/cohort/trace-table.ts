// The traces seen lately, by trace id: an open-addressing hash table (linear probing, deletion by shifting back, at most half
// full) over entries in a structure of arrays, which are linked from the longest unseen to the latest seen.
import { NONE } from './interner.ts'

const INITIAL_CAPACITY = 64
const INDEX_FACTOR = 2

/** Bytes that one trace takes, its share of the index included. */
export const TRACE_BYTES = 4 * 4 + 8 + 6 * 4 + INDEX_FACTOR * 4

/** The table. Arrays are read at an entry's number, which stays the same while the entry lives. */
export class TraceTable {
  count = 0
  capacity = INITIAL_CAPACITY
  /** Receipt of the trace's latest span. */
  lastMs = new Float64Array(INITIAL_CAPACITY)
  /** Sequence numbers of the first and last parked span of the trace, or NONE. */
  firstParked = new Int32Array(INITIAL_CAPACITY)
  lastParked = new Int32Array(INITIAL_CAPACITY)
  /** The trace's tags: a chain in TraceTags, or NONE. */
  tags = new Int32Array(INITIAL_CAPACITY)
  /** The entry that was unseen for longest, or NONE. */
  oldest = NONE
  #newest = NONE
  #words = new Uint32Array(INITIAL_CAPACITY * 4)
  #hashes = new Int32Array(INITIAL_CAPACITY)
  /** Neighbours in the order of last sight; `newer` also links the free entries. */
  #older = new Int32Array(INITIAL_CAPACITY)
  #newer = new Int32Array(INITIAL_CAPACITY)
  #index = new Int32Array(INITIAL_CAPACITY * INDEX_FACTOR).fill(NONE)
  #free = NONE
  /** Entries from here on were never used. */
  #unused = 0
  readonly #maxCapacity: number

  /** `maxCapacity` is a power of two. */
  constructor(maxCapacity: number) {
    this.#maxCapacity = Math.max(INITIAL_CAPACITY, maxCapacity)
  }

  get bytes(): number {
    return this.capacity * TRACE_BYTES
  }

  /** The entry of a trace id (four words), or NONE. */
  find(traceId: Uint32Array): number {
    const hash = hashOf(traceId)
    const words = this.#words
    const mask = this.#index.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.#index[at]
      if (entry === NONE) return NONE
      const word = entry * 4
      if (
        this.#hashes[entry] === hash &&
        words[word] === traceId[0] &&
        words[word + 1] === traceId[1] &&
        words[word + 2] === traceId[2] &&
        words[word + 3] === traceId[3]
      ) {
        return entry
      }
    }
  }

  /** Makes room for one more; false when the table is full and may not grow. */
  makeRoom(): boolean {
    if (this.count < this.capacity) return true
    if (this.capacity * 2 > this.#maxCapacity) return false
    this.#grow()
    return true
  }

  /** A fresh entry, the latest seen, for a trace id that is not there. There must be room. */
  insert(traceId: Uint32Array, nowMs: number): number {
    const entry = this.#take()
    const hash = hashOf(traceId)
    this.#words.set(traceId, entry * 4)
    this.#hashes[entry] = hash
    this.lastMs[entry] = nowMs
    this.firstParked[entry] = NONE
    this.lastParked[entry] = NONE
    this.tags[entry] = NONE
    this.#place(entry)
    this.#append(entry)
    this.count++
    return entry
  }

  readId(entry: number, into: Uint32Array): void {
    for (let word = 0; word < 4; word++) into[word] = this.#words[entry * 4 + word]
  }

  /** Makes the entry the latest seen. */
  touch(entry: number, nowMs: number): void {
    this.lastMs[entry] = nowMs
    if (this.#newest === entry) return
    this.#unlink(entry)
    this.#append(entry)
  }

  remove(entry: number): void {
    this.#unlink(entry)
    this.#clearIndex(entry)
    this.#newer[entry] = this.#free
    this.#free = entry
    this.count--
  }

  /** Gives the memory of an empty table back. */
  shrink(): void {
    if (this.count > 0 || this.capacity === INITIAL_CAPACITY) return
    this.#reallocate(INITIAL_CAPACITY, 0)
    this.#free = NONE
    this.#unused = 0
  }

  #take(): number {
    const entry = this.#free
    if (entry === NONE) return this.#unused++
    this.#free = this.#newer[entry]
    return entry
  }

  #append(entry: number): void {
    const newest = this.#newest
    this.#older[entry] = newest
    this.#newer[entry] = NONE
    if (newest === NONE) this.oldest = entry
    else this.#newer[newest] = entry
    this.#newest = entry
  }

  #unlink(entry: number): void {
    const older = this.#older[entry]
    const newer = this.#newer[entry]
    if (older === NONE) this.oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) this.#newest = older
    else this.#older[newer] = older
  }

  #place(entry: number): void {
    const mask = this.#index.length - 1
    let at = this.#hashes[entry] & mask
    while (this.#index[at] !== NONE) at = (at + 1) & mask
    this.#index[at] = entry
  }

  /** Takes an entry out of the index and moves back those behind it that would not be found over the gap. */
  #clearIndex(entry: number): void {
    const index = this.#index
    const mask = index.length - 1
    let gap = this.#hashes[entry] & mask
    while (index[gap] !== entry) gap = (gap + 1) & mask
    for (let at = (gap + 1) & mask; index[at] !== NONE; at = (at + 1) & mask) {
      const home = this.#hashes[index[at]] & mask
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      index[gap] = index[at]
      gap = at
    }
    index[gap] = NONE
  }

  #grow(): void {
    this.#reallocate(this.capacity * 2, this.capacity)
    for (let entry = this.oldest; entry !== NONE; entry = this.#newer[entry]) this.#place(entry)
  }

  /** New arrays with the first `keep` entries of the old ones and an empty index. */
  #reallocate(capacity: number, keep: number): void {
    const copy = <A extends Float64Array | Int32Array | Uint32Array>(old: A, fresh: A, width = 1): A => {
      fresh.set(old.subarray(0, keep * width))
      return fresh
    }
    this.lastMs = copy(this.lastMs, new Float64Array(capacity))
    this.firstParked = copy(this.firstParked, new Int32Array(capacity))
    this.lastParked = copy(this.lastParked, new Int32Array(capacity))
    this.tags = copy(this.tags, new Int32Array(capacity))
    this.#words = copy(this.#words, new Uint32Array(capacity * 4), 4)
    this.#hashes = copy(this.#hashes, new Int32Array(capacity))
    this.#older = copy(this.#older, new Int32Array(capacity))
    this.#newer = copy(this.#newer, new Int32Array(capacity))
    this.#index = new Int32Array(capacity * INDEX_FACTOR).fill(NONE)
    this.capacity = capacity
  }
}

/** Trace ids are not always random (some count up, some are 64 bits wide), so all words are mixed. */
function hashOf(traceId: Uint32Array): number {
  let hash = Math.imul(traceId[0], 0x9e3779b1) ^ Math.imul(traceId[1], 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ traceId[2]
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d) ^ traceId[3]
  hash = Math.imul(hash ^ (hash >>> 15), 0x297a2d39)
  return hash ^ (hash >>> 15)
}
