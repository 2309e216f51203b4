// SLIs and SLOs from checked pieces to what the engine works with.
import { FLAG_EVALUATIONS } from '../model/flag-evaluations.ts'
import type { BurnPolicy, EventSli, Judgement, MetricPart, RatioSli, Sli, Slo } from '../model/slo.ts'
import type { Entry, EntryList, Pieces } from './pieces.ts'
import { BUILT_IN_POLICIES } from './policies.ts'
import { hasCriterion, isAmount } from './references.ts'
import type { EventSliConfig, MetricSliConfig, SliConfig, SpanSliConfig } from './schema/slis.ts'
import type { PolicyConfig, SloConfig } from './schema/slos.ts'

/** The values of a list that are usable. */
export function values<T>(list: EntryList<T>): T[] {
  return list.entries.flatMap(({ value }: Entry<T>) => (value === null ? [] : [value]))
}

export function compileSlis(pieces: Pieces): Sli[] {
  return values(pieces.slis).map((sli) => compileSli(sli, pieces))
}

function compileSli(sli: SliConfig, pieces: Pieces): Sli {
  switch (sli.from) {
    case 'metrics':
      return metricSli(sli, isAmount(sli, pieces))
    case 'events':
      return eventSli(sli)
    case 'ingest':
      return { name: sli.name, from: 'ingest', percentiles: [] }
    default:
      return { name: sli.name, from: 'spans', ...judgement(sli), percentiles: sli.percentiles }
  }
}

function judgement(sli: SpanSliConfig | EventSliConfig): Judgement {
  return {
    where: sli.where ?? null,
    ignoreWhen: sli.ignore_when ?? null,
    badWhen: sli.bad_when ?? null,
    good: sli.good ?? null,
    value: sli.value ?? null,
    goodBelow: sli.good_below?.bound ?? null,
  }
}

function eventSli(sli: EventSliConfig): EventSli {
  const { attribution, valid, percentiles } = sli
  const byUnit = attribution?.by === 'unit'
  return {
    name: sli.name,
    from: 'events',
    ...judgement(sli),
    valid,
    attribution: byUnit ? { windowMs: attribution.window, oncePerUnit: attribution.once_per_unit } : null,
    percentiles,
  }
}

function metricSli(sli: MetricSliConfig, amount: boolean): Sli {
  const { name, numerator, denominator, percentiles } = sli
  if (numerator !== undefined && denominator !== undefined)
    return {
      name,
      from: 'ratio',
      numerator: metricPart(numerator),
      denominator: metricPart(denominator),
      numeratorIs: amount ? 'amount' : shareOf(sli),
      percentiles: [],
    }
  return {
    name,
    from: 'metrics',
    metric: sli.metric ?? '',
    where: sli.where ?? null,
    ignoreWhen: sli.ignore_when ?? null,
    badWhen: sli.bad_when ?? null,
    goodBelow: sli.good_below?.bound ?? null,
    ...(sli.good_below?.unit === 'seconds' ? { goodBelowUnit: 'seconds' } : {}),
    percentiles,
  }
}

function shareOf({ numerator_is }: MetricSliConfig): RatioSli['numeratorIs'] {
  return numerator_is === 'bad' ? 'bad' : 'good'
}

function metricPart({ metric, part, where }: NonNullable<MetricSliConfig['numerator']>): MetricPart {
  return { metric, part, where: where ?? null }
}

/** All SLOs; of the default ones, those whose SLI can carry them. */
export function compileSlos(pieces: Pieces): Slo[] {
  const slis = new Map(values(pieces.slis).map((sli) => [sli.name, sli]))
  const policies = new Map(values(pieces.policies).map((policy) => [policy.name, burnPolicy(policy)]))
  return values(pieces.slos).flatMap((slo: SloConfig): Slo[] => {
    const sli = slis.get(slo.sli)
    const policy = BUILT_IN_POLICIES.get(slo.policy) ?? policies.get(slo.policy)
    if (policy === undefined || !canCarry(sli, slo, pieces)) return []
    const { name, objective = null, upper_bound: upperBound = null, window } = slo
    return [{ name, sli: slo.sli, objective, upperBound, windowSeconds: window, policy }]
  })
}

function canCarry(sli: SliConfig | undefined, { sli: name, objective }: SloConfig, pieces: Pieces): boolean {
  if (sli === undefined) return name === FLAG_EVALUATIONS.name
  return hasCriterion(sli) && (objective === undefined || !isAmount(sli, pieces))
}

function burnPolicy(policy: PolicyConfig): BurnPolicy {
  const rules = policy.rules.map(({ severity, factor, long, short, gate }) => {
    return { severity, factor, longSeconds: long, shortSeconds: short, gate: gate ?? null }
  })
  return { name: policy.name, rules, minEvents: policy.min_events, minBad: policy.min_bad }
}
