// What every receiver is: built from the same parts, started and stopped by the same promises.
import type { ReceiverSettings } from '../model/settings.ts'
import type { TelemetrySink } from '../model/signal.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Admission } from './admission.ts'
import type { RequestCounters } from './request-counters.ts'

/** Where a receiver tells what no sender is told: faults of the sink, misdirected clients. */
export interface ReceiverLog {
  warn(detail: object, message: string): void
}

/** What a receiver is made of; both receivers get the same admission, and may get the same counters. */
export interface ReceiverParts {
  readonly settings: ReceiverSettings
  readonly sink: TelemetrySink
  readonly clock: Clock
  readonly admission: Admission
  /** Left out: the receiver makes its own. */
  readonly counters?: RequestCounters
  readonly log?: ReceiverLog
  /**
   * The sink neither keeps nor transfers `body` beyond its answer (its return, or the settling of its promise): the memory may
   * be used again then. Left out: every body is in memory of its own.
   */
  readonly borrowedBodies?: boolean
}

export interface Receiver {
  readonly counters: RequestCounters
  /** Listens; resolves with the address really bound. Rejects with a message that names the endpoint and what to do. May be called once. */
  start(): Promise<{ host: string; port: number }>
  /**
   * Takes no new connection, finishes the requests already begun, tells new ones on old connections to come again, then
   * closes; destroys what is left after `deadlineMs`. Never rejects. Safe before start and when called again.
   */
  stop(deadlineMs: number): Promise<void>
}
