// Brings back what earlier processes had waiting, from the entries that they left, without counting anything again.
//
// The journal is believed about who was given what: what was counted before an entry was written is in the partials that were
// written with it. Only where an experiment is `unwritten` they were not, and it is given again, and counted, what the entry
// gave it. (The sender of a request that is caught so sends it again; what of it went into the inheritance is then known as
// counted, by the entry, and is not taken twice.)
//
// A trace that has learnt a tag here which its next record does not have was forgotten in between. A tag that a record has, not
// as a new one, and that is not known here was learnt in an entry that is missing, and so were the spans given to it.
import { Observation } from '../model/observation.ts'
import type { Section } from './inheritance-journal.ts'
import type { JournalError, JournalReading, JournalTag, JournalVisitor } from './inheritance-journal-reader.ts'
import { NONE } from './interner.ts'
import { ATTRIBUTED, REFUSED } from './parked-spans.ts'
import type { WaitingTraces } from './waiting-traces.ts'

/** An entry as an earlier process left it. */
export interface LeftEntry {
  readonly bytes: Uint8Array
  /** Experiments of which nothing that the entry's inputs brought them is in the store. */
  readonly unwritten: readonly string[]
}

/** What came of the entries. */
export interface RestoredInheritance {
  /** Spans that wait again for the tags of their trace. */
  readonly parkedItems: number
  /** Those of them that are attributed to no experiment yet. */
  readonly pendingItems: number
  readonly traces: number
  /** Entries of another configuration, passed over, and the spans that waited in them unattributed: they stay so. */
  readonly foreign: { readonly entries: number; readonly spans: number }
  /** One for each entry that could not be read, and was passed over. */
  readonly damaged: readonly JournalError[]
}

export interface InheritanceReplayParts {
  readonly waiting: WaitingTraces
  /** Records of a later time (the clock went back) count as of this one. */
  readonly nowMs: number
  readonly unwritten: readonly string[]
  /** Whether a whole state comes to what is there, instead of in its place. */
  readonly adds: boolean
  /** Counts a span for an unwritten experiment; false: refused by a limit. */
  readonly deliver: (observation: Observation, tag: JournalTag) => boolean
}

/** Takes one entry into the state. */
export class InheritanceReplay implements JournalVisitor {
  readonly #parts: InheritanceReplayParts
  readonly #waiting: WaitingTraces
  readonly #view: Observation
  #section: Section = 'own'

  constructor(parts: InheritanceReplayParts, sliCount: number) {
    this.#parts = parts
    this.#waiting = parts.waiting
    this.#view = new Observation(sliCount)
  }

  section(section: Section): void {
    this.#section = section
    // It stands in the place of all entries before it.
    if (section === 'state' && !this.#parts.adds) this.#waiting.clear()
  }

  time(nowMs: number): void {
    this.#waiting.endWhatIsOver(Math.min(nowMs, this.#parts.nowMs))
  }

  sight(traceId: Uint32Array, tags: readonly JournalTag[], outcomes: Uint8Array): void {
    this.#meet(traceId, tags, outcomes)
  }

  park(observation: Observation, tags: readonly JournalTag[], flags: number): void {
    const trace = hasTrace(observation.traceId) ? this.#meet(observation.traceId, tags, null) : NONE
    this.#waiting.hold(observation, trace, this.#deliverAgain(observation, tags, flags))
  }

  /** The trace of a record, with the tags that the record tells. */
  #meet(traceId: Uint32Array, tags: readonly JournalTag[], outcomes: Uint8Array | null): number {
    const waiting = this.#waiting
    const known = waiting.traces.find(traceId)
    if (known !== NONE && !this.#isAmong(known, tags)) waiting.forget(known)
    const trace = waiting.see(traceId)
    const firstNew = tags.length - (outcomes === null ? 0 : outcomes.length)
    for (const [at, tag] of tags.entries()) {
      if (waiting.knows(trace, tag.experiment) || waiting.learn(trace, tag.experiment, tag.variant) === null) continue
      if (at < firstNew) this.#markParked(trace, () => ATTRIBUTED)
      else if (this.#isUnwritten(tag))
        this.#markParked(trace, (sequence) => this.#deliverParked(sequence, tag, traceId))
      else this.#markParked(trace, () => outcomes![at - firstNew])
    }
    return trace
  }

  #isAmong(trace: number, tags: readonly JournalTag[]): boolean {
    for (let step = this.#waiting.tags(trace); step !== null; step = step.previous) {
      const { experiment, variant } = step
      if (!tags.some((tag) => tag.experiment === experiment && tag.variant === variant)) return false
    }
    return true
  }

  #markParked(trace: number, flagsOf: (sequence: number) => number): void {
    const { parked, traces } = this.#waiting
    for (let sequence = traces.firstParked(trace); sequence !== NONE; sequence = parked.next(sequence))
      this.#waiting.mark(sequence, flagsOf(sequence))
  }

  #isUnwritten({ experiment }: JournalTag): boolean {
    // A whole state does not tell what of it was brought by the inputs of its entry.
    return this.#section === 'own' && this.#parts.unwritten.includes(experiment)
  }

  #deliverParked(sequence: number, tag: JournalTag, traceId: Uint32Array): number {
    this.#waiting.read(sequence, this.#view)
    this.#view.traceId.set(traceId)
    return this.#deliver(this.#view, tag)
  }

  /** Counts a span that is parked for the unwritten among its trace's tags; gives its flags, of which `flags` are known. */
  #deliverAgain(observation: Observation, tags: readonly JournalTag[], flags: number): number {
    const unwritten = tags.filter((tag) => this.#isUnwritten(tag))
    const before = unwritten.length === tags.length && tags.length > 0 ? 0 : flags
    return unwritten.reduce((all, tag) => all | this.#deliver(observation, tag), before)
  }

  #deliver(observation: Observation, tag: JournalTag): number {
    return this.#parts.deliver(observation, tag) ? ATTRIBUTED : REFUSED
  }
}

/** Counts the spans of an entry that would wait unattributed at `nowMs`. */
export function countWaiting(entry: JournalReading, options: { waitMs: number; nowMs: number }): number {
  let spans = 0
  let receivedMs = -Infinity
  entry.tell({
    section: (section) => {
      if (section === 'state') spans = 0
    },
    time: (timeMs) => {
      receivedMs = timeMs
    },
    sight: () => undefined,
    park: (_observation, _tags, flags) => {
      if ((flags & ATTRIBUTED) === 0 && options.nowMs - receivedMs <= options.waitMs) spans++
    },
  })
  return spans
}

function hasTrace(traceId: Uint32Array): boolean {
  return (traceId[0] | traceId[1] | traceId[2] | traceId[3]) !== 0
}
