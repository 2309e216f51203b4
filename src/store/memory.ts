// The store that forgets at exit: for tests and for trying things out. Copies what it is given, as a file would.
import { compareEventIds, isEventId, type PublishedEvent } from '../model/event.ts'
import {
  type CohortState,
  type ExperimentState,
  type StateChange,
  type Store,
  type StoredState,
  StoreError,
} from './port.ts'

/** Keeps at most `eventLimit` events. */
export class MemoryStore implements Store {
  readonly #eventLimit: number
  readonly #experiments = new Map<string, ExperimentState>()
  readonly #cohorts = new Map<string, CohortState>()
  #engine: string | null = null
  #events: PublishedEvent[] = []
  #state: 'new' | 'running' | 'stopped' = 'new'

  constructor(options: { eventLimit: number }) {
    this.#eventLimit = options.eventLimit
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new StoreError('a store can be started only once')
    this.#state = 'running'
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
  }

  async load(): Promise<StoredState> {
    this.#mustRun()
    return {
      experiments: [...this.#experiments.values()],
      cohorts: [...this.#cohorts.values()].map(copyOf),
      engine: this.#engine,
    }
  }

  async save(change: StateChange): Promise<void> {
    this.#mustRun()
    for (const event of change.events) mustBeEventId(event.id)
    this.#forget(change)
    for (const experiment of change.experiments) this.#experiments.set(experiment.id, { ...experiment })
    for (const cohort of change.cohorts) this.#cohorts.set(cohortKey(cohort), copyOf(cohort))
    this.#engine = change.engine
    this.#addEvents(change.events)
  }

  async readEvents(afterId: string | null, limit: number): Promise<PublishedEvent[]> {
    this.#mustRun()
    if (afterId !== null) mustBeEventId(afterId)
    const later =
      afterId === null ? this.#events : this.#events.filter((event) => compareEventIds(event.id, afterId) > 0)
    return later.slice(0, Math.max(0, limit))
  }

  async newestEvents(limit: number): Promise<PublishedEvent[]> {
    this.#mustRun()
    return limit > 0 ? this.#events.slice(-limit) : []
  }

  #mustRun(): void {
    if (this.#state !== 'running') throw new StoreError('the store is not running')
  }

  #forget(change: StateChange): void {
    const forgotten = new Set(change.forgottenExperiments)
    for (const id of forgotten) this.#experiments.delete(id)
    if (forgotten.size > 0)
      for (const [key, cohort] of this.#cohorts) if (forgotten.has(cohort.experiment)) this.#cohorts.delete(key)
    for (const cohort of change.forgottenCohorts) this.#cohorts.delete(cohortKey(cohort))
  }

  #addEvents(events: readonly PublishedEvent[]): void {
    if (events.length === 0) return
    const byId = new Map(this.#events.map((event) => [event.id, event]))
    for (const event of events) byId.set(event.id, { ...event })
    const ordered = [...byId.values()].sort((a, b) => compareEventIds(a.id, b.id))
    this.#events = ordered.slice(Math.max(0, ordered.length - this.#eventLimit))
  }
}

function mustBeEventId(id: string): void {
  if (!isEventId(id)) throw new StoreError(`"${id}" is not the id of an event`)
}

function cohortKey(cohort: Omit<CohortState, 'partial' | 'alerts'>): string {
  return JSON.stringify([cohort.experiment, cohort.variant, cohort.segmentKey])
}

function copyOf(cohort: CohortState): CohortState {
  return { ...cohort, partial: cohort.partial.slice() }
}
