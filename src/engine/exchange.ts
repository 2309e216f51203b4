// What goes between an engine and the others by way of a store: its own partials out, those of other writers in, and of each experiment
// who leads it. Hides what is still owed to the store, what of others has been taken, and what must be told apart for that.
//
//   drafts out    takeFlushes() what changed; giveBack() what may not have arrived; beginAnew() where the store has lost it
//   rows in       load() all that there is, then follow() what changes; rebuild() where it is not known any more what was taken
//   leadership    (leadership.ts) only who leads an experiment judges it, and has something to publish
import {
  type AdoptedRows,
  type FlushDraft,
  HISTORY,
  type PartialRow,
  type RowKey,
  type WriterRow,
  type WriterState,
} from '../model/partial.ts'
import { lastSecondOf, minuteOf } from '../slices/minute-counts.ts'
import type { SlicePlan } from '../slices/plan.ts'
import { Leadership, type LeadershipParts } from './leadership.ts'
import type { AdoptedKey } from './own-partials.ts'
import { bare, byCohort, byWriter, keyOf, lastSealed } from './row-keys.ts'
import type { Share } from './share.ts'
import { soundBytes, tellsDamage } from './sound-rows.ts'
import { isOfUnits, unpackPartials } from './state.ts'
import { STREAMS } from './stream-sightings.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

/** What the store has of an experiment. */
export interface StoredParts {
  readonly rows: readonly WriterRow[]
  readonly writers: readonly WriterState[]
}

export class Exchange extends Leadership {
  readonly #plan: SlicePlan
  readonly #sliNames: readonly string[]
  /** Stored rows that could not be read, or not whole; rows of cohorts for which the limits had no room. */
  damagedRows = 0
  refusedRows = 0

  constructor(parts: LeadershipParts & { readonly plan: SlicePlan; readonly sliNames: readonly string[] }) {
    super(parts)
    this.#plan = parts.plan
    this.#sliNames = parts.sliNames
  }

  // -------------------------------------------------------------------------------------------------- own partials out

  /** A cohort has something for the store. */
  changed(tracked: TrackedCohort): void {
    this.share(tracked.experiment).changed.add(tracked)
  }

  /** A cohort was let go. */
  forgotten(tracked: TrackedCohort): void {
    const { cohort, own } = tracked
    const share = this.share(tracked.experiment)
    share.changed.delete(tracked)
    share.changedAlerts.delete(tracked)
    share.dropped.push(...own.storedSlices().map((slice) => keyOf(tracked, slice)))
    if (this.registry.experiment(cohort.experiment.id)?.seen === true) return
    share.forgetState()
    if (this.leads(tracked.experiment)) this.forgottenExperiments.add(tracked.experiment)
  }

