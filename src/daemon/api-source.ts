// Shows the API what the engine knows, in the API's own terms.
import type { ApiEventLog, ApiSource, FiringAlert, TickState } from '../api/source.ts'
import type { Engine } from '../engine/engine.ts'
import { namedSegments } from '../engine/events.ts'
import { metricsPage } from '../publish/prometheus.ts'
import type { SelfMetrics } from '../publish/self-metrics.ts'
import type { Clock } from '../runtime/clock.ts'

/** `source` of every event of the daemon. */
export const EVENT_SOURCE = '/cohortd'

export interface ApiSourceParts {
  readonly engine: Engine
  readonly eventLog: ApiEventLog
  readonly selfMetrics: SelfMetrics
  readonly clock: Clock
  readonly version: string
  readonly configHash: () => string
  readonly state: { readonly isLoaded: boolean; degraded(): readonly string[] }
  readonly health: { unhealthy(): readonly string[]; notReady(): readonly string[] }
}

export function apiSource(parts: ApiSourceParts): ApiSource {
  const { engine, eventLog, selfMetrics, clock, state } = parts
  return {
    version: parts.version,
    get configHash() {
      return parts.configHash()
    },
    eventSource: EVENT_SOURCE,
    eventLog,
    tick: (): TickState => ({
      evaluatedMs: engine.evaluatedMs,
      ageSeconds: Math.max(0, (clock.now() - engine.evaluatedMs) / 1000),
    }),
    experiments: () => engine.summaries(),
    items: () => engine.items(),
    experiment: (id) => engine.experiment(id),
    alerts: () => firingAlerts(engine),
    metrics: (accept) => metricsPage({ reading: state.isLoaded ? engine : null, selfMetrics }, accept),
    unhealthy: () => parts.health.unhealthy(),
    notReady: () => parts.health.notReady(),
    isLoaded: () => state.isLoaded,
    degraded: () => state.degraded(),
  }
}

function firingAlerts(engine: Engine): FiringAlert[] {
  return engine.firing().map(({ tracked, slo, alert }) => ({
    experiment: tracked.experiment,
    variant: tracked.variant,
    segments: namedSegments(engine.segments, tracked.segments),
    slo: slo.name,
    severity: alert.severity,
    since: new Date(alert.sinceMs).toISOString(),
    shared: alert.shared,
  }))
}
