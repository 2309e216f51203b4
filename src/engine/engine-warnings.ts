// What of the counters since the start deserves a sentence in a report.
import type { Warning } from '../model/report.ts'

/** Counts of what limits turned away or moved aside since the start. */
export interface EngineCounters {
  readonly negativeDurations: number
  readonly tracesEvicted: number
  readonly retriesEvicted: number
  readonly overflowSegments: number
  readonly overflowVariants: number
  readonly refusedExperiments: number
  /** Idle experiments that were forgotten to make room for new ones. */
  readonly idleExperiments: number
  readonly unusableTags: number
  /** Flag evaluations that failed and name no variant, so that they belong to none. */
  readonly failedEvaluations: number
  /** Events that stopped to wait for the exposure of their unit before their time. */
  readonly unitEventsEvicted: number
  /** Time series of metrics: duplicates, gaps and what else was found, by name. */
  readonly streams: Readonly<Record<string, number>>
}

/** Findings on time series that mean lost or doubtful counts, with what they mean. */
const STREAM_WARNINGS: readonly (readonly [string, string])[] = [
  ['gaps', 'times a time series of a metric has a gap: what happened in it is not counted'],
  ['overlaps', 'data points were left out: another writer sends the same time series'],
  ['out_of_order', 'data points came after a later one of their time series'],
  ['unusable', 'data points could not be counted: no temporality, or numbers that contradict each other'],
  ['unusable_amounts', 'amounts could not be counted: negative, or a histogram without a sum'],
  [
    'refused',
    'data points of new cumulative time series were refused: there are as many as cohorts.limits.streams allows',
  ],
]

export function engineWarnings(counters: EngineCounters): Warning[] {
  const {
    negativeDurations,
    refusedExperiments,
    tracesEvicted,
    unusableTags,
    failedEvaluations,
    unitEventsEvicted,
    streams,
  } = counters
  const warnings: Warning[] = []
  const warn = (count: number, code: string, message: string): void => {
    if (count > 0) warnings.push({ code, message: `${count} ${message}` })
  }
  warn(
    negativeDurations,
    'negative_duration',
    'spans ended before they started and were counted with a duration of 0 s',
  )
  warn(refusedExperiments, 'experiment_limit', 'times an item named a new experiment beyond the limit of experiments')
  warn(tracesEvicted, 'pending_memory', 'spans or traces were let go before their time, for want of pending_memory')
  warn(
    unusableTags,
    'unusable_tag',
    'tags were passed over: a name longer than 256 characters or reserved, or too many on one item',
  )
  warn(failedEvaluations, 'failed_evaluation', 'flag evaluations failed without naming a variant; they count for none')
  warn(unitEventsEvicted, 'pending_units', 'events stopped to wait for the exposure of their unit before their time')
  for (const [finding, message] of STREAM_WARNINGS) warn(streams[finding] ?? 0, `metric_${finding}`, message)
  return warnings
}
