// The labels that every series of a cohort begins with, made once per cohort: they are most of the page's bytes.
import type { CohortReading } from '../model/reading.ts'
import { COHORT_LABELS, COHORT_METRICS } from './catalogue.ts'
import { escapeLabelValue, segmentLabelNames } from './exposition-format.ts'

const PAGE_LABELS: ReadonlySet<string> = new Set([
  ...COHORT_LABELS,
  ...Object.values(COHORT_METRICS).flatMap((family) => family.labels),
])

/** Names of the segment labels on /metrics, in the order of `segments`. */
export function cohortSegmentLabels(segments: readonly string[]): string[] {
  return segmentLabelNames(segments, PAGE_LABELS)
}

const cache = new WeakMap<CohortReading, string>()

/** A function from a cohort to `{experiment="...",variant="...",segment="..."`. All callers have the same segments. */
export function cohortLabelText(segments: readonly string[]): (cohort: CohortReading) => string {
  const names = cohortSegmentLabels(segments)
  return (cohort) => {
    const known = cache.get(cohort)
    if (known !== undefined) return known
    let text = `{experiment="${escapeLabelValue(cohort.experiment)}",variant="${escapeLabelValue(cohort.variant)}"`
    for (let at = 0; at < names.length; at++) text += `,${names[at]}="${escapeLabelValue(cohort.segments[at] ?? '')}"`
    const flat = flatText(text)
    cache.set(cohort, flat)
    return flat
  }
}

/** The same text in one piece of memory: V8 keeps a concatenation as a tree, to be walked again at every use. */
export function flatText(text: string): string {
  return Buffer.from(text).toString()
}
