// Where every received item went. The law: received = attributed + unattributed + pending + duplicate + refused.
import type { LedgerReading, LedgerRow } from '../model/reading.ts'
import type { ItemsReport } from '../model/report.ts'
import { REFUSALS, type Refusal, SIGNALS, type Signal, TRANSPORTS, type Transport } from '../model/signal.ts'

const OUTCOMES = ['attributed', 'unattributed', 'duplicate', ...REFUSALS] as const
type Column = (typeof OUTCOMES)[number]

/** Exact item counts of this process since its start, by signal, transport and outcome. */
export class Ledger implements LedgerReading {
  readonly #counts = new Float64Array(SIGNALS.length * TRANSPORTS.length * OUTCOMES.length)
  readonly #pending: (signal: Signal) => number

  /** `pending` tells how many items of a signal wait for their trace right now. */
  constructor(pending: (signal: Signal) => number) {
    this.#pending = pending
  }

  attributed(signal: Signal, transport: Transport, items = 1): void {
    this.#add(signal, transport, 'attributed', items)
  }

  unattributed(signal: Signal, transport: Transport, items = 1): void {
    this.#add(signal, transport, 'unattributed', items)
  }

  duplicate(signal: Signal, transport: Transport, items: number): void {
    this.#add(signal, transport, 'duplicate', items)
  }

  refused(signal: Signal, transport: Transport, reason: Refusal, items = 1): void {
    this.#add(signal, transport, reason, items)
  }

  pending(signal: Signal): number {
    return this.#pending(signal)
  }

  rows(): LedgerRow[] {
    const rows: LedgerRow[] = []
    for (const signal of SIGNALS) {
      for (const transport of TRANSPORTS) {
        for (const column of OUTCOMES) {
          const items = this.#counts[index(signal, transport, column)]
          if (items === 0) continue
          const reason = isRefusal(column) ? column : ''
          rows.push({ signal, transport, outcome: isRefusal(column) ? 'refused' : column, reason, items })
        }
      }
    }
    return rows
  }

  /** One signal's items over all transports; an empty object where the signal has had none. */
  report(signal: Signal): ItemsReport | Record<string, never> {
    const refused: Partial<Record<Refusal, number>> = {}
    const totals = { attributed: 0, unattributed: 0, duplicate: 0 }
    const pending = this.#pending(signal)
    let received = pending
    for (const column of OUTCOMES) {
      let items = 0
      for (const transport of TRANSPORTS) items += this.#counts[index(signal, transport, column)]
      received += items
      if (!isRefusal(column)) totals[column] = items
      else if (items > 0) refused[column] = items
    }
    if (received === 0) return {}
    const { attributed, unattributed, duplicate } = totals
    return { received, attributed, unattributed, pending, duplicate, refused }
  }

  #add(signal: Signal, transport: Transport, column: Column, items: number): void {
    this.#counts[index(signal, transport, column)] += items
  }
}

function index(signal: Signal, transport: Transport, column: Column): number {
  return (
    (SIGNALS.indexOf(signal) * TRANSPORTS.length + TRANSPORTS.indexOf(transport)) * OUTCOMES.length +
    OUTCOMES.indexOf(column)
  )
}

function isRefusal(column: Column): column is Refusal {
  return (REFUSALS as readonly string[]).includes(column)
}
