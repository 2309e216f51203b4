// Trace inheritance: a span without a tag belongs to the experiments of its trace, whichever span arrives first.
//
// The result must not depend on the order of arrival. So an untagged span takes the tags that its trace has at once, and
// stays parked until `waitMs` after its own receipt, because tags of further experiments may still come; a tag that
// comes is handed to the parked spans of its trace, and kept for `waitMs` after the trace's last span (of any kind).
// For one (trace, experiment) the first tag wins.
//
//       parked spans, by receipt            traces, by last sight               tags, shared by traces
//       [u7][u8][u9] ... released <-        {id, last, first parked, tags} -->  (exp-a, treatment), (exp-b, on)
//                 \_______ chained by trace ____/
//
// Every call first ends what is over by its own time: spans received more than `waitMs` before it are released, traces last
// seen more than `waitMs` before it are forgotten. Both are at the head of a queue, so this costs nothing when nothing is
// over, and what happens never depends on when a sweep ran. A trace outlives its parked spans, since each of them is
// also a sight of it. Time never goes back: an earlier `nowMs` counts as the latest one seen.
//
// Every parked span ends exactly once: attributed (first delivery that is accepted), or when released `unattributed`, or
// `limit` where it had deliveries and all were refused. Memory is bounded: when full, the oldest parked spans are released
// before their time, and the longest unseen traces forgotten; their parked spans then end unattributed in their turn.
//
//   const traces = new TraceInheritance({ waitMs, sliCount, maxBytes, deliver, release })
//   traces.tagged(traceId, tags, nowMs)       a span with tags was received
//   traces.park(observation, nowMs)           a span without; true: it is attributed already
//   traces.advance(nowMs)                     at every tick
import { Observation } from '../model/observation.ts'
import { Interner, NONE } from './interner.ts'
import { ATTRIBUTED, ParkedSpans, parkedSpanBytes, REFUSED } from './parked-spans.ts'
import { type TagPath, TagPaths } from './tag-paths.ts'
import type { TagList } from './tags.ts'
import { TRACE_BYTES, TraceTable } from './trace-table.ts'

/** How a parked span ends that was never attributed. */
export type ReleaseOutcome = 'unattributed' | 'limit'

export interface TraceInheritanceOptions {
  /** 0: nothing is inherited. */
  readonly waitMs: number
  readonly sliCount: number
  /** Bound on the memory of parked spans, traces and tags together. */
  readonly maxBytes: number
  /**
   * Counts an untagged span for an experiment of its trace; the observation is reused after the call. `first`: the span was
   * not attributed before. False: refused by a limit. Must not call back into this object.
   */
  readonly deliver: (observation: Observation, experiment: string, variant: string, first: boolean) => boolean
  /** Told of each span that ends without ever having been attributed. `transport` is an index into TRANSPORTS. */
  readonly release: (transport: number, outcome: ReleaseOutcome) => void
}

const NAMES_SHARE = 0.05
const SPANS_SHARE = 0.5
const MAX_ENTRIES = 2 ** 26

export class TraceInheritance {
  /** Parked spans that are not attributed yet. */
  pendingItems = 0
  /** Parked spans released before their time for want of room. */
  evicted = 0
  /** Traces forgotten before their time for want of room. */
  forgottenTraces = 0
  /** Tags that a trace could not learn: it has MAX_TAGS already, or there is no room even without the other traces. */
  droppedTags = 0
  readonly #options: TraceInheritanceOptions
  readonly #parked: ParkedSpans
  readonly #traces: TraceTable
  readonly #tags: TagPaths
  readonly #segmentKeys: Interner
  /** What deliver() is shown of a parked span. */
  readonly #view: Observation
  #nowMs = -Infinity

