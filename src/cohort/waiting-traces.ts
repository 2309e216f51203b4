// What trace inheritance holds: spans that wait for their trace, traces with the tags that they have learnt, all within a
// bound. Who is given which tag is decided in traces.ts; here it is only kept, and ended when its time or its room is over.
//
//       parked spans, by receipt            traces, by last sight               tags, shared by traces
//       [u7][u8][u9] ... released <-        {id, last, first parked, tags} -->  (exp-a, treatment), (exp-b, on)
//                 \_______ chained by trace ____/
//
// Both queues have what is over at their head, so ending it costs nothing when nothing is over, and what happens never
// depends on when a sweep ran. A trace outlives its parked spans, since each of them is also a sight of it. Memory is
// bounded: when full, the oldest parked spans are released before their time, and the longest unseen traces forgotten; their
// parked spans then end unattributed in their turn.
import type { Observation } from '../model/observation.ts'
import { Interner, NONE } from './interner.ts'
import { ATTRIBUTED, ParkedSpans, parkedSpanBytes } from './parked-spans.ts'
import { type TagPath, TagPaths } from './tag-paths.ts'
import { TRACE_BYTES, TraceTable } from './trace-table.ts'

export interface WaitingTracesOptions {
  readonly waitMs: number
  readonly sliCount: number
  /** Bound on the memory of parked spans, traces and tags together. */
  readonly maxBytes: number
  /** Told of each parked span that ends, while it can still be read. */
  readonly ended: (sequence: number) => void
}

const NAMES_SHARE = 0.05
const SPANS_SHARE = 0.5
const MAX_ENTRIES = 2 ** 26

export class WaitingTraces {
  /** Parked spans and log records that are not attributed yet. */
  pendingItems = 0
  /** Of these, log records. */
  pendingLogs = 0
  /** Parked spans released before their time for want of room. */
  evicted = 0
  /** Traces forgotten before their time for want of room. */
  forgottenTraces = 0
  /** The latest moment told. */
  nowMs = -Infinity
  readonly parked: ParkedSpans
  readonly traces: TraceTable
  readonly #options: WaitingTracesOptions
  readonly #tags: TagPaths
  readonly #segmentKeys: Interner

  constructor(options: WaitingTracesOptions) {
    const { maxBytes, sliCount } = options
    const spanBytes = parkedSpanBytes(sliCount)
    const maxSpans = largestPowerOfTwo((maxBytes * SPANS_SHARE) / spanBytes)
    const bytesLeft = maxBytes * (1 - 2 * NAMES_SHARE) - maxSpans * spanBytes
    const maxTraces = largestPowerOfTwo(bytesLeft / TRACE_BYTES)
    this.#options = options
    this.parked = new ParkedSpans({ sliCount, maxCapacity: maxSpans })
    this.traces = new TraceTable(maxTraces)
    this.#tags = new TagPaths(maxBytes * NAMES_SHARE)
    this.#segmentKeys = new Interner(maxBytes * NAMES_SHARE)
  }

  get bytes(): number {
    return this.parked.bytes + this.traces.bytes + this.#tags.bytes + this.#segmentKeys.bytes
  }

  /** Ends what is over at `nowMs`. Time never goes back: an earlier one counts as the latest one told. */
  endWhatIsOver(nowMs: number): void {
    if (nowMs <= this.nowMs) return
    this.nowMs = nowMs
    const { waitMs } = this.#options
    const { parked, traces } = this
    while (parked.count > 0 && nowMs - parked.receivedMs(parked.oldest) > waitMs) this.#releaseOldest()
    while (traces.oldest !== NONE && nowMs - traces.lastMs(traces.oldest) > waitMs) this.forget(traces.oldest)
  }

  /** Whether it is over at `nowMs`, swept or not. */
  isOver(trace: number, nowMs: number): boolean {
    return nowMs - this.traces.lastMs(trace) > this.#options.waitMs
  }

  /** Gives memory back where nothing is left. */
  shrink(): void {
    if (this.parked.count > 0 || this.traces.count > 0) return
    this.parked.shrink()
    this.traces.shrink()
  }

  /** Ends everything. */
  clear(): void {
    while (this.parked.count > 0) this.#releaseOldest()
    while (this.traces.oldest !== NONE) this.forget(this.traces.oldest)
  }

