// The alerts that were last made known of each experiment, by whoever. Where the store loses them they are still known here, apart from what
// this replica has found since and told nobody.
import type { CohortAlerts } from '../../model/partial.ts'

export class ToldAlerts {
  readonly #experiments = new Map<string, Map<string, CohortAlerts>>()

  /** `whole`: on cohorts that are not named nothing fires. */
  note(experiment: string, alerts: readonly CohortAlerts[], whole: boolean): void {
    let known = this.#experiments.get(experiment)
    if (known === undefined) this.#experiments.set(experiment, (known = new Map()))
    if (whole) known.clear()
    for (const one of alerts) {
      const key = JSON.stringify([one.variant, one.segmentKey])
      if (one.json === null) known.delete(key)
      else known.set(key, one)
    }
  }

  /** Those that fire. */
  of(experiment: string): CohortAlerts[] {
    return [...(this.#experiments.get(experiment)?.values() ?? [])]
  }

  forget(experiment: string): void {
    this.#experiments.delete(experiment)
  }
}
