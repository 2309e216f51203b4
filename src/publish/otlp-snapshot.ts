// Snapshots for the exporter's thread: numbers in one transferable array, and of labels only those it does not have yet.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CohortReading, Reading } from '../model/reading.ts'
import { exportedGlobals, type GlobalSample } from './global-samples.ts'
import type { OtlpColumn, OtlpRows } from './otlp-layout.ts'
import { otlpRows } from './otlp-layout.ts'

/** What does not change from one snapshot to the next. */
export interface OtlpDescription {
  readonly segments: readonly string[]
  readonly columns: readonly OtlpColumn[]
}

export interface OtlpSnapshot {
  readonly evaluatedMs: number
  /** Null where the thread has it already. */
  readonly description: OtlpDescription | null
  /** Cohorts by number, in the order of the rows; those not listed any more are forgotten. */
  readonly cohorts: Uint32Array<ArrayBuffer>
  /** One row of `columns` numbers per cohort. */
  readonly values: Float64Array<ArrayBuffer>
  /** For each cohort number not sent before: experiment, variant and its segment values, one after the other. */
  readonly newCohorts: Uint32Array<ArrayBuffer>
  readonly newLabels: readonly string[]
  /** Of what EXPORTED_GLOBALS lists. */
  readonly globals: readonly GlobalSample[]
  /** Experiment, variant and verdict of each variant, one after the other. */
  readonly verdicts: readonly string[]
}

const COHORTS_PER_TURN = 500

/** Makes the snapshots for one thread: it remembers what that thread has been told. */
export class OtlpSnapshots {
  #numbers = new Map<CohortReading, number>()
  #nextNumber = 0
  #rows: OtlpRows | null = null

  /** The reading's numbers now. Lets the event loop turn between pieces, so cohorts may be of different ticks. */
  async take(reading: Reading): Promise<OtlpSnapshot> {
    const known = this.#rows !== null
    const rows = (this.#rows ??= otlpRows(reading))
    const cohorts = [...reading.cohorts]
    const width = rows.columns.length
    const values = new Float64Array(cohorts.length * width)
    const ids = new Uint32Array(cohorts.length)
    const numbers = new Map<CohortReading, number>()
    const newCohorts: number[] = []
    const newLabels: string[] = []
    for (let at = 0; at < cohorts.length; at++) {
      const cohort = cohorts[at]
      let number = this.#numbers.get(cohort)
      if (number === undefined) {
        number = this.#nextNumber++
        newCohorts.push(number)
        newLabels.push(cohort.experiment, cohort.variant)
        for (let segment = 0; segment < rows.segments.length; segment++) newLabels.push(cohort.segments[segment] ?? '')
      }
      numbers.set(cohort, number)
      ids[at] = number
      rows.fill(cohort, values, at * width)
      if (at % COHORTS_PER_TURN === COHORTS_PER_TURN - 1) await nextTurn()
    }
    this.#numbers = numbers
    const { slos, variants } = reading
    return {
      evaluatedMs: reading.evaluatedMs,
      description: known ? null : { segments: rows.segments, columns: rows.columns },
      cohorts: ids,
      values,
      newCohorts: Uint32Array.from(newCohorts),
      newLabels,
      globals: exportedGlobals({ slos, variants }),
      verdicts: variants.flatMap(({ experiment, variant, verdict }) => [experiment, variant, verdict]),
    }
  }
}
