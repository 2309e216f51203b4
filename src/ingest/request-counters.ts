// Every request that reached a receiver, by what it was answered: the whole truth about refusals, those that never name an
// item included.
import { SIGNALS, type Signal, TRANSPORTS, type Transport } from '../model/signal.ts'

/** Requests with one answer. */
export interface RequestCount {
  /** Null when the request named no signal (unknown path, unreadable). */
  readonly signal: Signal | null
  readonly transport: Transport
  /**
   * The HTTP status or gRPC status code as on the wire; "aborted" when the client left before the answer, "dropped" for a
   * connection over the limit.
   */
  readonly code: string
  readonly requests: number
  /** Body bytes received, before decompression. */
  readonly bytes: number
}

export type AnswerCode = number | 'aborted' | 'dropped'

interface Tally {
  requests: number
  bytes: number
}

/** Counts requests since the start of the process. */
export class RequestCounters {
  readonly #byOrigin: Map<AnswerCode, Tally>[] = Array.from(
    { length: TRANSPORTS.length * (SIGNALS.length + 1) },
    () => new Map(),
  )

  add(signal: Signal | null, transport: Transport, code: AnswerCode, bytes: number): void {
    const tallies = this.#byOrigin[originIndex(signal, transport)]
    const tally = tallies.get(code)
    if (tally === undefined) tallies.set(code, { requests: 1, bytes })
    else {
      tally.requests++
      tally.bytes += bytes
    }
  }

  rows(): RequestCount[] {
    const rows: RequestCount[] = []
    for (const transport of TRANSPORTS) {
      for (const signal of [...SIGNALS, null]) {
        for (const [code, tally] of this.#byOrigin[originIndex(signal, transport)]) {
          rows.push({ signal, transport, code: String(code), ...tally })
        }
      }
    }
    return rows
  }
}

function originIndex(signal: Signal | null, transport: Transport): number {
  const signalIndex = signal === null ? SIGNALS.length : SIGNALS.indexOf(signal)
  return TRANSPORTS.indexOf(transport) * (SIGNALS.length + 1) + signalIndex
}
