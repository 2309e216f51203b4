// Reads what inheritance-journal.ts wrote, which says how it is laid out. An entry is read whole before any of it is used, so
// that damaged bytes change nothing.
import { Observation } from '../model/observation.ts'
import { TRANSPORTS } from '../model/signal.ts'
import { MAX_NAME_LENGTH } from '../model/tag-names.ts'
import * as layout from './inheritance-journal.ts'
import { MAX_TAGS } from './tags.ts'

/** The bytes are no journal entry that this version can read; nothing of them was taken. */
export class JournalError extends Error {
  override readonly name = 'JournalError'
}

/** A tag as the journal has it. */
export interface JournalTag {
  readonly experiment: string
  readonly variant: string
}

/** Told of the records of an entry, in order. What it is handed is used again after the call. */
export interface JournalVisitor {
  section(section: layout.Section): void
  /** The records that follow are of this moment. */
  time(nowMs: number): void
  /** `outcomes`: flags of parked spans by each of the last tags, which were new. */
  sight(traceId: Uint32Array, tags: readonly JournalTag[], outcomes: Uint8Array): void
  /** The trace is told by the observation. */
  park(observation: Observation, tags: readonly JournalTag[], flags: number): void
}

export interface JournalReading {
  readonly configuration: string
  readonly sliCount: number
  /** Tells a visitor everything, as often as wanted. */
  tell(visitor: JournalVisitor): void
}

/** Throws JournalError where the bytes are not a whole and valid entry. */
export function readJournal(bytes: Uint8Array): JournalReading {
  const head = new EntryReader(bytes)
  head.tell({ section: ignore, time: ignore, sight: ignore, park: ignore })
  const { configuration, sliCount } = head
  return { configuration, sliCount, tell: (visitor) => new EntryReader(bytes).tell(visitor) }
}

function ignore(): void {
  // Only whether the bytes can be read is wanted.
}

/** Larger than any configuration has; guards the memory of a record. */
const MAX_SLIS = 10_000

/** One pass over an entry. */
class EntryReader {
  readonly configuration: string
  readonly sliCount: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  readonly #names: string[] = []
  /** By number; the first is the path without a tag. */
  readonly #paths: (readonly JournalTag[])[] = [[]]
  readonly #traceId = new Uint32Array(4)
  #path: readonly JournalTag[] = this.#paths[0]
  #hasTime = false
  readonly #observation: Observation

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const version = this.#byte()
    if (version !== layout.VERSION) throw new JournalError(`journal entry of an unknown version, ${version}`)
    this.configuration = this.#name()
    this.#names.length = 0
    this.sliCount = this.#varint()
    if (this.sliCount > MAX_SLIS) throw damaged('too many SLIs')
    this.#observation = new Observation(this.sliCount)
  }

  tell(visitor: JournalVisitor): void {
    while (this.#at < this.#bytes.length) this.#record(this.#byte(), visitor)
  }

  #record(kind: number, visitor: JournalVisitor): void {
    if (kind === layout.PARK) this.#park(visitor)
    else if (kind === layout.SIGHT) this.#sight(visitor)
    else if (kind === layout.TRACE) for (let word = 0; word < 4; word++) this.#traceId[word] = this.#uint32()
    else if (kind === layout.TIME) this.#time(visitor)
    else if (kind === layout.PATH) this.#path = this.#pathOf(this.#varint())
    else if (kind === layout.STEP) this.#step()
    else if (kind === layout.KEY) this.#observation.segmentKey = this.#name()
    else if (kind === layout.SECTION) visitor.section(this.#section())
    else throw damaged('a record of an unknown kind')
  }

  #time(visitor: JournalVisitor): void {
    this.#hasTime = true
    visitor.time(this.#finite())
  }

  #section(): layout.Section {
    const section = layout.SECTIONS[this.#byte()]
    if (section === undefined) throw damaged('a section of an unknown kind')
    return section
  }

  #step(): void {
    const previous = this.#pathOf(this.#varint())
    const experiment = this.#name()
    const variant = this.#name()
    if (previous.length === MAX_TAGS || Math.max(experiment.length, variant.length) > MAX_NAME_LENGTH)
      throw damaged('tags beyond the limits')
    this.#path = [...previous, { experiment, variant }]
    this.#paths.push(this.#path)
  }

  #sight(visitor: JournalVisitor): void {
    const count = this.#varint()
    if (!this.#hasTime || count > this.#path.length) throw damaged('more new tags than tags')
    const outcomes = this.#bytes.subarray(this.#at, this.#skip(count))
    for (const flags of outcomes) if (flags > layout.FLAGS_MASK) throw damaged('unknown flags')
    visitor.sight(this.#traceId, this.#path, outcomes)
  }

  #park(visitor: JournalVisitor): void {
    const observation = this.#observation
    const form = this.#byte()
    observation.traceId.set(this.#traceId)
    observation.transport = (form >> layout.TRANSPORT_SHIFT) & layout.TRANSPORT_MASK
    observation.isLog = (form & layout.LOG) !== 0
    observation.isPart = (form & layout.PART) !== 0
    if (!this.#hasTime || observation.transport >= TRANSPORTS.length) throw damaged('a span of an unknown form')
    observation.endMs = this.#finite()
    observation.second = (form & layout.SECOND_APART) === 0 ? Math.ceil(observation.endMs / 1000) : this.#finite()
    observation.weight = (form & layout.WEIGHT_APART) === 0 ? 1 : this.#finite()
    for (let sli = 0; sli < this.sliCount; sli++) this.#outcome(observation, sli)
    visitor.park(observation, this.#path, form & layout.FLAGS_MASK)
  }

  #outcome(observation: Observation, sli: number): void {
    const byte = this.#byte()
    observation.outcomes[sli] = byte & layout.OUTCOME_MASK
    if (byte >= 2 * layout.HAS_VALUE) throw damaged('an unknown outcome')
    observation.values[sli] = (byte & layout.HAS_VALUE) === 0 ? Number.NaN : this.#double()
  }

  #pathOf(number: number): readonly JournalTag[] {
    const path = this.#paths[number]
    if (path === undefined) throw damaged('tags that were not told')
    return path
  }

  #name(): string {
    const number = this.#varint()
    if (number > 0) {
      const known = this.#names[number - 1]
      if (known === undefined) throw damaged('a name that was not told')
      return known
    }
    const length = this.#varint()
    const end = this.#skip(2 * length)
    const units: string[] = []
    for (let at = end - 2 * length; at < end; at += 2) units.push(String.fromCharCode(this.#view.getUint16(at, true)))
    const name = units.join('')
    this.#names.push(name)
    return name
  }

  #byte(): number {
    return this.#bytes[this.#skip(1) - 1]
  }

  #uint32(): number {
    return this.#view.getUint32(this.#skip(4) - 4, true)
  }

  #varint(): number {
    let value = 0
    let scale = 1
    for (let length = 0; length < 5; length++) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
    throw damaged('a number is too large')
  }

  #finite(): number {
    const value = this.#double()
    if (!Number.isFinite(value)) throw damaged('a number is not finite')
    return value
  }

  #double(): number {
    return this.#view.getFloat64(this.#skip(8) - 8, true)
  }

  /** Passes over so many bytes, and gives where they end. */
  #skip(count: number): number {
    if (this.#at + count > this.#bytes.length) throw damaged('the bytes end early')
    this.#at += count
    return this.#at
  }
}

function damaged(what: string): JournalError {
  return new JournalError(`damaged journal entry: ${what}`)
}
