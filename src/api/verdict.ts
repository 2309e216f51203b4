// The answer of the verdict route, made of an experiment's report: for pipelines, so it is complete for a variant that is
// known, one that is not, and everything between.
import type { ExperimentReport, SloReport, VariantReport, VerdictReport } from '../model/report.ts'

export interface VerdictEvidence {
  readonly control: string | null
  readonly slos: readonly (SloReport & { readonly segments: Readonly<Record<string, string>> })[]
  /** Cohort and SLO pairs left out of `slos`. */
  readonly omitted: number
}

export interface VerdictAnswer extends VerdictReport {
  readonly experiment: string
  readonly variant: string
  /** Weighted, since the experiment began, of the SLI that has most; 0: no event of the variant was ever seen. */
  readonly events_total: number
  readonly evidence: VerdictEvidence | null
  /** Why the evidence may lack something, a sentence each. */
  readonly degraded: readonly string[]
  /** Null before the first evaluation. */
  readonly evaluated_at: string | null
  readonly data_age_seconds: number | null
  readonly config_hash: string
}

export interface VerdictQuestion {
  readonly experiment: string
  readonly variant: string
  /** Null: nothing is known of the experiment; `loading`: what is known is not here yet. */
  readonly report: ExperimentReport | 'loading' | null
  readonly degraded: readonly string[]
  readonly evaluatedMs: number | null
  readonly ageSeconds: number | null
  readonly configHash: string
}

/** Cohort and SLO pairs shown as evidence; those with an alert come first. */
const MAX_EVIDENCE = 100

/** The verdict on a variant; of a name never seen it is hold, with the reason. */
export function answerVerdict(question: VerdictQuestion): VerdictAnswer {
  const { experiment, variant } = question
  const report = question.report === 'loading' ? null : question.report
  const known = report?.variants.find((candidate) => candidate.variant === variant) ?? null
  const judged = known?.verdict ?? neverSeen(question)
  return {
    experiment,
    variant,
    ...judged,
    events_total: known === null ? 0 : eventsTotal(known),
    evidence: known === null ? null : evidenceOf(known, report?.control ?? null),
    degraded: question.degraded,
    evaluated_at: question.evaluatedMs === null ? null : new Date(question.evaluatedMs).toISOString(),
    data_age_seconds: question.ageSeconds,
    config_hash: question.configHash,
  }
}

function neverSeen(question: VerdictQuestion): VerdictReport {
  return { verdict: 'hold', reasons: [whyUnseen(question)], sufficient: false, events: 0, events_required: null }
}

function whyUnseen({ experiment, variant, report }: VerdictQuestion): { code: string; message: string } {
  if (report === 'loading') return { code: 'loading', message: 'what is stored is still being loaded' }
  return report === null
    ? { code: 'unknown_experiment', message: `no event of the experiment ${experiment} has been seen` }
    : { code: 'unknown_variant', message: `no event of the variant ${variant} of ${experiment} has been seen` }
}

function eventsTotal({ cohorts }: VariantReport): number {
  const bySli = new Map<string, number>()
  for (const { sli, events } of cohorts.flatMap((cohort) => cohort.slis)) bySli.set(sli, (bySli.get(sli) ?? 0) + events)
  return Math.max(0, ...bySli.values())
}

function evidenceOf({ cohorts }: VariantReport, control: string | null): VerdictEvidence {
  const all = cohorts.flatMap(({ segments, slos }) => slos.map((slo) => ({ segments, ...slo })))
  const alertsFirst = all.sort((a, b) => Number(a.alert === null) - Number(b.alert === null))
  return { control, slos: alertsFirst.slice(0, MAX_EVIDENCE), omitted: Math.max(0, all.length - MAX_EVIDENCE) }
}
