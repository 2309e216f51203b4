// What is known of the units of one experiment: the union of what all writers saw, in one bounded sample. Which variant a unit belongs to is
// decided by its first exposure, and so is the cohort in which it is counted.
import type { Cohort } from '../cohort/registry.ts'
import { NO_ENTRY, type Precedes, type UnitCount, UnitSample } from '../units/unit-sample.ts'

/** Variants that are told apart; further ones share the last number. */
const MOST_VARIANTS = 64
/** Segments in which units were exposed that are told apart; further ones share the last number. */
const MOST_PLACES = 4096

/** Where and when a unit was first exposed. */
export interface Exposure {
  readonly variant: string
  readonly segmentKey: string
  readonly second: number
}

export class ExperimentUnits {
  /** Stored units that were hashed with another key, and cannot be told from ours. */
  foreign = 0
  readonly #capacity: number
  readonly #variants = new Names(MOST_VARIANTS)
  readonly #places = new Names(MOST_PLACES)
  #sample: UnitSample
  /** By the name of an SLI: units that have had a good event of it, each with the first. */
  readonly #converted = new Map<string, UnitSample>()
  #revision = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#sample = this.#newSample()
  }

  /** Grows with everything that is learnt. */
  get revision(): number {
    return this.#revision
  }

  /** Share of all units that are in the sample. */
  get probability(): number {
    return this.#sample.probability
  }

  /** Hashes below it are in the sample. */
  get threshold(): number {
    return this.#sample.threshold
  }

  get sampled(): number {
    return this.#sample.size
  }

  /** Of these, the ones that were exposed to several variants. */
  get sampledInSeveral(): number {
    return this.#sample.inSeveralGroups
  }

  unique(): UnitCount {
    return this.#sample.unique()
  }

  /** Null where no unit of the variant was seen. */
  uniqueOf(variant: string): UnitCount | null {
    const group = this.#variants.find(variant)
    if (group < 0) return null
    const count = this.#sample.uniqueOf(group)
    return count.units === 0 ? null : count
  }

  /** Share of the experiment's units that were exposed to the variant. */
  shareOf(variant: string): number {
    const all = this.#sample.unique().units
    return all === 0 ? 0 : (this.uniqueOf(variant)?.units ?? 0) / all
  }

  /** Notes an exposure; false where the unit is outside of the sample. */
  see(unit: number, { variant, segmentKey }: Cohort, second: number): boolean {
    const group = this.#variants.numberOf(variant.name)
    this.#revision++
    return this.#sample.see(unit, { group, place: this.#places.numberOf(segmentKey), second }) !== NO_ENTRY
  }

  /** The first exposure of a unit; null where it is outside of the sample or was not exposed. */
  exposureOf(unit: number): Exposure | null {
    const entry = this.#sample.find(unit)
    if (entry === NO_ENTRY) return null
    return {
      variant: this.#variants.nameOf(this.#sample.firstGroup(entry)),
      segmentKey: this.#places.nameOf(this.#sample.firstPlace(entry)),
      second: this.#sample.firstSecond(entry),
    }
  }

  /** Notes that a unit has had a good event of an SLI. */
  convert(sli: string, unit: number, second: number): void {
    let converted = this.#converted.get(sli)
    if (converted === undefined) this.#converted.set(sli, (converted = this.#newSample()))
    converted.see(unit, { group: 0, place: 0, second })
    this.#revision++
  }

  /** Every unit of the sample with its first exposure and (-1: none) first good event of the SLI. */
  forEach(
    sli: string,
    visit: (exposure: { variant: number; place: number; second: number }, converted: number) => void,
  ): void {
    const sample = this.#sample
    const converted = this.#converted.get(sli)
    const exposure = { variant: 0, place: 0, second: 0 }
    sample.forEach((unit, entry) => {
      exposure.variant = sample.firstGroup(entry)
      exposure.place = sample.firstPlace(entry)
      exposure.second = sample.firstSecond(entry)
      const at = converted?.find(unit) ?? NO_ENTRY
      visit(exposure, converted === undefined || at === NO_ENTRY ? -1 : converted.firstSecond(at))
    })
  }

  /** The numbers under which forEach() tells of a cohort. */
  numbersOf({ variant, segmentKey }: Cohort): { variant: number; place: number } {
    return { variant: this.#variants.numberOf(variant.name), place: this.#places.numberOf(segmentKey) }
  }

  /** Nobody who reads or writes the sample knows units from this hash on any more. `threshold`: a rung. */
  lowerTo(threshold: number): void {
    if (threshold >= this.threshold) return
    this.#sample.lowerTo(threshold)
    this.#revision++
  }

  /** Of two first exposures in one second, the one by the names: numbers differ from replica to replica. */
  #newSample(): UnitSample {
    const precedes: Precedes = (group, place, otherGroup, otherPlace) => {
      const [variant, other] = [this.#variants.nameOf(group), this.#variants.nameOf(otherGroup)]
      return variant < other || (variant === other && this.#places.nameOf(place) < this.#places.nameOf(otherPlace))
    }
    return new UnitSample({ capacity: this.#capacity, precedes })
  }

  /** Forgets everything, to learn it anew. */
  clear(): void {
    this.#sample = this.#newSample()
    this.#converted.clear()
    this.#revision++
  }
}

/** Names by small numbers, in the order of first sight. */
class Names {
  readonly #limit: number
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  numberOf(name: string): number {
    const known = this.find(name)
    if (known >= 0) return known
    if (this.#names.length === this.#limit) return this.#limit - 1
    this.#numbers.set(name, this.#names.length)
    return this.#names.push(name) - 1
  }

  /** -1: not seen. */
  find(name: string): number {
    return this.#numbers.get(name) ?? -1
  }

  nameOf(number: number): string {
    return this.#names[number]
  }
}
