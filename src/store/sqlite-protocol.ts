// What the SQLite store and its thread say to each other. A request with a `call` is answered by exactly one answer of
// that number, in the order of the requests.
import type { PublishedEvent } from '../model/event.ts'
import type { CohortPiece } from './cohort-pieces.ts'
import type { ExperimentState, StateChange } from './port.ts'

/** A change is one `begin`, its cohorts in `piece`s, and one `commit`; what fails on the way is told at the commit. */
export type SqliteRequest =
  | {
      readonly do: 'begin'
      readonly forgottenExperiments: StateChange['forgottenExperiments']
      readonly forgottenCohorts: StateChange['forgottenCohorts']
    }
  | { readonly do: 'piece'; readonly piece: CohortPiece }
  | {
      readonly do: 'commit'
      readonly call: number
      readonly experiments: StateChange['experiments']
      readonly engine: string
      readonly events: StateChange['events']
    }
  | { readonly do: 'open'; readonly call: number; readonly path: string; readonly eventLimit: number }
  | { readonly do: 'load'; readonly call: number }
  | { readonly do: 'readEvents'; readonly call: number; readonly afterId: string | null; readonly limit: number }
  | { readonly do: 'newestEvents'; readonly call: number; readonly limit: number }
  | { readonly do: 'close'; readonly call: number }

export interface PackedState {
  readonly experiments: ExperimentState[]
  readonly engine: string | null
  readonly pieces: CohortPiece[]
}

export type SqliteResult = null | PackedState | PublishedEvent[]

export type SqliteAnswer =
  | { readonly call: number; readonly result: SqliteResult }
  /** `message` is that of a StoreError. */
  | { readonly call: number; readonly message: string }
