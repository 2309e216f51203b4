// Engine settings for tests: the defaults of the product, with what a test wants to be otherwise.
import type { EngineSettings } from '../../src/model/settings.ts'
import type { BurnPolicy, Slo, SpanSli } from '../../src/model/slo.ts'

export const AVAILABILITY: SpanSli = {
  name: 'availability',
  from: 'spans',
  where: [[{ field: 'span.kind', anyOf: [{ kind: 'equal', operand: 'SERVER', negated: false }] }]],
  badWhen: [[{ field: 'span.status', anyOf: [{ kind: 'equal', operand: 'ERROR', negated: false }] }]],
  good: null,
  ignoreWhen: null,
  value: null,
  goodBelow: null,
  percentiles: [],
}

export const LATENCY: SpanSli = {
  ...AVAILABILITY,
  name: 'latency',
  badWhen: null,
  value: { kind: 'duration' },
  goodBelow: 0.3,
  percentiles: [0.5, 0.99],
}

export const EXPERIMENT_POLICY: BurnPolicy = {
  name: 'experiment',
  minEvents: 50,
  minBad: 3,
  rules: [
    { severity: 'ticket', factor: 1.5, longSeconds: 3600, shortSeconds: 300, gate: null },
    { severity: 'page', factor: 2, longSeconds: 3600, shortSeconds: 300, gate: 'rollback' },
  ],
}

export const WORKBOOK_POLICY: BurnPolicy = {
  name: 'workbook',
  minEvents: 50,
  minBad: 3,
  rules: [
    { severity: 'page', factor: 14.4, longSeconds: 3600, shortSeconds: 300, gate: null },
    { severity: 'page', factor: 6, longSeconds: 21_600, shortSeconds: 1800, gate: null },
    { severity: 'ticket', factor: 3, longSeconds: 86_400, shortSeconds: 7200, gate: null },
    { severity: 'ticket', factor: 1, longSeconds: 259_200, shortSeconds: 21_600, gate: null },
  ],
}

export function slo(changes: Partial<Slo> = {}): Slo {
  return {
    name: 'availability',
    sli: 'availability',
    objective: 0.99,
    upperBound: null,
    windowSeconds: 30 * 86_400,
    policy: EXPERIMENT_POLICY,
    ...changes,
  }
}

export function engineSettings(changes: Partial<EngineSettings> = {}): EngineSettings {
  return {
    tags: [
      { kind: 'pair', experiment: 'experiment.id', variant: ['experiment.variant'] },
      {
        kind: 'pair',
        experiment: 'feature_flag.key',
        variant: ['feature_flag.result.variant', 'feature_flag.variant'],
      },
      { kind: 'prefix', prefix: 'experiment.variant_of.' },
    ],
    resourceVariants: [],
    segments: ['service.name'],
    controls: ['control', 'baseline'],
    inheritMs: 10_000,
    limits: {
      experiments: 500,
      variantsPerExperiment: 50,
      cohortsPerExperiment: 1000,
      idleExpiryMs: 86_400_000,
      pendingBytes: 16 * 1024 * 1024,
      unitsPerExperiment: 65_536,
    },
    unitAttributes: ['feature_flag.context.id'],
    unitKey: '',
    streams: { limit: 100_000, expiryMs: 900_000 },
    allowedLatenessMs: 60_000,
    allowedFutureMs: 60_000,
    retryWindowMs: 300_000,
    slis: [AVAILABILITY, LATENCY],
    slos: [slo()],
    experiments: [],
    ...changes,
  }
}
