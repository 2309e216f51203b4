// Trace inheritance: a span without a tag belongs to the experiments of its trace, whichever span arrives first.
//
// The result must not depend on the order of arrival. So an untagged span takes the tags that its trace has at once, and
// stays parked until `waitMs` after its own receipt, because tags of further experiments may still come; a tag that
// comes is handed to the parked spans of its trace, and kept for `waitMs` after the trace's last span (of any kind).
// For one (trace, experiment) the first tag wins.
//
// Every call first ends what is over by its own time: spans received more than `waitMs` before it are released, traces last
// seen more than `waitMs` before it are forgotten. How they are held, and within which bound: waiting-traces.ts.
//
// Every parked span ends exactly once: attributed (first delivery that is accepted), or when released `unattributed`, or
// `limit` where it had deliveries and all were refused. That holds over a restart too, where what came in is journaled.
//
//   const traces = new TraceInheritance({ waitMs, sliCount, maxBytes, deliver, release, journal })
//   traces.restore(entries, nowMs)            what an earlier process left waiting
//   traces.tagged(traceId, tags, nowMs)       a span with tags was received
//   traces.park(observation, nowMs)           a span without; true: it is attributed already
//   traces.advance(nowMs)                     at every tick
//   traces.takeJournal()                      at every commit
import { Observation } from '../model/observation.ts'
import { InheritanceJournal, type TakenJournal } from './inheritance-journal.ts'
import { JournalError, type JournalReading, readJournal } from './inheritance-journal-reader.ts'
import { countWaiting, InheritanceReplay, type LeftEntry, type RestoredInheritance } from './inheritance-replay.ts'
import { NONE } from './interner.ts'
import { ATTRIBUTED, REFUSED } from './parked-spans.ts'
import type { TagPath } from './tag-paths.ts'
import { MAX_TAGS, type TagList } from './tags.ts'
import { recordWaiting } from './waiting-record.ts'
import { WaitingTraces } from './waiting-traces.ts'

export type { TakenJournal } from './inheritance-journal.ts'
export { JournalError } from './inheritance-journal-reader.ts'
export type { LeftEntry, RestoredInheritance } from './inheritance-replay.ts'

/** How a parked span ends that was never attributed. */
export type ReleaseOutcome = 'unattributed' | 'limit'

export interface TraceInheritanceOptions {
  /** 0: nothing is inherited. */
  readonly waitMs: number
  readonly sliCount: number
  /** Bound on the memory of parked spans, traces and tags together; and, apart from it, of the journal between two takeJournal(). */
  readonly maxBytes: number
  /**
   * Counts an untagged span for an experiment of its trace; the observation is reused after the call. `first`: the span was
   * not attributed before. False: refused by a limit; alike for all spans of an experiment in one call of tagged(). Must not
   * call back into this object.
   */
  readonly deliver: (observation: Observation, experiment: string, variant: string, first: boolean) => boolean
  /** Told of each span that ends without ever having been attributed; the observation is reused after the call. */
  readonly release: (observation: Observation, outcome: ReleaseOutcome) => void
  /** Whether inputs are recorded for takeJournal(). */
  readonly journal?: boolean
  /** What a journal must have been recorded under to be restored here: whatever observations and segment keys depend on. */
  readonly configuration?: string
}

export class TraceInheritance {
  /** Tags that a trace could not learn: it has MAX_TAGS already, or there is no room even without the other traces. */
  droppedTags = 0
  readonly #options: TraceInheritanceOptions
  readonly #waiting: WaitingTraces
  readonly #journal: InheritanceJournal | null
  /** What became of the parked spans by each tag that tagged() has just taught their trace. */
  readonly #outcomes = new Uint8Array(MAX_TAGS)
  /** What deliver() is shown of a parked span. */
  readonly #view: Observation
  #isRestoring = false

