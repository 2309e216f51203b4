// The store as the rest of the program knows it: domain verbs, no connection types.
import type { PublishedEvent } from '../model/event.ts'

/** What the engine knows of one cohort: the encoded partial of all its slices, and the alerts that fire on it. */
export interface CohortState {
  readonly experiment: string
  readonly variant: string
  /** As model/observation.ts joins them. */
  readonly segmentKey: string
  /** Encoded by slices/codec.ts; opaque here. */
  readonly partial: Uint8Array
  /** Alert state of the cohort as JSON. */
  readonly alerts: string
}

export interface ExperimentState {
  readonly id: string
  /** JSON of the engine's making. */
  readonly json: string
}

export interface StoredState {
  readonly experiments: readonly ExperimentState[]
  readonly cohorts: readonly CohortState[]
  /** The engine's own record (ledger, clock) as JSON; null in a new store. */
  readonly engine: string | null
}

/** Changes that are written together or not at all. */
export interface StateChange {
  readonly experiments: readonly ExperimentState[]
  readonly cohorts: readonly CohortState[]
  /** Experiments to forget with all their cohorts. */
  readonly forgottenExperiments: readonly string[]
  readonly forgottenCohorts: readonly Omit<CohortState, 'partial' | 'alerts'>[]
  readonly engine: string
  /** New events, oldest first. */
  readonly events: readonly PublishedEvent[]
}

/**
 * Keeps state over restarts. Calls are answered in order. start() may be called once, stop() more than once;
 * stop() waits for what was accepted. A failing store rejects with StoreError.
 */
export interface Store {
  start(): Promise<void>
  stop(): Promise<void>
  load(): Promise<StoredState>
  save(change: StateChange): Promise<void>
  /** Events after `afterId` (null: from the oldest kept), oldest first, at most `limit`. */
  readEvents(afterId: string | null, limit: number): Promise<PublishedEvent[]>
  /** The newest events, oldest first, at most `limit`. */
  newestEvents(limit: number): Promise<PublishedEvent[]>
}

/** A store that cannot do what was asked; the message says what is wrong and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}
