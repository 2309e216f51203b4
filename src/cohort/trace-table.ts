// The traces seen lately, by trace id: an open-addressing hash table (linear probing, deletion by shifting back, at most half
// full) over entries that are linked from the longest unseen to the latest seen. All of an entry lies in one place, since a
// look at a trace costs what its cache misses cost; the index repeats the hash, so that probing looks at no other entry:
//
//   entry, in words   0..3 trace id | 4 hash | 5 first parked | 6 last parked | 7 tags | 8 older | 9 newer | 10..11 last sight
//   index, in words   0 entry | 1 hash
import { NONE } from './interner.ts'

const INITIAL_CAPACITY = 64
/** Places in the index for each entry, and words of each. */
const INDEX_FACTOR = 2
const PLACE_WORDS = 2
const ENTRY_WORDS = 12
const HASH = 4
const FIRST_PARKED = 5
const LAST_PARKED = 6
const TAGS = 7
const OLDER = 8
/** Also links the free entries. */
const NEWER = 9
const LAST_MS = 10

/** Bytes that one trace takes, its share of the index included. */
export const TRACE_BYTES = (ENTRY_WORDS + INDEX_FACTOR * PLACE_WORDS) * 4

/** The table. An entry keeps its number while it lives. */
export class TraceTable {
  count = 0
  capacity = INITIAL_CAPACITY
  /** The entry that was unseen for longest, or NONE. */
  oldest = NONE
  #newest = NONE
  #words = new Int32Array(INITIAL_CAPACITY * ENTRY_WORDS)
  /** The same memory as #words. */
  #doubles = new Float64Array(this.#words.buffer)
  #index = emptyIndex(INITIAL_CAPACITY)
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

  /** The entry that was seen next after this one, or NONE. */
  newer(entry: number): number {
    return this.#words[entry * ENTRY_WORDS + NEWER]
  }

  /** Receipt of the trace's latest span. */
  lastMs(entry: number): number {
    return this.#doubles[(entry * ENTRY_WORDS + LAST_MS) >> 1]
  }

  /** Sequence number of the trace's first parked span, or NONE. */
  firstParked(entry: number): number {
    return this.#words[entry * ENTRY_WORDS + FIRST_PARKED]
  }

  /** Sequence number of the trace's last parked span, or NONE. */
  lastParked(entry: number): number {
    return this.#words[entry * ENTRY_WORDS + LAST_PARKED]
  }

  setParked(entry: number, first: number, last: number): void {
    this.#words[entry * ENTRY_WORDS + FIRST_PARKED] = first
    this.#words[entry * ENTRY_WORDS + LAST_PARKED] = last
  }

  /** The trace's tags: a path of TagPaths, or NONE. */
  tags(entry: number): number {
    return this.#words[entry * ENTRY_WORDS + TAGS]
  }

  setTags(entry: number, path: number): void {
    this.#words[entry * ENTRY_WORDS + TAGS] = path
  }

  readId(entry: number, into: Uint32Array): void {
    for (let word = 0; word < 4; word++) into[word] = this.#words[entry * ENTRY_WORDS + word]
  }

  /** The entry of a trace id (four words), or NONE. */
  find(traceId: Uint32Array): number {
    const index = this.#index
    const last = index.length - PLACE_WORDS
    const hash = hashOf(traceId)
    for (let place = (hash * PLACE_WORDS) & last; ; place = (place + PLACE_WORDS) & last) {
      const entry = index[place]
      if (entry === NONE) return NONE
      if (index[place + 1] === hash && this.#isOf(entry, traceId)) return entry
    }
  }

  #isOf(entry: number, traceId: Uint32Array): boolean {
    const words = this.#words
    const word = entry * ENTRY_WORDS
    return (
      words[word] === (traceId[0] | 0) &&
      words[word + 1] === (traceId[1] | 0) &&
      words[word + 2] === (traceId[2] | 0) &&
      words[word + 3] === (traceId[3] | 0)
    )
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
    const words = this.#words
    const word = entry * ENTRY_WORDS
    for (let at = 0; at < 4; at++) words[word + at] = traceId[at]
    words[word + HASH] = hashOf(traceId)
    words[word + FIRST_PARKED] = NONE
    words[word + LAST_PARKED] = NONE
    words[word + TAGS] = NONE
    this.#doubles[(word + LAST_MS) >> 1] = nowMs
    this.#place(entry)
    this.#append(entry)
    this.count++
    return entry
  }

