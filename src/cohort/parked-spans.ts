// Untagged spans that wait for their trace, in the order of their receipt: a ring as a structure of arrays, no object per
// span. A span is known by its sequence number, which stays the same when the ring grows; spans of one trace are chained.
import type { Observation } from '../model/observation.ts'
import { NONE } from './interner.ts'

/** The span was counted for at least one experiment. */
export const ATTRIBUTED = 1
/** A limit refused the span for at least one experiment. */
export const REFUSED = 2

const INITIAL_CAPACITY = 64
// Sequence numbers stay below 2^31, so that they fit an Int32Array and -1 is none of them.
const SEQUENCE_MASK = 0x7fffffff

/** Bytes that one parked span takes. */
export function parkedSpanBytes(sliCount: number): number {
  return 4 * 8 + sliCount * 9 + 3 * 4 + 2
}

/** The ring. Arrays are read at slot(sequence). */
export class ParkedSpans {
  count = 0
  capacity = INITIAL_CAPACITY
  /** Sequence number of the oldest span. */
  oldest: number
  receivedMs: Float64Array
  /** Entry of the trace table, or NONE where the trace was forgotten. */
  trace: Int32Array
  /** Sequence number of the next span of the same trace, or NONE. */
  next: Int32Array
  /** Number of the segment key. */
  key: Int32Array
  /** ATTRIBUTED, REFUSED. */
  flags: Uint8Array
  transports: Uint8Array
  #seconds: Float64Array
  #endMs: Float64Array
  #weights: Float64Array
  #values: Float64Array
  #outcomes: Uint8Array
  readonly #sliCount: number
  readonly #maxCapacity: number

  /** `maxCapacity` is a power of two. `firstSequence` lets tests come near the wrap-around. */
  constructor(options: { sliCount: number; maxCapacity: number; firstSequence?: number }) {
    this.#sliCount = options.sliCount
    this.#maxCapacity = Math.max(INITIAL_CAPACITY, options.maxCapacity)
    this.oldest = options.firstSequence ?? 0
    this.receivedMs = new Float64Array(INITIAL_CAPACITY)
    this.trace = new Int32Array(INITIAL_CAPACITY)
    this.next = new Int32Array(INITIAL_CAPACITY)
    this.key = new Int32Array(INITIAL_CAPACITY)
    this.flags = new Uint8Array(INITIAL_CAPACITY)
    this.transports = new Uint8Array(INITIAL_CAPACITY)
    this.#seconds = new Float64Array(INITIAL_CAPACITY)
    this.#endMs = new Float64Array(INITIAL_CAPACITY)
    this.#weights = new Float64Array(INITIAL_CAPACITY)
    this.#values = new Float64Array(INITIAL_CAPACITY * options.sliCount)
    this.#outcomes = new Uint8Array(INITIAL_CAPACITY * options.sliCount)
  }

  get bytes(): number {
    return this.capacity * parkedSpanBytes(this.#sliCount)
  }

  slot(sequence: number): number {
    return sequence & (this.capacity - 1)
  }

  /** Makes room for one more; false when the ring is full and may not grow. */
  makeRoom(): boolean {
    if (this.count < this.capacity) return true
    if (this.capacity * 2 > this.#maxCapacity) return false
    this.#resize(this.capacity * 2)
    return true
  }

  /** Copies an observation behind the newest span and gives its sequence number. There must be room. */
  push(observation: Observation, receivedMs: number): number {
    const sequence = (this.oldest + this.count) & SEQUENCE_MASK
    const slot = this.slot(sequence)
    this.count++
    this.receivedMs[slot] = receivedMs
    this.next[slot] = NONE
    this.transports[slot] = observation.transport
    this.#seconds[slot] = observation.second
    this.#endMs[slot] = observation.endMs
    this.#weights[slot] = observation.weight
    const from = slot * this.#sliCount
    for (let sli = 0; sli < this.#sliCount; sli++) {
      this.#values[from + sli] = observation.values[sli]
      this.#outcomes[from + sli] = observation.outcomes[sli]
    }
    return sequence
  }

  /** Fills an observation with all of a span but its trace id and segment key. */
  read(sequence: number, into: Observation): void {
    const slot = this.slot(sequence)
    into.transport = this.transports[slot]
    into.second = this.#seconds[slot]
    into.endMs = this.#endMs[slot]
    into.weight = this.#weights[slot]
    const from = slot * this.#sliCount
    for (let sli = 0; sli < this.#sliCount; sli++) {
      into.values[sli] = this.#values[from + sli]
      into.outcomes[sli] = this.#outcomes[from + sli]
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

  #resize(capacity: number): void {
    const from = this.slot(this.oldest)
    const to = this.oldest & (capacity - 1)
    const move = <A extends Float64Array | Int32Array | Uint8Array>(old: A, fresh: A, width = 1): A =>
      copyRing({ old, fresh, from: from * width, to: to * width, length: this.count * width })
    const slis = this.#sliCount
    this.receivedMs = move(this.receivedMs, new Float64Array(capacity))
    this.trace = move(this.trace, new Int32Array(capacity))
    this.next = move(this.next, new Int32Array(capacity))
    this.key = move(this.key, new Int32Array(capacity))
    this.flags = move(this.flags, new Uint8Array(capacity))
    this.transports = move(this.transports, new Uint8Array(capacity))
    this.#seconds = move(this.#seconds, new Float64Array(capacity))
    this.#endMs = move(this.#endMs, new Float64Array(capacity))
    this.#weights = move(this.#weights, new Float64Array(capacity))
    this.#values = move(this.#values, new Float64Array(capacity * slis), slis)
    this.#outcomes = move(this.#outcomes, new Uint8Array(capacity * slis), slis)
    this.capacity = capacity
  }
}

/** Copies `length` elements from one ring to another, each from its own start and around its own end. */
function copyRing<A extends Float64Array | Int32Array | Uint8Array>(copy: {
  old: A
  fresh: A
  from: number
  to: number
  length: number
}): A {
  const { old, fresh, from, to, length } = copy
  for (let done = 0; done < length; ) {
    const source = (from + done) % old.length
    const target = (to + done) % fresh.length
    const run = Math.min(length - done, old.length - source, fresh.length - target)
    fresh.set(old.subarray(source, source + run), target)
    done += run
  }
  return fresh
}
