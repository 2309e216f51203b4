// What this process owes to the store of one cohort: its own partial of each recent minute, and of all older ones folded into one
// history. Only what changed is handed over; what could not be written is simply changed again. So an outage of the store
// needs no queue: the series and the history are the queue, and their size does not depend on how long it lasts.
import { HISTORY, type RowKey } from '../model/partial.ts'
import { lastSecondOf, minuteOf } from '../slices/minute-counts.ts'
import type { SlicePlan } from '../slices/plan.ts'
import { Series } from '../slices/series.ts'
import { decodeUnits } from '../units/unit-codec.ts'
import { UnitSet } from '../units/unit-set.ts'
import { isOfUnits, type NamedPartial, packPartials, unpackPartials } from './state.ts'
import { STREAMS, StreamSightings } from './stream-sightings.ts'

/** A partial without its cohort. */
export interface OwnRow {
  readonly slice: number
  readonly bytes: Uint8Array
  readonly newestSecond: number
}

/** A row of a writer that is gone. */
export interface AdoptedRow {
  readonly writer: string
  readonly key: RowKey
  readonly bytes: Uint8Array
  readonly newestSecond: number
}

/** Which row of whom. */
export type AdoptedKey = Pick<AdoptedRow, 'writer' | 'key'>

export interface OwnChange {
  readonly rows: readonly OwnRow[]
  /** Slices to remove. */
  readonly dropped: readonly number[]
  /** Rows of others that the history among `rows` contains. */
  readonly adopted: readonly AdoptedKey[]
}

export interface OwnPartialsRules {
  readonly plan: SlicePlan
  readonly sliNames: readonly string[]
}

/** What holds for the units of the cohort's experiment. */
export interface UnitRules {
  /** Names the key with which they are hashed. */
  readonly keyId: number
  /** Hashes from here on are outside of the sample. */
  readonly threshold: number
}

/** Minutes are folded up to this many seconds before they must be: cohorts differ in it, so that not all are folded in one second. */
const PHASES = 60

/** The history of one SLI. */
interface Folded {
  readonly bytes: Uint8Array
  readonly newestSecond: number
}

export class OwnPartials {
  readonly #rules: OwnPartialsRules
  /** By SLI. */
  readonly #series: readonly (Series | null)[]
  /** Minutes in which something was counted here and that are not folded. */
  readonly #minutes = new Set<number>()
  /** Slices that changed since they were taken. */
  readonly #dirty = new Set<number>()
  /** Minutes of which a row may be in the store. */
  readonly #stored = new Set<number>()
  /** Slices whose rows are to be removed. */
  readonly #drops = new Set<number>()
  #adopted: AdoptedKey[] = []
  readonly #phase: number
  readonly #unitRules: () => UnitRules
  /** By name: the units that this process saw. */
  readonly #units = new Map<string, UnitSet>()
  /** Cumulative time series that were seen here; null: none. */
  #streams: StreamSightings | null = null
  /** By SLI; null: nothing is folded. */
  #history: (Folded | null)[] | null = null
  /** The newest one in which a unit of the history may have been counted. */
  #unitsSecond = 0
  #oldestMinute = Infinity
  /** The minute that touch() need not be called for again. */
  hotMinute = -1

  /** `series`: the cohort's, by SLI; the array is read at each call. `number`: any, different from cohort to cohort. */
  constructor(parts: {
    rules: OwnPartialsRules
    series: readonly (Series | null)[]
    number: number
    units: () => UnitRules
  }) {
    this.#rules = parts.rules
    this.#unitRules = parts.units
    this.#series = parts.series
    this.#phase = parts.number % PHASES
  }

  /** Something was counted in this minute. */
  touch(minute: number): void {
    this.hotMinute = minute
    this.#minutes.add(minute)
    this.#dirty.add(minute)
    this.#oldestMinute = Math.min(this.#oldestMinute, minute)
  }

  /** A unit was seen in what was counted in this minute; false where that is known. The minute is to be touched then. */
  addUnit(name: string, { unit, second }: { unit: number; second: number }, minute: number): boolean {
    let units = this.#units.get(name)
    if (units === undefined) this.#units.set(name, (units = new UnitSet(this.#unitRules().keyId)))
    return units.add(unit, second, minute)
  }

  /** Cumulative time series that this and other replicas saw; null: none. */
  get streams(): StreamSightings | null {
    return this.#streams
  }

