// From checked pieces to Settings: what the rest of the daemon works with.
import type { EngineSettings, ExperimentDeclaration, ListenAddress, Settings } from '../model/settings.ts'
import type { BurnPolicy, Sli, Slo } from '../model/slo.ts'
import { compileStore, storeNotes } from './compile-store.ts'
import { fingerprint } from './fingerprint.ts'
import type { Entry, EntryList, Pieces } from './pieces.ts'
import { BUILT_IN_POLICIES } from './policies.ts'
import { hasCriterion } from './references.ts'
import type { ExperimentConfig } from './schema/experiments.ts'
import type { SliConfig } from './schema/slis.ts'
import type { PolicyConfig, SloConfig } from './schema/slos.ts'

/** Settings of pieces without problems, and what is worth knowing though it is no problem. */
export function compile(pieces: Pieces, inactive: readonly string[]): { settings: Settings; notes: string[] } {
  const { receivers, api, store, ack, exporters, telemetry, events, shutdown_timeout } = pieces.sections
  const engine = compileEngine(pieces)
  const { grpc, http } = receivers.otlp.protocols
  const settings: Settings = {
    engine,
    receivers: {
      grpc: grpc?.endpoint ?? null,
      http: http?.endpoint ?? null,
      maxRequestBytes: receivers.otlp.max_request_size,
      maxInFlightBytes: receivers.otlp.max_in_flight,
      corsOrigins: http?.cors.allowed_origins ?? [],
    },
    api: api.endpoint,
    store: compileStore(store),
    ack,
    exporters: { otlp: otlpTarget(exporters.otlp) },
    selfTelemetry: otlpTarget(telemetry.otlp),
    logLevel: telemetry.log_level,
    shutdownTimeoutMs: shutdown_timeout,
    eventLogLimit: events.keep,
    inactive,
    configHash: fingerprint(engine),
  }
  const notes = [
    ...listenNotes(settings),
    ...storeNotes(store, settings.store, isLoopback),
    ...contentNotes(pieces, engine),
  ]
  return { settings, notes }
}

function otlpTarget(
  target: { endpoint: string; interval: number } | undefined,
): { endpoint: string; intervalMs: number } | null {
  return target === undefined ? null : { endpoint: target.endpoint, intervalMs: target.interval }
}

function compileEngine(pieces: Pieces): EngineSettings {
  const { cohorts, receivers } = pieces.sections
  const slis = values(pieces.slis).flatMap((sli) =>
    sli.from === 'metrics' || sli.from === 'events' ? [] : [spanSli(sli)],
  )
  return {
    tags: cohorts.tags,
    segments: cohorts.segments,
    controls: cohorts.control,
    inheritMs: cohorts.inherit_from_trace,
    limits: {
      experiments: cohorts.limits.experiments,
      variantsPerExperiment: cohorts.limits.variants_per_experiment,
      cohortsPerExperiment: cohorts.limits.cohorts_per_experiment,
      idleExpiryMs: cohorts.limits.idle_expiry,
      pendingBytes: cohorts.limits.pending_memory,
    },
    allowedLatenessMs: cohorts.allowed_lateness,
    allowedFutureMs: cohorts.allowed_future,
    retryWindowMs: receivers.otlp.retry_window,
    slis,
    slos: activeSlos(pieces),
    experiments: values(pieces.experiments).map(declaration),
  }
}

function values<T>(list: EntryList<T>): T[] {
  return list.entries.flatMap(({ value }: Entry<T>) => (value === null ? [] : [value]))
}

type SpanSliConfig = Exclude<SliConfig, { from: 'metrics' } | { from: 'events' }>

function spanSli(sli: SpanSliConfig): Sli {
  return {
    name: sli.name,
    from: 'spans',
    where: sli.where ?? null,
    badWhen: sli.bad_when ?? null,
    good: sli.good ?? null,
    value: sli.value ?? null,
    goodBelow: sli.good_below?.bound ?? null,
    percentiles: sli.percentiles,
  }
}

/** SLOs on SLIs that this version counts. Of the default ones, those whose SLI can carry them. */
function activeSlos(pieces: Pieces): Slo[] {
  const slis = new Map(values(pieces.slis).map((sli) => [sli.name, sli]))
  const policies = new Map(values(pieces.policies).map((policy) => [policy.name, burnPolicy(policy)]))
  return values(pieces.slos).flatMap((slo: SloConfig): Slo[] => {
    const sli = slis.get(slo.sli)
    const policy = BUILT_IN_POLICIES.get(slo.policy) ?? policies.get(slo.policy)
    if (
      sli === undefined ||
      sli.from === 'metrics' ||
      sli.from === 'events' ||
      !hasCriterion(sli) ||
      policy === undefined
    )
      return []
    return [{ name: slo.name, sli: slo.sli, objective: slo.objective, windowSeconds: slo.window, policy }]
  })
}

function burnPolicy(policy: PolicyConfig): BurnPolicy {
  const rules = policy.rules.map(({ severity, factor, long, short, gate }) => {
    return { severity, factor, longSeconds: long, shortSeconds: short, gate: gate ?? null }
  })
  return { name: policy.name, rules, minEvents: policy.min_events, minBad: policy.min_bad }
}

function declaration(experiment: ExperimentConfig): ExperimentDeclaration {
  return {
    id: experiment.id,
    hypothesis: experiment.hypothesis ?? null,
    owner: experiment.owner ?? null,
    runbookUrl: experiment.runbook_url ?? null,
    control: experiment.control ?? null,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function listenNotes({ receivers, api }: Settings): string[] {
  const listeners: readonly (readonly [string, ListenAddress | null])[] = [
    ['OTLP/gRPC', receivers.grpc],
    ['OTLP/HTTP', receivers.http],
    ['the API', api],
  ]
  return listeners.flatMap(([name, address]) => {
    if (address === null || isLoopback(address.host)) return []
    return [`${name} listens on ${address.host}, beyond this machine, without authentication`]
  })
}

const NOT_ON_SPANS: ReadonlySet<string> = new Set(['event.name', 'severity'])

function fieldsOf({ where, badWhen, good }: Sli): ReadonlySet<string> {
  const alternatives = [where, badWhen, good].flatMap((matcher) => matcher ?? [])
  return new Set(alternatives.flatMap((conditions) => conditions.map(({ field }) => field)))
}

function contentNotes(pieces: Pieces, engine: EngineSettings): string[] {
  const notes: string[] = []
  if (engine.slis.length === 0) notes.push('no SLI is active: exposures are seen, but nothing is counted')
  for (const sli of engine.slis)
    for (const field of fieldsOf(sli))
      if (NOT_ON_SPANS.has(field)) notes.push(`SLI ${sli.name} asks for ${field}, which spans do not have`)
  if (pieces.slos.given) return notes
  const kept = new Set(engine.slos.map(({ name }) => name))
  for (const { name, sli } of values(pieces.slos))
    if (!kept.has(name))
      notes.push(`the default SLO ${name} is left out: no SLI ${sli} over spans says what is good or bad`)
  return notes
}