  constructor(options: TraceInheritanceOptions) {
    const { maxBytes, sliCount } = options
    const spanBytes = parkedSpanBytes(sliCount)
    const maxSpans = largestPowerOfTwo((maxBytes * SPANS_SHARE) / spanBytes)
    const bytesLeft = maxBytes * (1 - 2 * NAMES_SHARE) - maxSpans * spanBytes
    const maxTraces = largestPowerOfTwo(bytesLeft / TRACE_BYTES)
    this.#options = options
    this.#parked = new ParkedSpans({ sliCount, maxCapacity: maxSpans })
    this.#traces = new TraceTable(maxTraces)
    this.#tags = new TagPaths(maxBytes * NAMES_SHARE)
    this.#segmentKeys = new Interner(maxBytes * NAMES_SHARE)
    this.#view = new Observation(sliCount)
  }

  /** Parked spans, whether attributed or not. */
  get parkedItems(): number {
    return this.#parked.count
  }

  get traceCount(): number {
    return this.#traces.count
  }

  /** Memory held now: at most maxBytes, except that a few kilobytes are always there. */
  get bytes(): number {
    return this.#parked.bytes + this.#traces.bytes + this.#tags.bytes + this.#segmentKeys.bytes
  }

  /** Hands the tags of a span received at `nowMs` to its trace. Without a trace id (all zero) nothing happens. */
  tagged(traceId: Uint32Array, tags: TagList, nowMs: number): void {
    if (tags.count === 0 || !this.#canInherit(traceId)) return
    this.#endWhatIsOver(nowMs)
    const trace = this.#see(traceId)
    for (let at = 0; at < tags.count; at++) {
      if (!this.#tags.knows(this.#traces.tags(trace), tags.experiments[at])) {
        this.#learn(trace, tags.experiments[at], tags.variants[at])
      }
    }
  }

  /**
   * Takes in an untagged span received at `nowMs`. True: its trace is known and it is attributed now; false: it is pending.
   * Where it cannot inherit (no trace id, no wait) or cannot be held it is released at once.
   */
  park(observation: Observation, nowMs: number): boolean {
    if (!this.#canInherit(observation.traceId)) {
      this.#options.release(observation.transport, 'unattributed')
      return false
    }
    this.#endWhatIsOver(nowMs)
    const trace = this.#see(observation.traceId)
    const flags = this.#deliverKnown(observation, trace)
    if (!this.#hold(observation, trace, flags)) this.#reportEnd(observation.transport, flags)
    else if ((flags & ATTRIBUTED) === 0) this.pendingItems++
    return (flags & ATTRIBUTED) !== 0
  }

  /** Ends what is over at `nowMs`; gives memory back once nothing is left. */
  advance(nowMs: number): void {
    this.#endWhatIsOver(nowMs)
    if (this.#parked.count > 0 || this.#traces.count > 0) return
    this.#parked.shrink()
    this.#traces.shrink()
  }

  #canInherit(traceId: Uint32Array): boolean {
    return this.#options.waitMs > 0 && (traceId[0] | traceId[1] | traceId[2] | traceId[3]) !== 0
  }

  #endWhatIsOver(nowMs: number): void {
    if (nowMs <= this.#nowMs) return
    this.#nowMs = nowMs
    const { waitMs } = this.#options
    const parked = this.#parked
    while (parked.count > 0 && nowMs - parked.receivedMs(parked.oldest) > waitMs) this.#releaseOldest()
    const traces = this.#traces
    while (traces.oldest !== NONE && nowMs - traces.lastMs(traces.oldest) > waitMs) this.#forget(traces.oldest)
  }

  /** The entry of a trace of which a span was received now. */
  #see(traceId: Uint32Array): number {
    const known = this.#traces.find(traceId)
    if (known !== NONE) {
      this.#traces.touch(known, this.#nowMs)
      return known
    }
    if (!this.#traces.makeRoom()) this.#forgetOldest()
    return this.#traces.insert(traceId, this.#nowMs)
  }

  /** Counts a span for all experiments that its trace is known to belong to; gives its flags. */
  #deliverKnown(observation: Observation, trace: number): number {
    let flags = 0
    let tag = this.#tags.path(this.#traces.tags(trace))
    for (; tag !== null; tag = tag.previous) flags |= this.#deliver(observation, tag, flags)
    return flags
  }

  #deliver(observation: Observation, tag: TagPath, flags: number): number {
    const first = (flags & ATTRIBUTED) === 0
    return this.#options.deliver(observation, tag.experiment, tag.variant, first) ? ATTRIBUTED : REFUSED
  }

