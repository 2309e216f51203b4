// What the daemon tells the world: CloudEvents 1.0.
import type { Severity } from './slo.ts'

export type EventType =
  | 'cohortd.burn.firing'
  | 'cohortd.burn.escalated'
  | 'cohortd.burn.updated'
  | 'cohortd.burn.resolved'
  | 'cohortd.experiment.discovered'
  | 'cohortd.store.lost'
  | 'cohortd.store.degraded'
  | 'cohortd.store.restored'
  | 'cohortd.stream.resync'

export interface BurnWindow {
  /** "1h", as in the configuration. */
  readonly window: string
  readonly burn_rate: number | null
  /** Weighted counts. */
  readonly events: number
  readonly bad: number
}

/** `data` of cohortd.store.lost. */
export interface StoreLostData {
  /** Some of the experiments that it concerns; empty: it is of no particular one. */
  readonly experiments: readonly string[]
  /** How many there are of them. */
  readonly experiment_count: number
  /** What was lost and what follows from it, a sentence each. */
  readonly what: readonly string[]
}

/** `data` of every cohortd.burn.* event. */
export interface BurnEventData {
  readonly experiment: string
  readonly variant: string
  readonly segments: Readonly<Record<string, string>>
  readonly slo: string
  /** Null where there is an upper bound. */
  readonly objective: number | null
  /** Present where the SLO bounds a ratio. */
  readonly upper_bound?: number
  readonly severity: Severity
  readonly factor: number
  readonly gate: 'rollback' | null
  readonly long: BurnWindow
  readonly short: BurnWindow
  readonly shared: boolean
  /** When the alert began to fire, RFC 3339. */
  readonly since: string
  /** On cohortd.burn.resolved. */
  readonly reason?: 'recovered' | 'no_traffic'
  readonly runbook_url: string | null
  /** Hex ids of up to 5 recent bad events, newest first. */
  readonly trace_ids: readonly string[]
}

/** An event with its identity. `id` is "<tick in Unix ms>-<number within the tick>": later events compare greater by both parts. */
export interface CohortEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: EventType
  /** experiment/variant[/segment...] */
  readonly subject: string
  /** The tick's time, RFC 3339. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly data: unknown
}

/** An event as it is kept and sent: its bytes are made once. */
export interface PublishedEvent {
  readonly id: string
  readonly json: string
}

/** Orders event ids: negative when `a` is older than `b`. */
export function compareEventIds(a: string, b: string): number {
  const [aTime, aNumber] = eventIdParts(a)
  const [bTime, bNumber] = eventIdParts(b)
  return aTime - bTime || aNumber - bNumber
}

function eventIdParts(id: string): [number, number] {
  const dash = id.indexOf('-')
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))]
}

/** Whether the text has the shape of an event id. */
export function isEventId(text: string): boolean {
  return /^\d{1,15}-\d{1,9}$/.test(text)
}
