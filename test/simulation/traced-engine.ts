// The engine with a witness, who is told what it counts, and of what it takes back and takes over.

import type { LeftEntry, TakenJournal } from '../../src/cohort/traces.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { ConsumeOptions } from '../../src/engine/items.ts'
import type { WriterRow } from '../../src/model/partial.ts'
import type { ExportOutcome, ExportRequest } from '../../src/model/signal.ts'
import { SETTINGS } from './settings.ts'

export interface Witness {
  /** A request was counted that was not known. */
  counted(request: ExportRequest, nowMs: number, skip: ReadonlySet<string>): void
  undone(identities: readonly string[]): void
  /** Rows of a writer that is gone are in the own history now. */
  adopted(experiment: string, rows: readonly WriterRow[]): void
  journalTaken(): void
  restored(entries: readonly LeftEntry[]): void
}

const NOTHING: ReadonlySet<string> = new Set()

export class TracedEngine extends Engine {
  readonly #witness: Witness

  constructor(startMs: number, witness: Witness) {
    super(SETTINGS, startMs, { journal: true })
    this.#witness = witness
  }

  override consume(request: ExportRequest, nowMs: number, options: ConsumeOptions = {}): ExportOutcome {
    this.advanceTo(nowMs)
    const isNew = !this.hasCounted(request.identity)
    const outcome = super.consume(request, nowMs, options)
    if (isNew && outcome.kind === 'accepted') this.#witness.counted(request, this.nowMs, options.skip ?? NOTHING)
    return outcome
  }

  override forgetRequests(identities: readonly string[]): void {
    super.forgetRequests(identities)
    this.#witness.undone(identities)
  }

  override adopt(experiment: string, rows: readonly WriterRow[]): WriterRow[] {
    const adopted = super.adopt(experiment, rows)
    this.#witness.adopted(experiment, adopted)
    return adopted
  }

  override takeJournal(): TakenJournal | null {
    const taken = super.takeJournal()
    if (taken !== null) this.#witness.journalTaken()
    return taken
  }

  override restoreJournal(entries: Iterable<LeftEntry>): void {
    const list = [...entries]
    super.restoreJournal(list)
    this.#witness.restored(list)
  }
}
