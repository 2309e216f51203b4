// Trace inheritance as one would write it without a thought for speed or memory: the model that the real one must equal.

interface NaiveSpan {
  readonly span: number
  readonly receivedMs: number
  attributed: boolean
  refused: boolean
}

interface NaiveTrace {
  lastMs: number
  readonly tags: Map<string, string>
  parked: NaiveSpan[]
}

export class NaiveInheritance {
  readonly deliveries: string[] = []
  readonly releases: string[] = []
  #traces = new Map<number, NaiveTrace>()
  readonly #waitMs: number
  readonly #refused: readonly string[]

  constructor(waitMs: number, refused: readonly string[]) {
    this.#waitMs = waitMs
    this.#refused = refused
  }

  get pendingItems(): number {
    return [...this.#traces.values()].flatMap(({ parked }) => parked).filter(({ attributed }) => !attributed).length
  }

  tagged(nowMs: number, id: number, tags: Readonly<Record<string, string>>): void {
    this.advance(nowMs)
    const trace = this.#see(id, nowMs)
    for (const [experiment, variant] of Object.entries(tags)) {
      if (trace.tags.has(experiment)) continue
      trace.tags.set(experiment, variant)
      for (const span of trace.parked) this.#deliver(span, experiment, variant)
    }
  }

  untagged(nowMs: number, id: number, number: number): boolean {
    this.advance(nowMs)
    const trace = this.#see(id, nowMs)
    const span = { span: number, receivedMs: nowMs, attributed: false, refused: false }
    trace.parked.push(span)
    for (const [experiment, variant] of trace.tags) this.#deliver(span, experiment, variant)
    return span.attributed
  }

  advance(nowMs: number): void {
    const isOver = (sinceMs: number): boolean => nowMs - sinceMs > this.#waitMs
    for (const [id, trace] of this.#traces) {
      for (const span of trace.parked.filter(({ receivedMs }) => isOver(receivedMs))) {
        if (!span.attributed) this.releases.push(span.refused ? 'limit' : 'unattributed')
      }
      trace.parked = trace.parked.filter(({ receivedMs }) => !isOver(receivedMs))
      if (isOver(trace.lastMs)) this.#traces.delete(id)
    }
  }

  #see(id: number, nowMs: number): NaiveTrace {
    const trace = this.#traces.get(id) ?? { lastMs: nowMs, tags: new Map<string, string>(), parked: [] }
    trace.lastMs = nowMs
    this.#traces.set(id, trace)
    return trace
  }

  #deliver(span: NaiveSpan, experiment: string, variant: string): void {
    if (this.#refused.includes(experiment)) span.refused = true
    else {
      span.attributed = true
      this.deliveries.push(`${span.span} ${experiment}=${variant}`)
    }
  }
}