  /** What changed since the last time, of at most `maxCohorts` cohorts; `second`: the last tick's. */
  takeFlushes(maxCohorts: number, second: number): FlushDraft[] {
    const drafts: FlushDraft[] = []
    let left = maxCohorts
    for (const [experiment, share] of this.shares) {
      if (left <= 0) break
      if (!share.hasForStore && !share.isSealDue(this.#sealable(second))) continue
      const cohorts = share.takeChanged(left)
      left -= Math.max(1, cohorts.length)
      drafts.push(this.#draft(experiment, share, { cohorts, second }))
    }
    return drafts
  }

  #draft(experiment: string, share: Share, taken: { cohorts: TrackedCohort[]; second: number }): FlushDraft {
    const rows: PartialRow[] = []
    const dropped: RowKey[] = []
    const adopted: AdoptedKey[] = share.adopted.splice(0)
    for (const tracked of taken.cohorts) {
      tracked.queued = false
      const change = tracked.own.take()
      for (const row of change.rows) rows.push({ ...keyOf(tracked, row.slice), ...row })
      for (const slice of change.dropped) dropped.push(keyOf(tracked, slice))
      adopted.push(...change.adopted)
    }
    dropped.push(...share.takeDropped(rows))
    share.wrote(rows)
    share.seal(this.#sealable(taken.second))
    share.owesSeal = false
    return { experiment, sealedMinute: share.sealedMinute, rows, dropped, adopted: byWriter(adopted) }
  }

  /** The newest minute into which nothing comes any more. */
  #sealable(second: number): number {
    return minuteOf(second - this.#plan.openSeconds + 1) - 1
  }

  /** The draft did not reach the store, or nobody knows whether it did. */
  giveBack(draft: FlushDraft): void {
    const share = this.share(draft.experiment)
    share.unseal()
    const adopted = draft.adopted.flatMap(({ writer, keys }) => keys.map((key) => ({ writer, key })))
    for (const row of draft.rows)
      this.#giveBackTo(draft.experiment, row, { rows: [row.slice], dropped: [], adopted: [] })
    for (const key of draft.dropped)
      this.#giveBackTo(draft.experiment, key, { rows: [], dropped: [key.slice], adopted: [] })
    for (const one of adopted)
      if (!this.#giveBackTo(draft.experiment, one.key, { rows: [HISTORY], dropped: [], adopted: [one] }))
        share.adopted.push(one)
  }

  /** False where the cohort is gone: then its rows are to go too. */
  #giveBackTo(experiment: string, key: RowKey, taken: Parameters<TrackedCohort['own']['giveBack']>[0]): boolean {
    const tracked = this.cohorts.find(experiment, key)
    if (tracked === null) {
      for (const slice of [...taken.rows, ...taken.dropped])
        if (taken.adopted.length === 0) this.share(experiment).dropped.push({ ...key, slice })
      return false
    }
    tracked.own.giveBack(taken)
    tracked.queue()
    return true
  }

  /**
   * The store has lost something of this writer, or all: everything of the experiment is to be handed over again, and what was `adopted` to be
   * removed again, since a store that went back in time may have it once more.
   */
  beginAnew(experiment: string, adopted: readonly AdoptedRows[]): void {
    for (const { writer, keys } of adopted) this.share(experiment).adopted.push(...keys.map((key) => ({ writer, key })))
    for (const tracked of this.trackedOf(experiment)) {
      tracked.own.beginAnew()
      if (tracked.own.hasChanges) tracked.queue()
    }
  }

  /** Cohorts with something for the store. */
  get changedCohorts(): number {
    let count = 0
    for (const share of this.shares.values()) count += share.changed.size
    return count
  }

  // ---------------------------------------------------------------------------------------------------- others' rows in

  /** Takes everything that the store has of an experiment of which nothing of others is here yet. */
  load(experiment: string, { rows, writers }: StoredParts): void {
    const sealed = new Map(writers.map((writer) => [writer.writer, lastSealed(writer)]))
    for (const row of rows) this.#take(experiment, row, row.slice <= (sealed.get(row.writer) ?? Infinity))
    for (const [writer, minute] of sealed) this.#seal(experiment, writer, minute)
    this.cohorts.wakeNext()
  }

  /**
   * Takes what has changed since: rows of other writers, in the place of what they had before. Histories are passed over, since they are made of
   * minutes that have been counted here. False where that is not so (this process or that writer was out of reach for too long): rebuild() it.
   */
  follow(experiment: string, { rows, writers }: StoredParts): boolean {
    const share = this.share(experiment)
    for (const row of rows) {
      // What was sealed before is counted, however often it is told.
      const sealed = share.sealedOf(row.writer)
      if (row.slice === HISTORY && minuteOf(row.newestSecond) > sealed) return false
      if (row.slice > sealed) this.#take(experiment, row, false)
    }
    for (const { writer, sealedMinute } of writers) this.#seal(experiment, writer, sealedMinute)
    this.cohorts.wakeNext()
    return true
  }

  /** Rows that are damaged, or have no room under the limits, are counted. */
  #take(experiment: string, row: WriterRow, isFinal: boolean): void {
    const seenMs = row.slice === HISTORY ? row.newestSecond * 1000 : row.slice * 60_000
    const cohort = this.registry.restore({ ...row, experiment, lastSeenMs: seenMs })
    if (cohort === null) {
      this.refusedRows++
      return
    }
    const tracked = this.cohorts.of(cohort)
    // Where the limits moved it to `_other_`, several cohorts of one writer share a series.
    const isMoved = cohort.variant.name !== row.variant || cohort.segmentKey !== row.segmentKey
    const source = isMoved ? `${row.writer}/${row.variant}/${row.segmentKey}` : row.writer
    if (isMoved) this.share(experiment).addSource(row.writer, source)
    try {
      this.#count(tracked, row, { source, isFinal })
    } catch (error) {
      if (!tellsDamage(error)) throw error
      this.damagedRows++
    }
    tracked.touched = true
    cohort.see(tracked.lastRecordedSecond() * 1000)
  }

  #count(tracked: TrackedCohort, row: WriterRow, { source, isFinal }: { source: string; isFinal: boolean }): void {
    for (const { name, partial } of unpackPartials(row.bytes)) {
      const sli = this.#sliNames.indexOf(name)
      if (isOfUnits(name)) this.units.learn(tracked, name, partial)
      if (name === STREAMS) tracked.own.openStreams().learn(row.writer, row.slice, partial)
      if (sli < 0) continue
      if (isFinal) tracked.seriesOf(sli).mergeOther(source, partial)
      else tracked.seriesOf(sli).replace(source, row.slice, partial)
    }
  }

  #seal(experiment: string, writer: string, sealedMinute: number): void {
    const share = this.share(experiment)
    if (!share.sealOther(writer, sealedMinute)) return
    const sources = [...share.sourcesOf(writer)]
    for (const tracked of this.trackedOf(experiment))
      for (const series of tracked.series)
        if (series?.hasOthers === true) for (const source of sources) series.sealOther(source, sealedMinute)
  }