  /** The entry of a trace of which a span was received now. */
  see(traceId: Uint32Array): number {
    const known = this.traces.find(traceId)
    if (known !== NONE) {
      this.traces.touch(known, this.nowMs)
      return known
    }
    if (!this.traces.makeRoom()) this.#forgetOldest()
    return this.traces.insert(traceId, this.nowMs)
  }

  /** The last tag that a trace has learnt, before it the others; null: none. */
  tags(trace: number): TagPath | null {
    return this.#tags.path(this.traces.tags(trace))
  }

  knows(trace: number, experiment: string): boolean {
    return this.#tags.knows(this.traces.tags(trace), experiment)
  }

  /** Adds a tag of an experiment that the trace has none of; null where it has MAX_TAGS, or there is no room even without the other traces. */
  learn(trace: number, experiment: string, variant: string): TagPath | null {
    const known = this.traces.tags(trace)
    if (this.#tags.isFull(known)) return null
    let tags = this.#tags.extend(known, experiment, variant)
    while (tags === NONE && this.traces.oldest !== trace) {
      this.#forgetOldest()
      tags = this.#tags.extend(known, experiment, variant)
    }
    if (tags !== NONE) this.traces.setTags(trace, tags)
    return this.#tags.path(tags)
  }

  /** Keeps a copy of a span behind the others of its trace (NONE: of none); false when there is no room even without all others. */
  hold(observation: Observation, trace: number, flags: number): boolean {
    const { parked, traces } = this
    let key = this.#segmentKeys.acquire(observation.segmentKey)
    while (key === NONE && parked.count > 0) {
      this.#evictOldest()
      key = this.#segmentKeys.acquire(observation.segmentKey)
    }
    if (key === NONE) {
      this.evicted++
      return false
    }
    if (!parked.makeRoom()) this.#evictOldest()
    const sequence = parked.push(observation, this.nowMs)
    parked.setTrace(sequence, trace)
    parked.setKey(sequence, key)
    parked.addFlags(sequence, flags)
    this.#pend(sequence, 1)
    if (trace === NONE) return true
    const last = traces.lastParked(trace)
    if (last !== NONE) parked.setNext(last, sequence)
    traces.setParked(trace, last === NONE ? sequence : traces.firstParked(trace), sequence)
    return true
  }

  /** Notes what became of a parked span. */
  mark(sequence: number, flags: number): void {
    if ((flags & ATTRIBUTED) !== 0) this.#pend(sequence, -1)
    this.parked.addFlags(sequence, flags)
  }

  /** Fills an observation with all of a parked span but its trace id. */
  read(sequence: number, into: Observation): void {
    this.parked.read(sequence, into)
    into.segmentKey = this.#segmentKeys.text(this.parked.key(sequence))
  }

  /** Forgets a trace; parked spans that it still has (only where room is wanted) stay, out of reach of any tag. */
  forget(trace: number): void {
    let sequence = this.traces.firstParked(trace)
    while (sequence !== NONE) {
      this.parked.setTrace(sequence, NONE)
      sequence = this.parked.next(sequence)
    }
    this.#tags.leave(this.traces.tags(trace))
    this.traces.remove(trace)
  }

  #releaseOldest(): void {
    const { parked, traces } = this
    const { oldest } = parked
    const trace = parked.trace(oldest)
    this.#options.ended(oldest)
    this.#pend(oldest, -1)
    if (trace !== NONE) {
      const next = parked.next(oldest)
      traces.setParked(trace, next, next === NONE ? NONE : traces.lastParked(trace))
    }
    this.#segmentKeys.release(parked.key(oldest))
    parked.shift()
  }

  /** A parked span that is pending, if it is, begins or ends to be so. */
  #pend(sequence: number, change: 1 | -1): void {
    if (!this.parked.isPending(sequence)) return
    this.pendingItems += change
    if (this.parked.isLog(sequence)) this.pendingLogs += change
  }

  #evictOldest(): void {
    this.evicted++
    this.#releaseOldest()
  }

  #forgetOldest(): void {
    this.forgottenTraces++
    this.forget(this.traces.oldest)
  }
}

/** At most `limit`, and at least 1. */
function largestPowerOfTwo(limit: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(Math.min(Math.max(limit, 1), MAX_ENTRIES))))
}
