// Untagged spans (and log records, and events of spans) that wait for their trace, in the order of their receipt: a ring of records in one buffer, no object per span.
// A span is known by its sequence number, which stays the same when the ring grows; spans of one trace are chained.
//
//   record   receipt, second, end, weight, a value for each SLI (doubles)
//            trace, next, segment key, flags | transport << 8 | log << 10 | part << 11 (32 bits each) | an outcome for each SLI (bytes)
import type { Observation } from '../model/observation.ts'
import { NONE } from './interner.ts'

/** The span was counted for at least one experiment. */
export const ATTRIBUTED = 1
/** A limit refused the span for at least one experiment. */
export const REFUSED = 2

const INITIAL_CAPACITY = 64
// Sequence numbers stay below 2^31, so that they fit an Int32Array and -1 is none of them.
const SEQUENCE_MASK = 0x7fffffff

const RECEIVED_MS = 0
const SECOND = 1
const END_MS = 2
const WEIGHT = 3
const VALUES = 4

// 32-bit words behind the doubles.
const TRACE = 0
const NEXT = 1
const KEY = 2
const STATE = 3
const STATE_WORDS = 4
const FLAGS_MASK = 0xff
const TRANSPORT_SHIFT = 8
const TRANSPORT_MASK = 3
const LOG = 1 << 10
const PART = 1 << 11

/** Bytes that one parked span takes. */
export function parkedSpanBytes(sliCount: number): number {
  return (VALUES + sliCount) * 8 + STATE_WORDS * 4 + Math.ceil(sliCount / 8) * 8
}

/** The ring. */
export class ParkedSpans {
  count = 0
  capacity = INITIAL_CAPACITY
  /** Sequence number of the oldest span. */
  oldest: number
  #doubles = new Float64Array()
  /** The same memory as #doubles, and so is #bytes. */
  #words = new Int32Array()
  #bytes = new Uint8Array()
  readonly #recordBytes: number
  readonly #sliCount: number
  readonly #maxCapacity: number

  /** `maxCapacity` is a power of two. `firstSequence` lets tests come near the wrap-around. */
  constructor(options: { sliCount: number; maxCapacity: number; firstSequence?: number }) {
    this.#sliCount = options.sliCount
    this.#recordBytes = parkedSpanBytes(options.sliCount)
    this.#maxCapacity = Math.max(INITIAL_CAPACITY, options.maxCapacity)
    this.oldest = options.firstSequence ?? 0
    this.#resize(INITIAL_CAPACITY)
  }

  get bytes(): number {
    return this.#bytes.length
  }

  /** Sequence number of the span that is so many places behind the oldest. */
  sequenceAt(place: number): number {
    return (this.oldest + place) & SEQUENCE_MASK
  }

  receivedMs(sequence: number): number {
    return this.#doubles[this.#double(sequence) + RECEIVED_MS]
  }

  /** Entry of the trace table, or NONE where the trace was forgotten. */
  trace(sequence: number): number {
    return this.#words[this.#word(sequence) + TRACE]
  }

  setTrace(sequence: number, trace: number): void {
    this.#words[this.#word(sequence) + TRACE] = trace
  }

  /** Sequence number of the next span of the same trace, or NONE. */
  next(sequence: number): number {
    return this.#words[this.#word(sequence) + NEXT]
  }

  setNext(sequence: number, next: number): void {
    this.#words[this.#word(sequence) + NEXT] = next
  }

  /** Number of the segment key. */
  key(sequence: number): number {
    return this.#words[this.#word(sequence) + KEY]
  }

  setKey(sequence: number, key: number): void {
    this.#words[this.#word(sequence) + KEY] = key
  }

  /** ATTRIBUTED, REFUSED. */
  flags(sequence: number): number {
    return this.#words[this.#word(sequence) + STATE] & FLAGS_MASK
  }

  addFlags(sequence: number, flags: number): void {
    this.#words[this.#word(sequence) + STATE] |= flags
  }

