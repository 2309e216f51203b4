// Which events of spans and bodies of log records are read: flag evaluations, and what the vocabulary names. Hides who gives way where a span
// has more events than there is room for.
import type { SpanRecord } from '../model/span.ts'
import { EVENT_NAME_ATTRIBUTE, FLAG_EVENT_NAMES, Vocabulary } from '../model/vocabulary.ts'
import { ByteNames } from './names.ts'
import type { StringTable } from './strings.ts'
import { MAX_EVENTS, MAX_OTHER_EVENTS } from './wanted.ts'

/** Names that are looked for in bytes. */
export class EventNames {
  /** Whether every event is wanted, whatever its name. */
  readonly all: boolean
  /** Whether any event but flag evaluations is. */
  readonly others: boolean
  readonly #names: readonly string[]
  readonly #bytes: ByteNames
  readonly #strings: StringTable

  constructor({ events }: Vocabulary, strings: StringTable) {
    this.#strings = strings
    this.all = events === 'all'
    this.others = this.all || events.length > 0
    // An empty name is none, and nothing is found by it.
    const named = events === 'all' ? [] : events.filter((name) => name !== '')
    this.#names = [...FLAG_EVENT_NAMES, ...named]
    this.#bytes = new ByteNames(this.#names)
  }

  /** The name that the bytes spell, if it is a known one; null: it is not. */
  find(view: DataView, start: number, end: number): string | null {
    const index = this.#bytes.find(view, start, end)
    return index < 0 ? null : this.#names[index]
  }

  /** The name that the bytes spell, if an event of that name is wanted; null: it is not. An event without a name has an empty one. */
  wanted(view: DataView, start: number, end: number): string | null {
    const known = this.find(view, start, end)
    return known === null && this.all ? this.#strings.text(view, start, end) : known
  }

  /** The same of an event that tells no name. */
  get unnamed(): string | null {
    return this.all ? '' : null
  }
}

export function isFlagEvent(name: string): boolean {
  return FLAG_EVENT_NAMES.includes(name)
}

/** Whether the span has room for one more event; for a flag evaluation another event gives way. */
export function makeRoom(span: SpanRecord, isFlag: boolean): boolean {
  if (!isFlag) return span.otherEventCount < MAX_OTHER_EVENTS && span.eventCount < MAX_EVENTS
  if (span.eventCount < MAX_EVENTS) return true
  if (span.otherEventCount === 0) return false
  span.dropLastOther()
  return true
}

/** The vocabulary with the attribute that names an event behind its own, so that its slots stay what they are. */
export function withEventName(vocabulary: Vocabulary): Vocabulary {
  return new Vocabulary({
    names: [...vocabulary.names, EVENT_NAME_ATTRIBUTE],
    prefixes: vocabulary.prefixes,
    spanName: vocabulary.spanName,
    events: vocabulary.events,
    metrics: vocabulary.metrics,
  })
}