  openStreams(): StreamSightings {
    return (this.#streams ??= new StreamSightings())
  }

  /** Units are hashed otherwise from now on. */
  forgetUnits(): void {
    this.#units.clear()
  }

  get hasChanges(): boolean {
    return this.#dirty.size > 0 || this.#drops.size > 0
  }

  /** Whether a minute up to this one, or the history, has changes that were not taken. */
  hasChangesUpTo(minute: number): boolean {
    for (const slice of this.#dirty) if (slice <= minute) return true
    return false
  }

  /** What changed since the last time. */
  take(): OwnChange {
    const rows = [...this.#dirty].flatMap((slice) => this.#row(slice) ?? [])
    const dropped = [...this.#drops]
    const adopted = this.#adopted
    this.#adopted = []
    for (const { slice } of rows) if (slice !== HISTORY) this.#stored.add(slice)
    this.#dirty.clear()
    this.#drops.clear()
    this.hotMinute = -1
    return { rows, dropped, adopted }
  }

  /** These slices, taken before, did not reach the store, or nobody knows. */
  giveBack(taken: { rows: readonly number[]; dropped: readonly number[]; adopted: readonly AdoptedKey[] }): void {
    for (const slice of taken.rows) {
      if (slice === HISTORY || this.#minutes.has(slice)) this.#dirty.add(slice)
      // Folded meanwhile; whether its row was written is not known.
      else this.#drops.add(slice)
    }
    for (const slice of taken.dropped) if (!this.#minutes.has(slice)) this.#drops.add(slice)
    this.#adopted.push(...taken.adopted)
  }

  /** Everything is to be handed over again, to a store that has lost something of it, or all. */
  beginAnew(): void {
    for (const minute of this.#minutes) this.#dirty.add(minute)
    if (this.#history !== null) this.#dirty.add(HISTORY)
  }

  /** All slices of which a row may be in the store. */
  storedSlices(): number[] {
    return [...this.#stored, ...this.#drops, ...(this.#history === null ? [] : [HISTORY])]
  }

  /** To be called before the series go to `second`: folds minutes while all of their seconds are still at hand. True where that changed something. */
  foldBefore(second: number): boolean {
    const { plan } = this.#rules
    if (this.#oldestMinute * 60 + 1 - this.#phase > second - plan.recentSeconds) return false
    const folded = [...this.#minutes].filter((minute) => lastSecondOf(minute) <= second - plan.foldAgeSeconds)
    this.#fold(second, (sli) => folded.flatMap((minute) => this.#series[sli]?.encodeMinute(minute) ?? []))
    this.#foldUnits(folded)
    for (const minute of folded) {
      this.#minutes.delete(minute)
      this.#dirty.delete(minute)
      if (this.#stored.delete(minute)) this.#drops.add(minute)
    }
    this.#oldestMinute = Math.min(Infinity, ...this.#minutes)
    return folded.length > 0
  }

  /** Takes rows of writers that are gone into the own history. */
  adopt(rows: readonly AdoptedRow[], second: number): void {
    const partials = rows.flatMap(({ bytes }) => [...unpackPartials(bytes)])
    for (const { writer, key } of rows) this.#adopted.push({ writer, key })
    this.#openHistory()
    const { sliNames } = this.#rules
    for (const { name, partial } of partials)
      if (isOfUnits(name)) this.#unitsNamed(name, partial)?.mergeIntoHistory(partial)
    for (const { key, newestSecond } of rows)
      this.#sawUnits(key.slice === HISTORY ? newestSecond : lastSecondOf(key.slice))
    this.#fold(second, (sli) => partials.flatMap(({ name, partial }) => (name === sliNames[sli] ? [partial] : [])))
  }

  /** The oldest minute that has not left the recent seconds at `second`, or is not folded. */
  oldestMinute(second: number): number {
    return Math.min(this.#oldestMinute, minuteOf(second - this.#rules.plan.recentSeconds + 1))
  }

  /** Everything that is this process' own, whether it was taken or not. */
  all(): OwnRow[] {
    return [HISTORY, ...this.#minutes].flatMap((slice) => this.#row(slice) ?? [])
  }

  /** Takes over what the store has of this writer, in the place of everything here. The caller puts it into the series. */
  restore(rows: readonly OwnRow[]): void {
    for (const set of [this.#minutes, this.#dirty, this.#stored, this.#drops]) set.clear()
    this.#adopted = []
    this.#history = null
    this.#unitsSecond = 0
    this.hotMinute = -1
    this.#units.clear()
    for (const { slice, bytes, newestSecond } of rows) {
      for (const { name, partial } of unpackPartials(bytes))
        if (isOfUnits(name)) this.#unitsNamed(name, partial)?.restore(slice === HISTORY ? null : slice, partial)
      if (slice === HISTORY) {
        this.#restoreHistory(bytes)
        this.#unitsSecond = newestSecond
      } else {
        this.#minutes.add(slice)
        this.#stored.add(slice)
      }
    }
    this.#oldestMinute = Math.min(Infinity, ...this.#minutes)
  }

  #restoreHistory(bytes: Uint8Array): void {
    const { plan, sliNames } = this.#rules
    const history: (Folded | null)[] = sliNames.map(() => null)
    for (const { name, partial } of unpackPartials(bytes)) {
      const sli = sliNames.indexOf(name)
      if (sli < 0) continue
      const scratch = new Series(plan, { digest: false, cursor: 0 })
      scratch.merge(partial)
      history[sli] = { bytes: partial.slice(), newestSecond: scratch.lastRecordedSecond }
    }
    this.#history = history
  }

  /** Adds partials to the history, cut as coarse as their age at `second` allows. */
  #fold(second: number, partialsOf: (sli: number) => readonly Uint8Array[]): void {
    const { plan, sliNames } = this.#rules
    for (let sli = 0; sli < sliNames.length; sli++) {
      const partials = partialsOf(sli)
      if (partials.length === 0) continue
      const history = this.#openHistory()
      const scratch = new Series(plan, { digest: false, cursor: second })
      const before = history[sli]
      if (before !== null) scratch.merge(before.bytes)
      for (const partial of partials) scratch.merge(partial)
      history[sli] = { bytes: scratch.encode(), newestSecond: scratch.lastRecordedSecond }
    }
  }

  /** A minute may hold units alone. */
  #foldUnits(minutes: readonly number[]): void {
    for (const units of this.#units.values()) {
      for (const minute of minutes) if (units.has(minute)) this.#sawUnits(lastSecondOf(minute))
      units.fold(minutes)
    }
  }

  /** Units that were counted up to this second are in the history now. */
  #sawUnits(second: number): void {
    this.#openHistory()
    this.#unitsSecond = Math.max(this.#unitsSecond, second)
  }

  /** The history, which is to be handed over again. */
  #openHistory(): (Folded | null)[] {
    this.#dirty.add(HISTORY)
    return (this.#history ??= this.#rules.sliNames.map(() => null))
  }

  /** Null where there is nothing in it. */
  #row(slice: number): OwnRow | null {
    const { sliNames } = this.#rules
    const parts: NamedPartial[] = []
    let newestSecond = 0
    for (const [sli, name] of sliNames.entries()) {
      if (slice === HISTORY) {
        const folded = this.#history?.[sli] ?? null
        if (folded === null) continue
        parts.push({ name, partial: folded.bytes })
        newestSecond = Math.max(newestSecond, folded.newestSecond)
      } else {
        const partial = this.#series[sli]?.encodeMinute(slice) ?? null
        if (partial !== null) parts.push({ name, partial })
      }
    }
    const units = this.#unitParts(slice)
    parts.push(...units)
    if (units.length > 0) newestSecond = Math.max(newestSecond, this.#unitsSecond)
    const streams = slice === HISTORY ? null : (this.#streams?.encodeMinute(slice) ?? null)
    if (streams !== null) parts.push({ name: STREAMS, partial: streams })
    if (parts.length === 0) return null
    return { slice, bytes: packPartials(parts), newestSecond: slice === HISTORY ? newestSecond : lastSecondOf(slice) }
  }

  /** Null where the bytes were hashed with another key: nobody can tell whose they are. */
  #unitsNamed(name: string, bytes: Uint8Array): UnitSet | null {
    const { keyId } = this.#unitRules()
    if (decodeUnits(bytes).keyId !== keyId) return null
    let units = this.#units.get(name)
    if (units === undefined) this.#units.set(name, (units = new UnitSet(keyId)))
    return units
  }

  /** The units of a slice, those that left the sample aside. */
  #unitParts(slice: number): NamedPartial[] {
    return [...this.#units].flatMap(([name, units]) => {
      units.prune(this.#unitRules().threshold)
      const partial = slice === HISTORY ? units.encodeHistory() : units.encodeMinute(slice)
      return partial === null ? [] : [{ name, partial }]
    })
  }
}
