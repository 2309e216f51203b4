// The journal of trace inheritance: what came in, in bytes, so that another process can go on where this one ended. It holds
// what is still owed (which spans wait, which tags their traces have) and not what was counted, which is in the partials.
//
// An entry is a stretch of inputs and can be read alone. Every record carries all tags that its trace has after it, so an entry is
// needed until another one is stored that begins more than `waitMs` after its last record: its spans are over by then, and
// a trace that was seen since is told of in a later entry, with its tags. There are two kinds of sections:
//
//   own     inputs of the requests that are committed with this entry
//   state   all that waits, in the place of everything before it: as it was taken over from an earlier process (whose entries go
//           with this process' first), at a clean stop, or where the inputs are more than the bound
//
// Layout: a byte for the version, the configuration (a name), the number of SLIs, then records of a byte for the kind and:
//   TIME      of the records that follow (double)
//   TRACE     id of the trace that the records that follow are of (four words; all zero: of none)
//   STEP      a path of tags: number of the path before (0: no tags), experiment, variant. The first gets the number 1. It becomes the current path
//   PATH      number of the path that is current from here on
//   KEY       segment key of the spans that follow (a name)
//   SECTION   kind of what follows; before the first: own
//   SIGHT     the trace had a tagged span. How many of its tags, the last ones, were new by it, then for each a byte of flags: what became of the parked spans
//   PARK      a byte (flags | transport << 2 | second apart << 4 | weight apart << 5 | log << 6 | part << 7), end, [second], [weight], then for each
//             SLI a byte (outcome | has value << 2) and [value]. Second is apart where it is not the end rounded up, weight where it is not 1.
// Numbers are varints, in brackets and times doubles, all little-endian. A name is 1 + the number of an earlier name, or 0,
// its length and its UTF-16 units; the first gets the number 0.
import type { Observation } from '../model/observation.ts'
import type { TagPath } from './tag-paths.ts'

export const VERSION = 1
export const TIME = 1
export const TRACE = 2
export const STEP = 3
export const PATH = 4
export const KEY = 5
export const SECTION = 6
export const SIGHT = 7
export const PARK = 8

export const SECTIONS = ['own', 'state'] as const
export type Section = (typeof SECTIONS)[number]

export const FLAGS_MASK = 3
export const TRANSPORT_SHIFT = 2
export const TRANSPORT_MASK = 3
export const SECOND_APART = 16
export const WEIGHT_APART = 32
export const LOG = 64
export const PART = 128
export const OUTCOME_MASK = 3
export const HAS_VALUE = 4

const INITIAL_BYTES = 4096
/** A buffer larger than this is given back once it was taken. */
const KEPT_BYTES = 1 << 20
const VARINT_BYTES = 5
const NO_OUTCOMES = new Uint8Array()

/** An entry for the store. */
export interface TakenJournal {
  readonly bytes: Uint8Array
  /** Of its last record. */
  readonly lastMs: number
  /** Once it is stored, earlier entries with a `lastMs` before this are not needed; Infinity: none is. */
  readonly needsSinceMs: number
}

export interface InheritanceJournalOptions {
  readonly waitMs: number
  readonly sliCount: number
  /** Names what an entry must have been recorded under to be replayed. */
  readonly configuration: string
  /** Beyond it nothing more is recorded until the next take(): see isOverfull. */
  readonly maxBytes: number
}

/** Records in one growing buffer. What the record is of is set before it, and written where it differs from the one before. */
export class InheritanceJournal {
  /** There was more to record than is allowed: take() gives nothing, the entry must be made of the state instead. */
  isOverfull = false
  readonly #options: InheritanceJournalOptions
  readonly #parkBytes: number
  #bytes = new Uint8Array(INITIAL_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  #headBytes = 0
  readonly #names = new Map<string, number>()
  readonly #paths = new Map<TagPath, number>()
  #timeMs = Number.NaN
  #needsSinceMs = Number.NaN
  readonly #trace = new Uint32Array(4)
  #path: TagPath | null = null
  #key: string | null = null

  constructor(options: InheritanceJournalOptions) {
    this.#options = options
    this.#parkBytes = 2 + 3 * 8 + options.sliCount * 9
    this.#begin()
  }