  /**
   * Counts an experiment anew from what the store has of others and what this writer has: in memory, or (where `own` is given) as the store
   * has it. For when it is not known any more which rows have been applied.
   */
  rebuild(experiment: string, stored: StoredParts, own: readonly PartialRow[] | null): void {
    const begun = this.trackedOf(experiment).map((tracked) => ({ tracked, mine: tracked.beginAnew() }))
    // Only now: what is own tells the threshold up to which it is whole.
    this.units.of(experiment)?.clear()
    for (const { tracked, mine } of begun)
      if (own === null) this.#mergeOwn(tracked, mine)
      else tracked.own.restore([])
    this.shares.get(experiment)?.forgetSources()
    if (own !== null) this.#restoreOwn(experiment, own)
    this.load(experiment, stored)
  }

  #restoreOwn(experiment: string, rows: readonly PartialRow[]): void {
    for (const [cohort, mine] of byCohort(rows)) {
      const tracked = this.cohorts.find(experiment, cohort)
      if (tracked === null) continue
      const sound = mine.map((row) => ({ ...row, bytes: soundBytes(row.bytes, this.#sliNames) }))
      this.damagedRows += sound.filter(({ bytes }, at) => bytes !== mine[at].bytes).length
      tracked.own.restore(sound)
      this.#mergeOwn(tracked, sound)
    }
  }

  #mergeOwn(tracked: TrackedCohort, rows: Iterable<Pick<PartialRow, 'bytes'>>): void {
    for (const { bytes } of rows)
      for (const { name, partial } of unpackPartials(bytes)) {
        const sli = this.#sliNames.indexOf(name)
        if (isOfUnits(name)) this.units.learn(tracked, name, partial)
        if (sli >= 0) tracked.seriesOf(sli).merge(partial)
      }
  }

  /**
   * Takes rows of a writer that is gone for good, which are counted here already, into the own history, so that the store can do without them:
   * those that are old enough at `second`. Gives these; the others stay for later, and damaged ones where they are: a later version may read them.
   */
  adopt(experiment: string, rows: readonly WriterRow[], second: number): WriterRow[] {
    const oldest = second - this.#plan.foldAgeSeconds
    const ripe = rows.filter(
      ({ slice, bytes }) => lastSecondOf(slice) <= oldest && soundBytes(bytes, this.#sliNames) === bytes,
    )
    for (const [cohort, ofCohort] of byCohort(ripe)) {
      const tracked = this.cohorts.find(experiment, cohort)
      const adopted = ofCohort.map((row) => ({ ...row, key: bare(row) }))
      if (tracked === null) this.share(experiment).adopted.push(...adopted)
      else {
        tracked.own.adopt(adopted, second)
        tracked.queue()
      }
    }
    return ripe
  }
}
