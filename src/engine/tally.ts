// What became of the items of the request at hand, and what its sender is told of it.
import { formatSeconds } from '../model/duration.ts'
import type { EngineSettings } from '../model/settings.ts'
import type { ExportOutcome, Signal, Transport } from '../model/signal.ts'
import type { Ledger } from './ledger.ts'

const REASONS = ['late', 'future', 'limit'] as const
export type TallyReason = (typeof REASONS)[number]

/** Counts of one request; items that wait for their trace are not in it. */
export class Tally {
  attributed = 0
  unattributed = 0
  duplicate = 0
  late = 0
  future = 0
  limit = 0
  /** Of those refused by a limit: for want of room for their time series. */
  streams = 0

  /** Enters everything in the ledger. */
  book(ledger: Ledger, signal: Signal, transport: Transport): void {
    ledger.attributed(signal, transport, this.attributed)
    ledger.unattributed(signal, transport, this.unattributed)
    ledger.duplicate(signal, transport, this.duplicate)
    for (const reason of REASONS) if (this[reason] > 0) ledger.refused(signal, transport, reason, this[reason])
  }

  /** What the sender is told. */
  outcome(settings: EngineSettings): ExportOutcome {
    return { kind: 'accepted', refused: this.late + this.future + this.limit, message: this.#explain(settings) }
  }

  #explain({ allowedLatenessMs, allowedFutureMs, limits, streams }: EngineSettings): string {
    const explanations: readonly (readonly [number, string])[] = [
      [this.late, `late: ended more than ${formatSeconds(allowedLatenessMs / 1000)} ago, or tell no time`],
      [this.future, `future: end more than ${formatSeconds(allowedFutureMs / 1000)} from now`],
      [this.limit - this.streams, `limit: of a new experiment, and there are ${limits.experiments} already`],
      [this.streams, `limit: of a new cumulative time series, and there are ${streams.limit} already`],
    ]
    const parts = explanations.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`)
    return parts.length === 0 ? '' : `not counted: ${parts.join('; ')}`
  }
}

/** Whether an item that ended at `endMs` may be counted at `nowMs`. */
export function untimely(endMs: number, nowMs: number, settings: EngineSettings): 'late' | 'future' | null {
  if (endMs < nowMs - settings.allowedLatenessMs) return 'late'
  return endMs > nowMs + settings.allowedFutureMs ? 'future' : null
}
