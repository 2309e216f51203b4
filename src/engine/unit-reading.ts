// An SLI that counts each exposed unit once: valid at its first exposure, good from its first good event on. Read from the units themselves, so
// that replicas which saw the same unit do not count it twice.
import type { Cohort } from '../cohort/registry.ts'
import type { SliReading } from '../model/reading.ts'
import type { EngineClock } from './engine-parts.ts'
import type { ExperimentUnits } from './experiment-units.ts'

export interface UnitReadingOptions {
  readonly cohort: Cohort
  /** Name of the SLI. */
  readonly sli: string
  /** In seconds, ascending. */
  readonly windows: readonly number[]
  readonly clock: EngineClock
}

export class UnitReading implements SliReading {
  readonly processGood = 0
  readonly processBad = 0
  readonly processSum = 0
  readonly processCount = 0
  readonly #units: ExperimentUnits
  readonly #options: UnitReadingOptions
  /** Sampled units by window, the last for all time. */
  readonly #exposed: Float64Array
  readonly #converted: Float64Array
  #revision = -1
  #second = -1

  constructor(units: ExperimentUnits, options: UnitReadingOptions) {
    this.#units = units
    this.#options = options
    this.#exposed = new Float64Array(options.windows.length + 1)
    this.#converted = new Float64Array(options.windows.length + 1)
  }

  valid(window: number): number {
    return this.validItems(window) / this.#units.probability
  }

  good(window: number): number {
    this.#refresh()
    return this.#converted[window] / this.#units.probability
  }

  bad(window: number): number {
    return this.badItems(window) / this.#units.probability
  }

  validItems(window: number): number {
    this.#refresh()
    return this.#exposed[window]
  }

  badItems(window: number): number {
    this.#refresh()
    return Math.max(0, this.#exposed[window] - this.#converted[window])
  }

  get totalValid(): number {
    return this.valid(this.#options.windows.length)
  }

  get totalGood(): number {
    return this.good(this.#options.windows.length)
  }

  get totalBad(): number {
    return this.bad(this.#options.windows.length)
  }

  quantiles(): null {
    return null
  }

  mean(): null {
    return null
  }

  #refresh(): void {
    const { second } = this.#options.clock
    if (this.#revision === this.#units.revision && this.#second === second) return
    this.#revision = this.#units.revision
    this.#second = second
    this.#exposed.fill(0)
    this.#converted.fill(0)
    const { cohort, sli } = this.#options
    const own = this.#units.numbersOf(cohort)
    this.#units.forEach(sli, (exposure, converted) => {
      if (exposure.variant !== own.variant || exposure.place !== own.place) return
      this.#add(this.#exposed, second - exposure.second)
      if (converted >= 0) this.#add(this.#converted, second - converted)
    })
  }

  /** Counts what is so many seconds old in the windows that hold it. */
  #add(counts: Float64Array, age: number): void {
    const { windows } = this.#options
    counts[windows.length]++
    if (age < 0) return
    for (let window = windows.length - 1; window >= 0 && age < windows[window]; window--) counts[window]++
  }
}
