// From checked pieces to Settings: what the rest of the daemon works with.
import { type Matcher, RECORD_FIELDS } from '../model/matcher.ts'
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

/** By what an SLI is over: its records in a word, and which fields of records they have. */
const RECORDS_OF: Readonly<Record<Sli['from'], { readonly word: string; readonly fields: readonly string[] }>> = {
  spans: { word: 'spans', fields: ['span.name', 'span.kind', 'span.status', 'span.root'] },
  events: { word: 'events', fields: ['event.name', 'severity'] },
  metrics: { word: 'data points', fields: [] },
  ratio: { word: 'data points', fields: [] },
  ingest: { word: 'items', fields: [] },
}

/** A note for each field that the SLI asks for and its records do not have. */
function fieldNotes(sli: Sli): string[] {
  if (sli.from !== 'events' || sli.valid.kind !== 'records')
    return strangeFields(sli.from, matchersOf(sli)).map(noteOf(sli.name))
  const { from, where } = sli.valid
  const judging = matchersOf({ ...sli, valid: { kind: 'judged' } })
  const strange = [...strangeFields(sli.from, judging), ...strangeFields(from, where === null ? [] : [where])]
  return strange.map(noteOf(sli.name))
}

interface StrangeField {
  readonly field: string
  readonly records: string
}

function strangeFields(from: Sli['from'], matchers: readonly Matcher[]): StrangeField[] {
  const { word, fields } = RECORDS_OF[from]
  const asked = new Set(matchers.flatMap((matcher) => matcher.flat().map(({ field }) => field)))
  const strange = [...asked].filter((field) => RECORD_FIELDS.includes(field) && !fields.includes(field))
  return strange.map((field) => ({ field, records: word }))
}

function noteOf(name: string): (strange: StrangeField) => string {
  return ({ field, records }) => `SLI ${name} asks for ${field}, which ${records} do not have`
}

function resourceNotes({ resourceVariants }: EngineSettings): string[] {
  return resourceVariants.flatMap(({ experiment, variant, where }) =>
    variant === null || where !== null
      ? []
      : [
          `every resource is of ${variant} in ${experiment}, unless something else tells its variant: the rule has no where`,
        ],
  )
}

function contentNotes(pieces: Pieces, engine: EngineSettings): string[] {
  const notes: string[] = []
  if (engine.slis.length + engine.slos.length === 0)
    notes.push('no SLI is active: exposures are seen, but nothing is counted')
  notes.push(...engine.slis.flatMap(fieldNotes), ...resourceNotes(engine))
  if (pieces.slos.given) return notes
  const kept = new Set(engine.slos.map(({ name }) => name))
  for (const { name, sli } of values(pieces.slos))
    if (!kept.has(name)) notes.push(`the default SLO ${name} is left out: no SLI ${sli} says what is good or bad`)
  return notes
}
