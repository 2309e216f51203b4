// What SLIs take of data points: compiled from the settings, by metric.
import type { Predicate } from '../cohort/matching.ts'
import type { AttributedRecord } from '../model/attributes.ts'
import type { MetricPart, Sli } from '../model/slo.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { compilePointConditions } from './judging.ts'

export interface PointUse {
  /** Index of the SLI. */
  readonly sli: number
  readonly takes: Predicate<AttributedRecord>
  readonly isBad: Predicate<AttributedRecord>
  readonly role: PointRole
  /** Whether single values are asked for, which a summary cannot tell. */
  readonly needsValues: boolean
}

export type PointRole =
  /** Points, or what they hold, are good or bad events. */
  | { readonly kind: 'events'; readonly goodBelow: number | null; readonly isInSeconds: boolean }
  /** An amount on one side of a ratio; `isCount`: it counts events, else it is one event of that weight. */
  | {
      readonly kind: 'side'
      readonly side: 'numerator' | 'denominator'
      readonly part: MetricPart['part']
      readonly isCount: boolean
    }

/** By metric of the vocabulary: what is done with its points. */
export function compilePointUses(slis: readonly Sli[], vocabulary: Vocabulary): readonly (readonly PointUse[])[] {
  const byMetric: PointUse[][] = vocabulary.metrics.map(() => [])
  const add = (metric: string, use: PointUse): void => {
    byMetric[vocabulary.metrics.indexOf(metric)].push(use)
  }
  for (const [index, sli] of slis.entries()) {
    if (sli.from === 'metrics')
      add(sli.metric, {
        sli: index,
        ...compilePointConditions(sli, vocabulary),
        role: { kind: 'events', goodBelow: sli.goodBelow, isInSeconds: sli.goodBelowUnit === 'seconds' },
        needsValues: sli.goodBelow !== null || sli.percentiles.length > 0,
      })
    if (sli.from !== 'ratio') continue
    for (const side of ['numerator', 'denominator'] as const) {
      const { metric, part, where } = sli[side]
      const isCount = side === 'denominator' || sli.numeratorIs !== 'amount'
      add(metric, {
        sli: index,
        ...compilePointConditions({ where, ignoreWhen: null, badWhen: null }, vocabulary),
        role: { kind: 'side', side, part, isCount },
        needsValues: false,
      })
    }
  }
  return byMetric
}