  constructor(options: TraceInheritanceOptions) {
    const { waitMs, sliCount, maxBytes } = options
    this.#options = options
    this.#waiting = new WaitingTraces({
      waitMs,
      sliCount,
      maxBytes,
      ended: (sequence) => this.#reportParkedEnd(sequence),
    })
    this.#journal = options.journal === true ? this.#newJournal(maxBytes) : null
    this.#view = new Observation(sliCount)
  }

  /** Parked spans and log records that are not attributed yet. */
  get pendingItems(): number {
    return this.#waiting.pendingItems
  }

  /** Of these, log records. */
  get pendingLogs(): number {
    return this.#waiting.pendingLogs
  }

  /** Parked spans, whether attributed or not. */
  get parkedItems(): number {
    return this.#waiting.parked.count
  }

  get traceCount(): number {
    return this.#waiting.traces.count
  }

  /** Parked spans released before their time for want of room. */
  get evicted(): number {
    return this.#waiting.evicted
  }

  /** Traces forgotten before their time for want of room. */
  get forgottenTraces(): number {
    return this.#waiting.forgottenTraces
  }

  /** Memory held now, the journal aside: at most maxBytes, except that a few kilobytes are always there. */
  get bytes(): number {
    return this.#waiting.bytes
  }

  /** Whether a span of this trace takes part at all: there is a wait, and the id is not all zero. */
  takesPart(traceId: Uint32Array): boolean {
    return this.#options.waitMs > 0 && (traceId[0] | traceId[1] | traceId[2] | traceId[3]) !== 0
  }

  /** Adds the experiments of which a trace has tags that it would still have at `nowMs`. */
  collectExperiments(traceId: Uint32Array, nowMs: number, into: Set<string>): void {
    const trace = this.#waiting.traces.find(traceId)
    if (trace === NONE || this.#waiting.isOver(trace, nowMs)) return
    for (let tag = this.#waiting.tags(trace); tag !== null; tag = tag.previous) into.add(tag.experiment)
  }

  /** Hands the tags of a span received at `nowMs` to its trace. Without a trace id (all zero) nothing happens. */
  tagged(traceId: Uint32Array, tags: TagList, nowMs: number): void {
    if (tags.count === 0 || !this.takesPart(traceId)) return
    const waiting = this.#waiting
    waiting.endWhatIsOver(nowMs)
    const trace = waiting.see(traceId)
    let learnt = 0
    for (let at = 0; at < tags.count; at++) {
      const experiment = tags.experiments[at]
      if (waiting.knows(trace, experiment)) continue
      const tag = waiting.learn(trace, experiment, tags.variants[at])
      if (tag === null) this.droppedTags++
      else this.#outcomes[learnt++] = this.#deliverToParked(trace, tag)
    }
    if (this.#journal === null) return
    this.#journal.setTrace(traceId, waiting.tags(trace), waiting.nowMs)
    if (learnt === 0) this.#journal.sight()
    else this.#journal.sight(this.#outcomes.subarray(0, learnt))
  }

  /**
   * Takes in an untagged span received at `nowMs`. True: its trace is known and it is attributed now; false: it is pending.
   * Where it cannot inherit (no trace id, no wait) or cannot be held it is released at once.
   */
  park(observation: Observation, nowMs: number): boolean {
    if (!this.takesPart(observation.traceId)) {
      this.#options.release(observation, 'unattributed')
      return false
    }
    const waiting = this.#waiting
    waiting.endWhatIsOver(nowMs)
    const trace = waiting.see(observation.traceId)
    const tags = waiting.tags(trace)
    const flags = this.#deliverKnown(observation, tags)
    const isHeld = waiting.hold(observation, trace, flags)
    if (!isHeld) this.#reportEnd(observation, flags)
    if (this.#journal !== null) {
      this.#journal.setTrace(observation.traceId, tags, waiting.nowMs)
      if (isHeld) this.#journal.park(observation, flags)
      else this.#journal.sight()
    }
    return (flags & ATTRIBUTED) !== 0
  }

  /** Ends what is over at `nowMs`; gives memory back once nothing is left. */
  advance(nowMs: number): void {
    this.#waiting.endWhatIsOver(nowMs)
    this.#waiting.shrink()
  }

  /** What came in since this was last asked, for the store; null: nothing did, or it is not recorded. */
  takeJournal(): TakenJournal | null {
    if (this.#journal === null || !this.#journal.isOverfull) return this.#journal?.take() ?? null
    this.#journal.take()
    return this.encodeWaiting()
  }

  /** Everything that waits, as one journal entry that needs no earlier one; null: nothing does. */
  encodeWaiting(): TakenJournal | null {
    const journal = this.#newJournal(Infinity)
    this.#recordState(journal)
    return journal.take()
  }

  /** A journal entry that says that nothing waits, in the place of all earlier ones. */
  encodeNothing(): TakenJournal {
    const journal = this.#newJournal(Infinity)
    journal.setSection('state')
    return journal.take()!
  }

  /**
   * Goes on where earlier processes ended, given their entries, oldest first; what came in here before waits behind that. Nothing is
   * released by it (what is over at `nowMs` is by the next call), and nothing delivered, but for unwritten experiments what
   * the entry delivered to them, never as `first`. All that was restored is in the next journal entry, since the earlier ones go with it.
   */
  restore(entries: Iterable<LeftEntry>, nowMs: number): RestoredInheritance {
    const damaged: JournalError[] = []
    const foreign = { entries: 0, spans: 0 }
    this.#isRestoring = true
    const mine = this.encodeWaiting()
    this.#waiting.clear()
    for (const { bytes, unwritten } of entries) {
      const entry = readOrError(bytes)
      if (entry instanceof JournalError) damaged.push(entry)
      else if (this.#isForeign(entry)) {
        foreign.entries++
        foreign.spans += countWaiting(entry, { waitMs: this.#options.waitMs, nowMs })
      } else entry.tell(this.#replay(unwritten, nowMs))
    }
    if (mine !== null) readJournal(mine.bytes).tell(this.#replay([], nowMs, true))
    this.#isRestoring = false
    if (this.#journal !== null) this.#recordState(this.#journal)
    return {
      parkedItems: this.parkedItems,
      pendingItems: this.pendingItems,
      traces: this.traceCount,
      foreign,
      damaged,
    }
  }

  #replay(unwritten: readonly string[], nowMs: number, adds = false): InheritanceReplay {
    const { deliver, sliCount } = this.#options
    return new InheritanceReplay(
      {
        waiting: this.#waiting,
        nowMs,
        unwritten,
        adds,
        deliver: (observation, { experiment, variant }) => deliver(observation, experiment, variant, false),
      },
      sliCount,
    )
  }

  #isForeign({ configuration, sliCount }: JournalReading): boolean {
    return configuration !== (this.#options.configuration ?? '') || sliCount !== this.#options.sliCount
  }

  #recordState(journal: InheritanceJournal): void {
    if (this.traceCount + this.parkedItems === 0) return
    journal.setSection('state')
    recordWaiting(this.#waiting, this.#view, journal)
    journal.setSection('own')
  }

  #newJournal(maxBytes: number): InheritanceJournal {
    const { waitMs, sliCount, configuration = '' } = this.#options
    return new InheritanceJournal({ waitMs, sliCount, configuration, maxBytes })
  }

  /** Counts a span for all experiments that its trace is known to belong to; gives its flags. */
  #deliverKnown(observation: Observation, tags: TagPath | null): number {
    let flags = 0
    for (let tag = tags; tag !== null; tag = tag.previous) {
      const first = (flags & ATTRIBUTED) === 0
      flags |= this.#options.deliver(observation, tag.experiment, tag.variant, first) ? ATTRIBUTED : REFUSED
    }
    return flags
  }

  /** Counts all parked spans of a trace for an experiment; gives the flags that this has put on them. */
  #deliverToParked(trace: number, { experiment, variant }: TagPath): number {
    const { parked, traces } = this.#waiting
    let flags = 0
    let sequence = traces.firstParked(trace)
    if (sequence !== NONE) traces.readId(trace, this.#view.traceId)
    for (; sequence !== NONE; sequence = parked.next(sequence)) {
      this.#waiting.read(sequence, this.#view)
      const first = (parked.flags(sequence) & ATTRIBUTED) === 0
      const accepted = this.#options.deliver(this.#view, experiment, variant, first)
      const outcome = accepted ? ATTRIBUTED : REFUSED
      this.#waiting.mark(sequence, outcome)
      flags |= outcome
    }
    return flags
  }

  #reportParkedEnd(sequence: number): void {
    const flags = this.#waiting.parked.flags(sequence)
    if ((flags & ATTRIBUTED) !== 0 || this.#isRestoring) return
    this.#waiting.read(sequence, this.#view)
    this.#reportEnd(this.#view, flags)
  }

  #reportEnd(observation: Observation, flags: number): void {
    if ((flags & ATTRIBUTED) !== 0 || this.#isRestoring) return
    this.#options.release(observation, (flags & REFUSED) === 0 ? 'unattributed' : 'limit')
  }
}

function readOrError(bytes: Uint8Array): JournalReading | JournalError {
  try {
    return readJournal(bytes)
  } catch (error) {
    if (error instanceof JournalError) return error
    throw error
  }
}
