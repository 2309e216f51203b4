// What the API needs of the daemon, in one interface; daemon.ts implements it. The API never sees the engine.
import type { PublishedEvent } from '../model/event.ts'
import type { AlertReport, ExperimentReport, ExperimentSummary, ItemsBySignal } from '../model/report.ts'

/** A burn alert that fires now. */
export interface FiringAlert extends AlertReport {
  readonly experiment: string
  readonly variant: string
  readonly segments: Readonly<Record<string, string>>
  readonly slo: string
}

/** The last evaluation. */
export interface TickState {
  readonly evaluatedMs: number
  /** How old it is now. */
  readonly ageSeconds: number
}

/** The event log as publish/event-log.ts implements it. */
export interface ApiEventLog {
  readonly oldestId: string | null
  readonly newestId: string | null
  after(id: string | null, limit: number): readonly PublishedEvent[]
  continuesFrom(id: string): boolean
  positionAt(id: string): string
  subscribe(listener: (events: readonly PublishedEvent[]) => void): () => void
}

/** A page of metrics: its exact content type and its bytes in pieces. */
export interface MetricsPage {
  readonly contentType: string
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface ApiSource {
  readonly version: string
  readonly configHash: string
  /** `source` of the CloudEvents that the API itself makes (cohortd.stream.resync). */
  readonly eventSource: string
  readonly eventLog: ApiEventLog
  /** Null before the first tick. */
  tick(): TickState | null
  experiments(): readonly ExperimentSummary[]
  /** What became of the items that this process received. */
  items(): ItemsBySignal
  /** The full report, or null for an experiment of which nothing is known. */
  experiment(id: string): ExperimentReport | null
  alerts(): readonly FiringAlert[]
  /** The metrics page in the format that the Accept header asks for. */
  metrics(accept: string | undefined): MetricsPage
  /** Why the daemon cannot do its work any more, a sentence each; empty: it is well. */
  unhealthy(): readonly string[]
  /** Why it should get no requests now; empty: it is ready. */
  notReady(): readonly string[]
  /** Whether what is reported is all that is stored; until then, reports are not given. */
  isLoaded(): boolean
  /** What is not as it should be while reports are given, a sentence each: they may lack what others count, or what was lost. */
  degraded(): readonly string[]
}

/** What the API tells about itself; each call is cheap and must not throw. */
export interface ApiObserver {
  /** Number of open event streams. */
  streams(open: number): void
  /** A stream was ended ("slow") or refused ("limit") by us. */
  streamDropped(reason: 'slow' | 'limit'): void
  /** A request failed inside; the client was told only that. */
  failed(error: unknown, route: string): void
}