  /** Whether it is of a log record. */
  isLog(sequence: number): boolean {
    return (this.#words[this.#word(sequence) + STATE] & LOG) !== 0
  }

  /** Whether it is an item of the ledger that is not attributed yet. */
  isPending(sequence: number): boolean {
    return (this.#words[this.#word(sequence) + STATE] & (ATTRIBUTED | PART)) === 0
  }

  /** Makes room for one more; false when the ring is full and may not grow. */
  makeRoom(): boolean {
    if (this.count < this.capacity) return true
    if (this.capacity * 2 > this.#maxCapacity) return false
    this.#resize(this.capacity * 2)
    return true
  }

  /** Copies an observation behind the newest span and gives its sequence number; its key is still to be set. There must be room. */
  push(observation: Observation, receivedMs: number): number {
    const sequence = this.sequenceAt(this.count)
    this.count++
    const double = this.#double(sequence)
    this.#doubles[double + RECEIVED_MS] = receivedMs
    this.#doubles[double + SECOND] = observation.second
    this.#doubles[double + END_MS] = observation.endMs
    this.#doubles[double + WEIGHT] = observation.weight
    const word = this.#word(sequence)
    this.#words[word + TRACE] = NONE
    this.#words[word + NEXT] = NONE
    const { transport, isLog, isPart } = observation
    this.#words[word + STATE] = (transport << TRANSPORT_SHIFT) | (isLog ? LOG : 0) | (isPart ? PART : 0)
    const byte = (word + STATE_WORDS) * 4
    for (let sli = 0; sli < this.#sliCount; sli++) {
      this.#doubles[double + VALUES + sli] = observation.values[sli]
      this.#bytes[byte + sli] = observation.outcomes[sli]
    }
    return sequence
  }

  /** Fills an observation with all of a span but its trace id and segment key. */
  read(sequence: number, into: Observation): void {
    const double = this.#double(sequence)
    into.second = this.#doubles[double + SECOND]
    into.endMs = this.#doubles[double + END_MS]
    into.weight = this.#doubles[double + WEIGHT]
    const word = this.#word(sequence)
    const state = this.#words[word + STATE]
    into.transport = (state >> TRANSPORT_SHIFT) & TRANSPORT_MASK
    into.isLog = (state & LOG) !== 0
    into.isPart = (state & PART) !== 0
    const byte = (word + STATE_WORDS) * 4
    for (let sli = 0; sli < this.#sliCount; sli++) {
      into.values[sli] = this.#doubles[double + VALUES + sli]
      into.outcomes[sli] = this.#bytes[byte + sli]
    }
  }

  /** Drops the oldest span. */
  shift(): void {
    this.oldest = (this.oldest + 1) & SEQUENCE_MASK
    this.count--
  }

  /** Gives the memory of an empty ring back. */
  shrink(): void {
    if (this.count === 0 && this.capacity > INITIAL_CAPACITY) this.#resize(INITIAL_CAPACITY)
  }

  /** Where a record begins in #doubles. */
  #double(sequence: number): number {
    return (sequence & (this.capacity - 1)) * (this.#recordBytes >> 3)
  }

  /** Where the words of a record begin in #words. */
  #word(sequence: number): number {
    return (this.#double(sequence) + VALUES + this.#sliCount) * 2
  }

  /** New memory; each record goes where its sequence number puts it. */
  #resize(capacity: number): void {
    const old = this.#bytes
    const oldCapacity = this.capacity
    const bytes = new Uint8Array(capacity * this.#recordBytes)
    for (let done = 0; done < this.count; ) {
      const source = (this.oldest + done) & (oldCapacity - 1)
      const target = (this.oldest + done) & (capacity - 1)
      const run = Math.min(this.count - done, oldCapacity - source, capacity - target)
      bytes.set(
        old.subarray(source * this.#recordBytes, (source + run) * this.#recordBytes),
        target * this.#recordBytes,
      )
      done += run
    }
    this.#bytes = bytes
    this.#doubles = new Float64Array(bytes.buffer)
    this.#words = new Int32Array(bytes.buffer)
    this.capacity = capacity
  }
}
