// What an engine owes to the store of one experiment, and what it must remember of the others' part in it.
import type { PartialRow, RowKey } from '../model/partial.ts'
import type { AdoptedKey } from './own-partials.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

export class Share {
  /** Cohorts with something for the store. */
  readonly changed = new Set<TrackedCohort>()
  /** Cohorts whose alerts changed since they were published. */
  readonly changedAlerts = new Set<TrackedCohort>()
  /** Rows of cohorts that are forgotten. */
  readonly dropped: RowKey[] = []
  /** Rows of others that nobody needs: of cohorts that are forgotten. */
  readonly adopted: AdoptedKey[] = []
  /** Whether the experiment has been told of, here or elsewhere. */
  isAnnounced = false
  /** The experiment's own state is to be published. */
  hasNewState = false
  /** Promised already: no own minute up to this one will change. */
  sealedMinute = -1
  /** The promise may not have reached the store. */
  owesSeal = false
  /** The newest minute that was written. */
  #writtenMinute = -1
  /** By writer: what it has promised. */
  readonly #sealed = new Map<string, number>()
  /** By writer: the names under which series know it, where that is not the writer's own. */
  readonly #sources = new Map<string, Set<string>>()

  get hasForStore(): boolean {
    return this.changed.size > 0 || this.dropped.length > 0 || this.adopted.length > 0 || this.owesSeal
  }

  /** Whether all that was written can be promised now, where minutes up to `minute` can be. */
  isSealDue(minute: number): boolean {
    return this.sealedMinute < this.#writtenMinute && minute >= this.#writtenMinute
  }

  /** Notes what is written. */
  wrote(rows: readonly PartialRow[]): void {
    for (const { slice } of rows) if (slice > this.#writtenMinute) this.#writtenMinute = slice
  }

  /** At most `limit` of the cohorts that changed. */
  takeChanged(limit: number): TrackedCohort[] {
    if (this.changed.size <= limit) {
      const all = [...this.changed]
      this.changed.clear()
      return all
    }
    const taken: TrackedCohort[] = []
    for (const tracked of this.changed) {
      if (taken.length === limit) break
      taken.push(tracked)
      this.changed.delete(tracked)
    }
    return taken
  }

  /** Rows of forgotten cohorts, without those that are written anew, since the cohort is back. */
  takeDropped(rows: readonly PartialRow[]): RowKey[] {
    const dropped = this.dropped.splice(0)
    if (dropped.length === 0) return dropped
    const written = new Set(rows.map(nameOf))
    return dropped.filter((key) => !written.has(nameOf(key)))
  }

  /** Promises a minute, unless something older is still to be written. */
  seal(minute: number): void {
    if (minute <= this.sealedMinute) return
    for (const { own } of this.changed) if (own.hasChangesUpTo(minute)) return
    this.sealedMinute = minute
  }

  /** The last promise may not have been told, and something older is to be written again. */
  unseal(): void {
    this.sealedMinute = -1
    this.owesSeal = true
  }

  /** Notes what another writer has promised; false where it had promised as much before. */
  sealOther(writer: string, minute: number): boolean {
    if (minute <= this.sealedOf(writer)) return false
    this.#sealed.set(writer, minute)
    return true
  }

  /** -1: nothing. */
  sealedOf(writer: string): number {
    return this.#sealed.get(writer) ?? -1
  }

  addSource(writer: string, source: string): void {
    const sources = this.#sources.get(writer)
    if (sources === undefined) this.#sources.set(writer, new Set([writer, source]))
    else sources.add(source)
  }

  sourcesOf(writer: string): Iterable<string> {
    return this.#sources.get(writer) ?? [writer]
  }

  forgetSources(): void {
    this.#sources.clear()
    this.#sealed.clear()
  }

  /** The experiment is forgotten; if it comes back it is told of again. */
  forgetState(): void {
    this.isAnnounced = false
    this.hasNewState = false
  }
}

function nameOf({ variant, segmentKey, slice }: RowKey): string {
  return JSON.stringify([variant, segmentKey, slice])
}
