// Who leads which experiments, and what whoever leads has to publish: alerts, events, the experiment's own state. Without lead() calls that is
// everything.
import type { CohortRegistry, Experiment } from '../cohort/registry.ts'
import type { CohortAlerts } from '../model/partial.ts'
import type { Baselines, SavedBaselines } from './baselines.ts'
import type { CompiledSlo } from './burn.ts'
import { Share } from './share.ts'
import { readAlerts, saveAlerts } from './state.ts'
import type { TrackedCohort } from './tracked-cohort.ts'
import type { TrackedCohorts } from './tracked-cohorts.ts'
import type { UnitAttribution } from './unit-attribution.ts'

export interface LeadershipParts {
  readonly registry: CohortRegistry
  readonly cohorts: TrackedCohorts
  readonly slos: readonly CompiledSlo[]
  readonly baselines: Baselines
  readonly units: UnitAttribution
}

/** What is kept of an experiment beside its counts and alerts. */
interface ExperimentState {
  readonly discoveredMs: number
  readonly baselines?: SavedBaselines | null
}

export abstract class Leadership {
  protected readonly registry: CohortRegistry
  protected readonly cohorts: TrackedCohorts
  protected readonly units: UnitAttribution
  protected readonly shares = new Map<string, Share>()
  protected readonly forgottenExperiments = new Set<string>()
  readonly #slos: readonly CompiledSlo[]
  readonly #baselines: Baselines
  /** Null: all. */
  #led: Set<string> | null = null

  protected constructor(parts: LeadershipParts) {
    this.registry = parts.registry
    this.cohorts = parts.cohorts
    this.units = parts.units
    this.#slos = parts.slos
    this.#baselines = parts.baselines
  }

  leads(experiment: string): boolean {
    return this.#led?.has(experiment) ?? true
  }

  leadAll(): void {
    this.#led = null
    for (const tracked of this.cohorts.all()) tracked.touched = true
    this.cohorts.wakeNext()
  }

  leadNone(): void {
    this.#led = new Set()
  }

  /** To be called once all that the store has of the experiment is here, its alerts included. */
  lead(experiment: string): void {
    this.#led?.add(experiment)
    for (const tracked of this.trackedOf(experiment)) tracked.touched = true
    this.cohorts.wakeNext()
  }

  /** Somebody else leads it: what was not published is not ours to tell any more. */
  unlead(experiment: string): void {
    this.#led?.delete(experiment)
    this.shares.get(experiment)?.changedAlerts.clear()
    this.forgottenExperiments.delete(experiment)
  }

  alertChanged(tracked: TrackedCohort): void {
    this.share(tracked.experiment).changedAlerts.add(tracked)
  }

  /** Takes what fires from whoever leads; `whole`: on cohorts that are not named nothing does. */
  setAlerts(experiment: string, alerts: readonly CohortAlerts[], whole: boolean): void {
    if (whole) for (const tracked of this.trackedOf(experiment)) this.#setAlerts(tracked, null)
    for (const { variant, segmentKey, json } of alerts) {
      const tracked = this.cohorts.find(experiment, { variant, segmentKey })
      if (tracked !== null) this.#setAlerts(tracked, json)
    }
  }

  #setAlerts(tracked: TrackedCohort, json: string | null): void {
    for (const [slo, alert] of readAlerts(json, this.#slos).entries()) tracked.setAlert(slo, alert)
  }

  /** Takes the experiment's state as the store has it; null: it has none. */
  setState(experiment: string, json: string | null): void {
    if (json === null) return
    const { discoveredMs, baselines } = JSON.parse(json) as ExperimentState
    if (!this.registry.restoreExperiment(experiment, discoveredMs)) return
    this.share(experiment).isAnnounced = true
    this.#baselines.restore(experiment, baselines)
  }

  /** Something of the experiment's state is new. */
  stateChanged(experiment: string): void {
    this.share(experiment).hasNewState = true
  }

  /** Experiments that are led here and that nobody has been told of; from now on they count as told. */
  takeUnannounced(): Experiment[] {
    const unannounced: Experiment[] = []
    for (const experiment of this.registry.experiments()) {
      if (!experiment.seen || !this.leads(experiment.id)) continue
      const share = this.share(experiment.id)
      if (share.isAnnounced) continue
      share.isAnnounced = true
      share.hasNewState = true
      unannounced.push(experiment)
    }
    return unannounced
  }

  /** What of an experiment's state and alerts is to be published: what changed, or all. */
  takeChanges(experiment: string, all: boolean): { state: string | null; alerts: CohortAlerts[] } {
    const share = this.share(experiment)
    const tracked = all ? [...this.trackedOf(experiment)] : share.changedAlerts
    const alerts = Array.from(tracked, (one) => ({
      variant: one.variant,
      segmentKey: one.cohort.segmentKey,
      json: saveAlerts(one.firing, this.#slos),
    }))
    const known = this.registry.experiment(experiment)
    const state = known?.seen === true && (all || share.hasNewState) ? this.#saveState(known) : null
    share.changedAlerts.clear()
    share.hasNewState = false
    return { state, alerts: all ? alerts.filter(({ json }) => json !== null) : alerts }
  }

  #saveState({ id, discoveredMs }: Experiment): string {
    const state: ExperimentState = { discoveredMs, baselines: this.#baselines.save(id) }
    return JSON.stringify(state)
  }

  /** Experiments of which takeChanges() has something. */
  *withChanges(): Generator<string> {
    for (const [experiment, share] of this.shares)
      if ((share.changedAlerts.size > 0 || share.hasNewState) && this.leads(experiment)) yield experiment
  }

  /** Experiments that were led here and are forgotten, and not back. */
  takeForgotten(): string[] {
    const gone = [...this.forgottenExperiments].filter((id) => this.registry.experiment(id)?.seen !== true)
    this.forgottenExperiments.clear()
    for (const id of gone) {
      this.shares.delete(id)
      this.#baselines.forget(id)
      this.units.forget(id)
    }
    return gone
  }

  protected share(experiment: string): Share {
    let share = this.shares.get(experiment)
    if (share === undefined) this.shares.set(experiment, (share = new Share()))
    return share
  }

  protected trackedOf(experiment: string): TrackedCohort[] {
    const known = this.registry.experiment(experiment)
    return known === null ? [] : [...this.cohorts.ofExperiment(known)]
  }
}