  /** Makes the entry the latest seen. */
  touch(entry: number, nowMs: number): void {
    this.#doubles[(entry * ENTRY_WORDS + LAST_MS) >> 1] = nowMs
    if (this.#newest === entry) return
    this.#unlink(entry)
    this.#append(entry)
  }

  remove(entry: number): void {
    this.#unlink(entry)
    this.#clearIndex(entry)
    this.#words[entry * ENTRY_WORDS + NEWER] = this.#free
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
    this.#free = this.#words[entry * ENTRY_WORDS + NEWER]
    return entry
  }

  #append(entry: number): void {
    const newest = this.#newest
    this.#words[entry * ENTRY_WORDS + OLDER] = newest
    this.#words[entry * ENTRY_WORDS + NEWER] = NONE
    if (newest === NONE) this.oldest = entry
    else this.#words[newest * ENTRY_WORDS + NEWER] = entry
    this.#newest = entry
  }

  #unlink(entry: number): void {
    const older = this.#words[entry * ENTRY_WORDS + OLDER]
    const newer = this.#words[entry * ENTRY_WORDS + NEWER]
    if (older === NONE) this.oldest = newer
    else this.#words[older * ENTRY_WORDS + NEWER] = newer
    if (newer === NONE) this.#newest = older
    else this.#words[newer * ENTRY_WORDS + OLDER] = older
  }

  #place(entry: number): void {
    const index = this.#index
    const last = index.length - PLACE_WORDS
    const hash = this.#words[entry * ENTRY_WORDS + HASH]
    let place = (hash * PLACE_WORDS) & last
    while (index[place] !== NONE) place = (place + PLACE_WORDS) & last
    index[place] = entry
    index[place + 1] = hash
  }

  /** Takes an entry out of the index and moves back those behind it that would not be found over the gap. */
  #clearIndex(entry: number): void {
    const index = this.#index
    const last = index.length - PLACE_WORDS
    let gap = (this.#words[entry * ENTRY_WORDS + HASH] * PLACE_WORDS) & last
    while (index[gap] !== entry) gap = (gap + PLACE_WORDS) & last
    for (let place = (gap + PLACE_WORDS) & last; index[place] !== NONE; place = (place + PLACE_WORDS) & last) {
      const home = (index[place + 1] * PLACE_WORDS) & last
      if (((place - home) & last) < ((place - gap) & last)) continue
      index[gap] = index[place]
      index[gap + 1] = index[place + 1]
      gap = place
    }
    index[gap] = NONE
  }

  #grow(): void {
    this.#reallocate(this.capacity * 2, this.capacity)
    for (let entry = this.oldest; entry !== NONE; entry = this.#words[entry * ENTRY_WORDS + NEWER]) this.#place(entry)
  }

  /** New memory with the first `keep` entries of the old and an empty index. */
  #reallocate(capacity: number, keep: number): void {
    const words = new Int32Array(capacity * ENTRY_WORDS)
    words.set(this.#words.subarray(0, keep * ENTRY_WORDS))
    this.#words = words
    this.#doubles = new Float64Array(words.buffer)
    this.#index = emptyIndex(capacity)
    this.capacity = capacity
  }
}

function emptyIndex(capacity: number): Int32Array<ArrayBuffer> {
  return new Int32Array(capacity * INDEX_FACTOR * PLACE_WORDS).fill(NONE)
}

/** Trace ids are not always random (some count up, some are 64 bits wide), so all words are mixed. */
function hashOf(traceId: Uint32Array): number {
  let hash = Math.imul(traceId[0], 0x9e3779b1) ^ Math.imul(traceId[1], 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ traceId[2]
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d) ^ traceId[3]
  hash = Math.imul(hash ^ (hash >>> 15), 0x297a2d39)
  return hash ^ (hash >>> 15)
}
