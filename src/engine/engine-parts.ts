// What an engine is made of, put together from its settings. Hides which part knows which.
import { type Cohort, CohortRegistry } from '../cohort/registry.ts'
import { countingOf } from '../model/counting.ts'
import { withFlagEvaluations } from '../model/flag-evaluations.ts'
import type { EngineSettings } from '../model/settings.ts'
import { SlicePlan } from '../slices/plan.ts'
import { Baselines } from './baselines.ts'
import { type CompiledSlo, compileSlos, windowsOf } from './burn.ts'
import { Exchange } from './exchange.ts'
import { ingestExpectation } from './ingest-expectation.ts'
import { type CohortCounter, ItemIntake } from './items.ts'
import { Ledger } from './ledger.ts'
import { RetryWindow } from './retries.ts'
import type { TrackedCohort, TrackingRules } from './tracked-cohort.ts'
import { TrackedCohorts } from './tracked-cohorts.ts'
import { UnitAttribution } from './unit-attribution.ts'

const RETRY_LIMIT = 200_000
/** Longer than the usual interval of metric exports, which is a minute. */
const YOUNG_SERIES_MS = 90_000

export interface EngineOptions {
  /** Whether takeJournal() will be called. */
  readonly journal?: boolean
  /**
   * Since when telemetry is seen: a cumulative time series that began later is counted from its beginning. Default: the start. Nothing earlier, since
   * what began before may have been counted by a process before this one.
   */
  readonly viewStartMs?: number
  /** Whether other engines count into the same store, so that a series that began a while ago may have been told to one of them. */
  readonly shared?: boolean
}

/** The engine's clock. */
export interface EngineClock {
  /** The second of the last tick. */
  second: number
  /** The latest moment told, Unix milliseconds. */
  nowMs: number
}

export class EngineParts {
  readonly settings: EngineSettings
  readonly clock: EngineClock
  readonly slos: readonly CompiledSlo[]
  readonly windows: readonly number[]
  readonly registry: CohortRegistry
  readonly cohorts: TrackedCohorts
  readonly baselines: Baselines
  readonly units: UnitAttribution
  readonly exchange: Exchange
  readonly ledger: Ledger
  readonly retries: RetryWindow
  readonly items: ItemIntake

  constructor(given: EngineSettings, startMs: number, options: EngineOptions) {
    const settings = { ...given, slis: withFlagEvaluations(given.slis) }
    const { slis } = settings
    const plan = planFor(settings)
    const sliNames = slis.map((sli) => sli.name)
    const clock = { nowMs: startMs, second: Math.floor(startMs / 1000) }
    const registry = new CohortRegistry(settings, startMs)
    this.settings = settings
    this.clock = clock
    this.windows = plan.windows
    this.slos = compileSlos(settings.slos, sliNames, plan.windows)
    this.registry = registry
    this.cohorts = new TrackedCohorts({
      registry,
      rules: this.#trackingRules(plan, sliNames),
      idleExpiryMs: settings.limits.idleExpiryMs,
      cursor: clock.second,
      forgotten: (tracked) => this.exchange.forgotten(tracked),
    })
    const trackedOf = (cohort: Cohort): TrackedCohort => this.cohorts.of(cohort)
    const { windows } = plan
    this.baselines = new Baselines({
      registry,
      slis,
      windows,
      trackedOf,
      leads: (experiment) => this.exchange.leads(experiment),
    })
    this.ledger = new Ledger((signal) => this.items.pendingItems(signal))
    this.units = new UnitAttribution({ settings, registry, trackedOf, ledger: this.ledger, windows, clock })
    this.exchange = new Exchange({
      registry,
      cohorts: this.cohorts,
      plan,
      sliNames,
      slos: this.slos,
      baselines: this.baselines,
      units: this.units,
    })
    this.retries = new RetryWindow({ windowMs: settings.retryWindowMs, limit: RETRY_LIMIT })
    this.items = new ItemIntake({
      settings,
      registry,
      ledger: this.ledger,
      counter: this.#counter(),
      units: this.units,
      view: { startMs: options.viewStartMs ?? startMs, youngMs: options.shared === true ? YOUNG_SERIES_MS : Infinity },
      journal: options.journal ?? false,
    })
  }

  #trackingRules(plan: SlicePlan, sliNames: readonly string[]): TrackingRules {
    const { slis } = this.settings
    return {
      plan,
      slos: this.slos,
      sliNames,
      // What metrics measure has a mean.
      digests: slis.map((sli) => sli.percentiles.length > 0 || sli.from === 'metrics'),
      countings: slis.map(countingOf),
      expectationOf: (tracked, index) => {
        if (slis[index].from !== 'ingest') return null
        const { baselines, cohorts, clock } = this
        const trackedOf = (cohort: Cohort): TrackedCohort => cohorts.of(cohort)
        return ingestExpectation(tracked, { index, name: sliNames[index] }, { baselines, trackedOf, clock })
      },
      unitRulesOf: ({ experiment }) => ({
        keyId: this.units.keyId,
        threshold: this.units.of(experiment)?.threshold ?? Infinity,
      }),
      changed: (tracked) => this.exchange.changed(tracked),
    }
  }

  #counter(): CohortCounter {
    return {
      count: (cohort, observation, nowMs) => {
        this.cohorts.of(cohort).count(observation, nowMs)
        this.cohorts.wakeNext()
      },
      contribute: (cohort, sli, contribution, nowMs) => {
        this.cohorts.of(cohort).contribute(sli, contribution, nowMs)
        this.cohorts.wakeNext()
      },
      seeStream: (cohort, stream, second) => this.cohorts.of(cohort).seeStream(stream, second),
    }
  }
}

function planFor(settings: EngineSettings): SlicePlan {
  return new SlicePlan({
    windowsSeconds: windowsOf(settings.slos),
    latenessSeconds: Math.ceil(settings.allowedLatenessMs / 1000),
    futureSeconds: Math.ceil(settings.allowedFutureMs / 1000),
    waitSeconds: Math.ceil(settings.inheritMs / 1000),
  })
}