  /** What was recorded since the last time; null: nothing. */
  take(): TakenJournal | null {
    const isEmpty = this.isOverfull || this.#length === this.#headBytes
    const [lastMs, needsSinceMs] = [this.#timeMs, this.#needsSinceMs]
    const bytes = isEmpty ? null : this.#bytes.slice(0, this.#length)
    this.#begin()
    return bytes === null ? null : { bytes, lastMs, needsSinceMs }
  }

  setSection(section: Section): void {
    if (this.isOverfull) return
    this.#reserve(2)
    if (section === 'state') this.#needsSinceMs = Infinity
    this.#bytes[this.#length++] = SECTION
    this.#bytes[this.#length++] = SECTIONS.indexOf(section)
  }

  /** The trace with its tags as they are after the next record, which is of this moment. */
  setTrace(traceId: Uint32Array, tags: TagPath | null, nowMs: number): void {
    if (this.isOverfull) return
    this.#reserve(9 + 17 + 1 + VARINT_BYTES)
    if (nowMs !== this.#timeMs) this.#writeTime(nowMs)
    if (!isSame(traceId, this.#trace)) this.#writeTrace(traceId)
    if (tags !== this.#path) this.#writePath(tags)
  }

  /** A tagged span was received; `outcomes`: what became of the parked spans by each new tag. */
  sight(outcomes: Uint8Array = NO_OUTCOMES): void {
    if (this.isOverfull) return
    this.#reserve(1 + VARINT_BYTES + outcomes.length)
    this.#bytes[this.#length++] = SIGHT
    this.#varint(outcomes.length)
    for (let at = 0; at < outcomes.length; at++) this.#bytes[this.#length++] = outcomes[at]
    this.#checkBound()
  }

  /** An untagged span was parked; `flags`: what became of it by the tags that its trace had. */
  park(observation: Observation, flags: number): void {
    if (this.isOverfull) return
    if (observation.segmentKey !== this.#key) this.#writeKey(observation.segmentKey)
    this.#reserve(this.#parkBytes)
    const { second, endMs, weight, outcomes, values, isLog, isPart } = observation
    const secondApart = second === Math.ceil(endMs / 1000) ? 0 : SECOND_APART
    const weightApart = weight === 1 ? 0 : WEIGHT_APART
    const bytes = this.#bytes
    bytes[this.#length++] = PARK
    const kind = (isLog ? LOG : 0) | (isPart ? PART : 0)
    bytes[this.#length++] = flags | (observation.transport << TRANSPORT_SHIFT) | secondApart | weightApart | kind
    this.#double(endMs)
    if (secondApart !== 0) this.#double(second)
    if (weightApart !== 0) this.#double(weight)
    for (let sli = 0; sli < outcomes.length; sli++) {
      const value = values[sli]
      const hasValue = !Number.isNaN(value)
      bytes[this.#length++] = outcomes[sli] | (hasValue ? HAS_VALUE : 0)
      if (hasValue) this.#double(value)
    }
    this.#checkBound()
  }

  #begin(): void {
    this.#length = 0
    if (this.#bytes.length > KEPT_BYTES) this.#resize(INITIAL_BYTES)
    this.#names.clear()
    this.#paths.clear()
    this.#timeMs = Number.NaN
    this.#needsSinceMs = Number.NaN
    this.#trace.fill(0)
    this.#path = null
    this.#key = null
    this.isOverfull = false
    this.#bytes[this.#length++] = VERSION
    this.#writeName(this.#options.configuration)
    this.#names.clear()
    this.#reserve(VARINT_BYTES)
    this.#varint(this.#options.sliCount)
    this.#headBytes = this.#length
  }

  #checkBound(): void {
    if (this.#length <= this.#options.maxBytes) return
    this.isOverfull = true
    this.#length = 0
    this.#resize(INITIAL_BYTES)
    this.#names.clear()
    this.#paths.clear()
  }

  #writeTime(nowMs: number): void {
    this.#bytes[this.#length++] = TIME
    this.#double(nowMs)
    this.#timeMs = nowMs
    if (Number.isNaN(this.#needsSinceMs)) this.#needsSinceMs = nowMs - this.#options.waitMs
  }

  #writeTrace(traceId: Uint32Array): void {
    this.#bytes[this.#length++] = TRACE
    for (let word = 0; word < 4; word++) {
      this.#trace[word] = traceId[word]
      this.#view.setUint32(this.#length, traceId[word], true)
      this.#length += 4
    }
  }

  #writePath(tags: TagPath | null): void {
    const number = tags === null ? 0 : this.#paths.get(tags)
    if (number === undefined) this.#writeStep(tags!)
    else {
      this.#bytes[this.#length++] = PATH
      this.#varint(number)
    }
    this.#path = tags
  }

  #writeStep(tags: TagPath): void {
    const { previous } = tags
    if (previous !== null && !this.#paths.has(previous)) this.#writeStep(previous)
    this.#paths.set(tags, this.#paths.size + 1)
    this.#reserve(1 + VARINT_BYTES)
    this.#bytes[this.#length++] = STEP
    this.#varint(previous === null ? 0 : this.#paths.get(previous)!)
    this.#writeName(tags.experiment)
    this.#writeName(tags.variant)
  }

  #writeKey(key: string): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = KEY
    this.#writeName(key)
    this.#key = key
  }

  #writeName(name: string): void {
    const known = this.#names.get(name)
    this.#reserve(2 * VARINT_BYTES + 2 * name.length)
    if (known !== undefined) {
      this.#varint(known + 1)
      return
    }
    this.#names.set(name, this.#names.size)
    this.#bytes[this.#length++] = 0
    this.#varint(name.length)
    for (let at = 0; at < name.length; at++) {
      this.#view.setUint16(this.#length, name.charCodeAt(at), true)
      this.#length += 2
    }
  }

  #varint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  #double(value: number): void {
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    this.#resize(Math.max(2 * this.#bytes.length, this.#length + count))
  }

  /** New memory with what is written so far. */
  #resize(size: number): void {
    const resized = new Uint8Array(size)
    resized.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = resized
    this.#view = new DataView(resized.buffer)
  }
}

function isSame(one: Uint32Array, other: Uint32Array): boolean {
  return one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3]
}
