// A reading with as many cohorts as asked for, two SLIs and two SLOs, and plausible numbers: no engine behind it.
import type { CohortReading, Reading, SliReading } from '../src/model/reading.ts'
import type { BurnPolicy, Sli, Slo } from '../src/model/slo.ts'

const WINDOWS = [300, 3600, 2_592_000]

const policy: BurnPolicy = {
  name: 'experiment',
  rules: [
    { severity: 'ticket', factor: 1.5, longSeconds: 3600, shortSeconds: 300, gate: null },
    { severity: 'page', factor: 2, longSeconds: 3600, shortSeconds: 300, gate: 'rollback' },
  ],
  minEvents: 50,
  minBad: 3,
}
const slis: Sli[] = [
  {
    name: 'availability',
    from: 'spans',
    where: null,
    ignoreWhen: null,
    badWhen: null,
    good: null,
    value: null,
    goodBelow: null,
    percentiles: [],
  },
  {
    name: 'latency',
    from: 'spans',
    where: null,
    ignoreWhen: null,
    badWhen: null,
    good: null,
    value: { kind: 'duration' },
    goodBelow: 0.3,
    percentiles: [0.5, 0.9, 0.95, 0.99],
  },
]
const slos: Slo[] = [
  { name: 'availability', sli: 'availability', objective: 0.999, upperBound: null, windowSeconds: 2_592_000, policy },
  { name: 'fast', sli: 'latency', objective: 0.99, upperBound: null, windowSeconds: 2_592_000, policy },
]

class SyntheticSli implements SliReading {
  readonly #goods: Float64Array
  readonly #bads: Float64Array
  readonly #quantiles: number[]
  readonly processGood: number
  readonly processBad: number
  readonly processSum: number
  readonly processCount: number
  readonly totalValid = 0
  readonly totalGood = 0
  readonly totalBad = 0

  constructor(seed: number) {
    this.#goods = Float64Array.from(WINDOWS, (_, window) => 1000 * (window + 1) ** 3 + (seed % 977))
    this.#bads = Float64Array.from(WINDOWS, (_, window) => (window + 1) ** 3 + (seed % 13))
    this.#quantiles = [0.05, 0.1, 0.2, 0.4].map((base) => base * (1 + (seed % 101) / 97))
    this.processGood = this.#goods[2]
    this.processBad = this.#bads[2]
    this.processSum = this.processGood * 0.0731
    this.processCount = this.processGood + this.processBad
  }
  valid(window: number): number {
    return this.#goods[window] + this.#bads[window]
  }
  good(window: number): number {
    return this.#goods[window]
  }
  bad(window: number): number {
    return this.#bads[window]
  }
  validItems(window: number): number {
    return this.#goods[window] + this.#bads[window]
  }
  badItems(window: number): number {
    return this.#bads[window]
  }
  quantiles(): number[] {
    return this.#quantiles
  }
  mean(): null {
    return null
  }
}

/** Cohorts over 100 experiments, two variants each, one segment. */
export function syntheticReading(cohortCount: number): Reading {
  const cohorts = Array.from({ length: cohortCount }, (_, at): CohortReading => {
    return {
      experiment: `checkout-redesign-${at % 100}`,
      variant: at % 200 < 100 ? 'control' : 'treatment',
      segments: [`service-${Math.floor(at / 200)}`],
      slis: [new SyntheticSli(at), new SyntheticSli(at + 7)],
      alerts: [null, at % 50 === 0 ? 'page' : null],
      sufficient: () => true,
    }
  })
  const variants = Array.from({ length: Math.min(200, cohortCount) }, (_, at) => ({
    experiment: `checkout-redesign-${at % 100}`,
    variant: at < 100 ? 'control' : 'treatment',
    verdict: 'hold',
    processExposures: 1000 + at,
    uniqueUnits: 900 + at,
  }))
  return {
    evaluatedMs: 1_700_000_000_000,
    segments: ['service.name'],
    slis,
    slos,
    windows: WINDOWS,
    cohorts,
    variants,
    ledger: { rows: () => [], pending: () => 0 },
    streams: { live: 0, points: {} },
  }
}
