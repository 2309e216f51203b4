// The pieces in which state travels between writers, stores and engines.

/** The slice of everything older than the minutes that are kept apart. */
export const HISTORY = -1

export interface RowKey {
  readonly variant: string
  /** As observation.ts joins the values. */
  readonly segmentKey: string
  /** A minute (number n: the seconds (60 n, 60 (n + 1)] of event time) or HISTORY. */
  readonly slice: number
}

/** One writer's partial of one cohort in one slice. */
export interface PartialRow extends RowKey {
  readonly bytes: Uint8Array
  /** The newest second that it counts, Unix time: what decides when it may be forgotten. */
  readonly newestSecond: number
}

export interface WriterRow extends PartialRow {
  readonly writer: string
}

/** Alerts that fire on a cohort, as JSON of the engine's making; null: none does. */
export interface CohortAlerts {
  readonly variant: string
  readonly segmentKey: string
  readonly json: string | null
}

/** A writer as the store knows it. */
export interface WriterState {
  readonly writer: string
  /** Of its latest flush. */
  readonly sequence: number
  /** It will change none of its minutes up to this one; -1: none. */
  readonly sealedMinute: number
  /** `replica_id`, for people. */
  readonly name: string | null
  readonly retired: boolean
}

/** Rows of a writer that is gone, contained in somebody else's now. */
export interface AdoptedRows {
  readonly writer: string
  readonly keys: readonly RowKey[]
}

/** What the engine has for the store of one experiment; who writes it, and as which flush, is the keeper's business. */
export interface FlushDraft {
  readonly experiment: string
  readonly sealedMinute: number
  readonly rows: readonly PartialRow[]
  readonly dropped: readonly RowKey[]
  readonly adopted: readonly AdoptedRows[]
}

/** What the engine has to make known of an experiment that it leads. */
export interface PublicationDraft<Event> {
  readonly experiment: string
  /** Null: unchanged. */
  readonly state: string | null
  /** Only cohorts whose alerts changed. */
  readonly alerts: readonly CohortAlerts[]
  /** Oldest first. */
  readonly events: readonly Event[]
}