  /** Keeps a copy of the span behind the others of its trace; false when there is no room even without all others. */
  #hold(observation: Observation, trace: number, flags: number): boolean {
    const parked = this.#parked
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
    const sequence = parked.push(observation, this.#nowMs)
    parked.setTrace(sequence, trace)
    parked.setKey(sequence, key)
    parked.addFlags(sequence, flags)
    const last = this.#traces.lastParked(trace)
    if (last !== NONE) parked.setNext(last, sequence)
    this.#traces.setParked(trace, last === NONE ? sequence : this.#traces.firstParked(trace), sequence)
    return true
  }

  /** Gives a trace its first tag of an experiment, and with it all parked spans of the trace. */
  #learn(trace: number, experiment: string, variant: string): void {
    const tag = this.#addTag(trace, experiment, variant)
    if (tag === null) {
      this.droppedTags++
      return
    }
    const parked = this.#parked
    let sequence = this.#traces.firstParked(trace)
    if (sequence !== NONE) this.#traces.readId(trace, this.#view.traceId)
    while (sequence !== NONE) {
      this.#deliverParked(sequence, tag)
      sequence = parked.next(sequence)
    }
  }

  #addTag(trace: number, experiment: string, variant: string): TagPath | null {
    const known = this.#traces.tags(trace)
    if (this.#tags.isFull(known)) return null
    let tags = this.#tags.extend(known, experiment, variant)
    while (tags === NONE && this.#traces.oldest !== trace) {
      this.#forgetOldest()
      tags = this.#tags.extend(known, experiment, variant)
    }
    if (tags !== NONE) this.#traces.setTags(trace, tags)
    return this.#tags.path(tags)
  }

  #deliverParked(sequence: number, tag: TagPath): void {
    const parked = this.#parked
    const flags = parked.flags(sequence)
    parked.read(sequence, this.#view)
    this.#view.segmentKey = this.#segmentKeys.text(parked.key(sequence))
    const outcome = this.#deliver(this.#view, tag, flags)
    parked.addFlags(sequence, outcome)
    if (outcome === ATTRIBUTED && (flags & ATTRIBUTED) === 0) this.pendingItems--
  }

  #releaseOldest(): void {
    const parked = this.#parked
    const { oldest } = parked
    const flags = parked.flags(oldest)
    const trace = parked.trace(oldest)
    const transport = parked.transport(oldest)
    if (trace !== NONE) {
      const next = parked.next(oldest)
      this.#traces.setParked(trace, next, next === NONE ? NONE : this.#traces.lastParked(trace))
    }
    this.#segmentKeys.release(parked.key(oldest))
    parked.shift()
    if ((flags & ATTRIBUTED) === 0) this.pendingItems--
    this.#reportEnd(transport, flags)
  }

  #reportEnd(transport: number, flags: number): void {
    if ((flags & ATTRIBUTED) === 0) this.#options.release(transport, (flags & REFUSED) === 0 ? 'unattributed' : 'limit')
  }

  #evictOldest(): void {
    this.evicted++
    this.#releaseOldest()
  }

  #forgetOldest(): void {
    this.forgottenTraces++
    this.#forget(this.#traces.oldest)
  }

  /** Forgets a trace; parked spans that it still has (only where room is wanted) stay, out of reach of any tag. */
  #forget(trace: number): void {
    const parked = this.#parked
    let sequence = this.#traces.firstParked(trace)
    while (sequence !== NONE) {
      parked.setTrace(sequence, NONE)
      sequence = parked.next(sequence)
    }
    this.#tags.leave(this.#traces.tags(trace))
    this.#traces.remove(trace)
  }
}

/** At most `limit`, and at least 1. */
function largestPowerOfTwo(limit: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(Math.min(Math.max(limit, 1), MAX_ENTRIES))))
}
