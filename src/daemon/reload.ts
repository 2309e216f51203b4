// A configuration that was read again while the daemon runs: what of it is new, which part of that can take effect at once, and what
// is told of it. Whatever is wrong with it, the daemon goes on with what it has.
import { isDeepStrictEqual } from 'node:util'
import { fingerprint } from '../config/fingerprint.ts'
import type { Loaded } from '../config/load.ts'
import { formatPath, formatPlace } from '../config/problem.ts'
import type { EngineSettings, Settings } from '../model/settings.ts'
import type { SelfMetrics } from '../publish/self-metrics.ts'
import type { Log } from '../telemetry/log.ts'

/**
 * `applied`: all that is new took effect. `partly`: for some of it a restart is needed. `refused`: the configuration is wrong, or the
 * engine does not take it.
 */
export type ReloadOutcome = 'applied' | 'partly' | 'unchanged' | 'refused'
const OUTCOMES: readonly ReloadOutcome[] = ['applied', 'partly', 'unchanged', 'refused']

/** What can change while the daemon runs. */
const CHANGEABLE = ['resourceVariants'] as const satisfies readonly (keyof EngineSettings)[]
export type Changeable = (typeof CHANGEABLE)[number]

/** For each setting of the engine the key of the configuration that people know it by. */
const ENGINE_KEYS: Readonly<Record<keyof EngineSettings, string>> = {
  tags: 'cohorts.tags',
  resourceVariants: 'cohorts.resource_variants',
  segments: 'cohorts.segments',
  controls: 'cohorts.control',
  inheritMs: 'cohorts.inherit_from_trace',
  limits: 'cohorts.limits',
  unitAttributes: 'cohorts.units.attributes',
  unitKey: 'cohorts.units.key',
  streams: 'cohorts.limits.streams',
  allowedLatenessMs: 'cohorts.allowed_lateness',
  allowedFutureMs: 'cohorts.allowed_future',
  retryWindowMs: 'receivers.otlp.retry_window',
  slis: 'slis',
  slos: 'slos',
  experiments: 'experiments',
}

type OtherSettings = Omit<Settings, 'engine' | 'inactive' | 'configHash'>
const OTHER_KEYS: Readonly<Record<keyof OtherSettings, string>> = {
  receivers: 'receivers.otlp',
  api: 'api',
  store: 'store',
  ack: 'ack',
  exporters: 'exporters',
  selfTelemetry: 'telemetry.otlp',
  logLevel: 'telemetry.log_level',
  shutdownTimeoutMs: 'shutdown_timeout',
  eventLogLimit: 'events.keep',
}

const PROBLEMS_TOLD = 100

export interface SettingsDifference {
  readonly changeable: readonly Changeable[]
  /** Keys of the configuration for which a restart is needed. */
  readonly fixed: readonly string[]
}

/** What is different in `next`. */
export function differenceOf(running: Settings, next: Settings): SettingsDifference {
  const changed = keysOf(ENGINE_KEYS).filter((name) => !isDeepStrictEqual(running.engine[name], next.engine[name]))
  const others = keysOf(OTHER_KEYS).filter((name) => !isDeepStrictEqual(running[name], next[name]))
  return {
    changeable: CHANGEABLE.filter((name) => changed.includes(name)),
    fixed: [
      ...changed.filter((name) => !CHANGEABLE.some((one) => one === name)).map((name) => ENGINE_KEYS[name]),
      ...others.map((name) => OTHER_KEYS[name]),
    ],
  }
}

export interface ReloaderParts {
  /** Those that the daemon has started with. */
  readonly settings: Settings
  readonly log: Log
  readonly metrics: SelfMetrics
  /** Makes the daemon go on with a changed setting; throws where that cannot be done. */
  readonly appliers: { readonly [Name in Changeable]: (value: EngineSettings[Name]) => void }
}

export class Reloader {
  readonly #parts: ReloaderParts
  #running: Settings

  constructor(parts: ReloaderParts) {
    this.#parts = parts
    this.#running = parts.settings
    for (const outcome of OUTCOMES) parts.metrics.counter('cohortd_config_reloads_total', { outcome })
  }

  /** Of the settings that are in effect. */
  get configHash(): string {
    return this.#running.configHash
  }

  /** Applies what can be applied, tells the rest, counts the outcome. */
  take(loaded: Pick<Loaded, 'settings' | 'problems'>): ReloadOutcome {
    const outcome = loaded.settings === null ? this.#refuse(loaded.problems) : this.#change(loaded.settings)
    this.#parts.metrics.counter('cohortd_config_reloads_total', { outcome }).add()
    return outcome
  }

  #refuse(problems: Loaded['problems']): ReloadOutcome {
    const { log } = this.#parts
    for (const { place, path, found, expected, suggestion } of problems.slice(0, PROBLEMS_TOLD)) {
      const meant = suggestion === null ? {} : { suggestion }
      log.error(
        { place: formatPlace(place), key: formatPath(path), found, expected, ...meant },
        'configuration problem',
      )
    }
    log.error({ problems: problems.length }, 'configuration not reloaded: the running one stays in effect')
    return 'refused'
  }

  #change(next: Settings): ReloadOutcome {
    const { log } = this.#parts
    const { changeable, fixed } = differenceOf(this.#running, next)
    if (changeable.length + fixed.length === 0) {
      log.info('configuration read again: nothing has changed')
      return 'unchanged'
    }
    const failed = changeable.filter((name) => !this.#apply(name, next.engine[name]))
    const applied = changeable.filter((name) => !failed.includes(name)).map((name) => ENGINE_KEYS[name])
    if (applied.length > 0) log.info({ changed: applied, configHash: this.configHash }, 'configuration reloaded')
    if (fixed.length > 0) log.warn({ changed: fixed }, 'a restart is needed for what else has changed')
    if (failed.length > 0) return 'refused'
    return fixed.length > 0 ? 'partly' : 'applied'
  }

  #apply<Name extends Changeable>(name: Name, value: EngineSettings[Name]): boolean {
    const { appliers, log } = this.#parts
    try {
      appliers[name](value)
    } catch (error) {
      log.error({ key: ENGINE_KEYS[name], reason: (error as Error).message }, 'configuration not reloaded')
      return false
    }
    const engine = { ...this.#running.engine, [name]: value }
    this.#running = { ...this.#running, engine, configHash: fingerprint(engine) }
    return true
  }
}

function keysOf<Name extends string>(record: Readonly<Record<Name, string>>): Name[] {
  return Object.keys(record) as Name[]
}
