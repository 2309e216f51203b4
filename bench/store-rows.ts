// Rows as stores really hold them, made by the engine itself: what one writer has of one cohort after 30 days of traffic, and many cohorts
// that all have the same.
import { Engine } from '../src/engine/engine.ts'
import type { PartialRow } from '../src/model/partial.ts'
import { engineSettings, LATENCY, slo } from '../test/engine/settings.ts'
import { request, span, variantOf } from '../test/engine/traffic.ts'

const DAY_SECONDS = 86_400
const VARIANTS = ['control', 'treatment']

/** The default SLOs: availability and latency with two percentiles, each over 30 days with the policy `experiment`. */
export const BENCH_SETTINGS = engineSettings({
  slos: [slo({ objective: 0.999 }), slo({ name: 'fast', sli: LATENCY.name })],
  inheritMs: 0,
})

export interface CohortName {
  readonly experiment: string
  readonly variant: string
  readonly segmentKey: string
}

/** Two variants of every service in every experiment; service after service. */
export function cohortNames(experiments: number, services: number): CohortName[] {
  return Array.from({ length: services }, (_, service) =>
    Array.from({ length: experiments * VARIANTS.length }, (_unused, at) => ({
      experiment: `experiment-${at >> 1}`,
      variant: VARIANTS[at & 1],
      segmentKey: `service-${service}`,
    })),
  ).flat()
}

export interface TrafficShape {
  /** The last second of it, Unix time. */
  readonly endSecond: number
  readonly days: number
  /** Seconds between two spans, before the last minutes; in these `spansPerMinute` count. */
  readonly everySeconds: number
  readonly recentMinutes: number
  readonly spansPerMinute: number
}

/** All rows of a cohort with this traffic. */
export function rowsOfTraffic({
  endSecond,
  days,
  everySeconds,
  recentMinutes,
  spansPerMinute,
}: TrafficShape): PartialRow[] {
  const begin = endSecond - days * DAY_SECONDS
  const engine = new Engine(BENCH_SETTINGS, begin * 1000)
  const recentBegin = endSecond - recentMinutes * 60
  let second = begin
  let number = 0
  while (second < endSecond) {
    const isRecent = second >= recentBegin
    const count = isRecent ? spansPerMinute / 60 : 1
    second += isRecent ? Math.max(1, Math.round(1 / count)) : everySeconds
    const spans = Array.from({ length: Math.max(1, Math.round(count)) }, () => spanAt(second * 1000, number++))
    engine.consume(request(spans), second * 1000)
  }
  engine.advanceTo(endSecond * 1000)
  return engine.takeFlushes(Infinity).flatMap(({ rows }) => rows)
}

/** A span with a duration between 1 ms and 1 s, one in some hundred in error. */
export function spanAt(endMs: number, number: number, cohort: Partial<CohortName> = {}): ReturnType<typeof span> {
  const { experiment = 'experiment', variant = 'treatment' } = cohort
  return span({
    endMs,
    durationMs: Math.exp(3.5 + 1.7 * Math.sin(12.9898 * number)),
    error: number % 331 === 0,
    attributes: variantOf(experiment, variant),
  })
}

/** The experiment's rows where each of its cohorts has these. */
export function rowsOfCohorts(cohorts: readonly CohortName[], rows: readonly PartialRow[]): PartialRow[] {
  return cohorts.flatMap(({ variant, segmentKey }) => rows.map((row) => ({ ...row, variant, segmentKey })))
}
