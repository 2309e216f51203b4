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
}

export function engineWarnings(counters: EngineCounters): Warning[] {
  const { negativeDurations, refusedExperiments, tracesEvicted, unusableTags } = counters
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
    'tags were passed over: a name longer than 256 characters, or too many on one item',
  )
  return warnings
}
