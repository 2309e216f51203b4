// From checked pieces to Settings: what the rest of the daemon works with.
import { RECORD_FIELDS } from '../model/matcher.ts'
import type { EngineSettings, ExperimentDeclaration, ListenAddress, Settings } from '../model/settings.ts'
import { matchersOf, type Sli } from '../model/slo.ts'
import { compileSlis, compileSlos, values } from './compile-slis.ts'
import { compileStore, storeNotes } from './compile-store.ts'
import { fingerprint } from './fingerprint.ts'
import type { Pieces } from './pieces.ts'
import type { ExperimentConfig } from './schema/experiments.ts'

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
  return {
    tags: cohorts.tags,
    resourceVariants: cohorts.resource_variants,
    segments: cohorts.segments,
    controls: cohorts.control,
    inheritMs: cohorts.inherit_from_trace,
    limits: {
      experiments: cohorts.limits.experiments,
      variantsPerExperiment: cohorts.limits.variants_per_experiment,
      cohortsPerExperiment: cohorts.limits.cohorts_per_experiment,
      idleExpiryMs: cohorts.limits.idle_expiry,
      pendingBytes: cohorts.limits.pending_memory,
      unitsPerExperiment: cohorts.units.sample,
    },
    unitAttributes: cohorts.units.attributes,
    unitKey: cohorts.units.key,
    streams: { limit: cohorts.limits.streams, expiryMs: cohorts.limits.stream_expiry },
    allowedLatenessMs: cohorts.allowed_lateness,
    allowedFutureMs: cohorts.allowed_future,
    retryWindowMs: receivers.otlp.retry_window,
    slis: compileSlis(pieces),
    slos: compileSlos(pieces),
    experiments: values(pieces.experiments).map(declaration),
  }
}

function declaration(experiment: ExperimentConfig): ExperimentDeclaration {
  return {
    id: experiment.id,
    hypothesis: experiment.hypothesis ?? null,
    owner: experiment.owner ?? null,
    runbookUrl: experiment.runbook_url ?? null,
    control: experiment.control ?? null,
    allocation: experiment.allocation ?? null,
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

/** Fields of records, by what an SLI is over, that such records have. */
const FIELDS_OF: Readonly<Record<Sli['from'], readonly string[]>> = {
  spans: ['span.name', 'span.kind', 'span.status', 'span.root'],
  events: ['event.name', 'severity'],
  metrics: [],
  ratio: [],
  ingest: [],
}

/** Fields that the SLI asks for and its records do not have. */
function strangeFields(sli: Sli): string[] {
  // What its events are compared with may be of another kind.
  const judging: Sli = sli.from === 'events' ? { ...sli, valid: { kind: 'judged' } } : sli
  const fields = new Set(matchersOf(judging).flatMap((matcher) => matcher.flat().map(({ field }) => field)))
  return [...fields].filter((field) => RECORD_FIELDS.includes(field) && !FIELDS_OF[sli.from].includes(field))
}

const RECORDS: Readonly<Record<Sli['from'], string>> = {
  spans: 'spans',
  events: 'events',
  metrics: 'data points',
  ratio: 'data points',
  ingest: 'items',
}

function contentNotes(pieces: Pieces, engine: EngineSettings): string[] {
  const notes: string[] = []
  if (engine.slis.length === 0) notes.push('no SLI is active: exposures are seen, but nothing is counted')
  for (const sli of engine.slis)
    for (const field of strangeFields(sli))
      notes.push(`SLI ${sli.name} asks for ${field}, which ${RECORDS[sli.from]} do not have`)
  if (pieces.slos.given) return notes
  const kept = new Set(engine.slos.map(({ name }) => name))
  for (const { name, sli } of values(pieces.slos))
    if (!kept.has(name))
      notes.push(`the default SLO ${name} is left out: no SLI ${sli} over spans says what is good or bad`)
  return notes
}
