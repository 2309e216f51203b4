// Which attributes, events and metrics anybody will ask for. The decoders read these and skip the rest, so no other value is ever held.

/** The attribute names (each with a slot) and key prefixes, event names and metrics that the configured cohorts and SLIs need. */
export class Vocabulary {
  readonly names: readonly string[]
  readonly prefixes: readonly string[]
  /** Whether some rule looks at the span's name. */
  readonly spanName: boolean
  /** Names of events that some SLI looks at, beside flag evaluations; 'all': it cannot be said beforehand. */
  readonly events: readonly string[] | 'all'
  /** Names of metrics whose numbers some SLI looks at. */
  readonly metrics: readonly string[]
  readonly #slots: ReadonlyMap<string, number>

  constructor(wanted: {
    names: Iterable<string>
    prefixes?: Iterable<string>
    spanName?: boolean
    events?: Iterable<string> | 'all'
    metrics?: Iterable<string>
  }) {
    this.names = [...new Set(wanted.names)]
    this.prefixes = [...new Set(wanted.prefixes)]
    this.spanName = wanted.spanName ?? false
    this.events = wanted.events === 'all' ? 'all' : [...new Set(wanted.events)]
    this.metrics = [...new Set(wanted.metrics)]
    this.#slots = new Map(this.names.map((name, slot) => [name, slot]))
  }

  /** The slot of an attribute name. Throws where the name was not declared: that is a mistake in the program. */
  slot(name: string): number {
    const slot = this.#slots.get(name)
    if (slot === undefined) throw new Error(`attribute ${name} is not in the vocabulary`)
    return slot
  }
}

/** Names of events that tell of a flag evaluation: the current and the earlier semantic convention. */
export const FLAG_EVENT_NAMES: readonly string[] = ['feature_flag.evaluation', 'feature_flag']
/** The attribute in which earlier SDKs name the event of a log record. */
export const EVENT_NAME_ATTRIBUTE = 'event.name'
