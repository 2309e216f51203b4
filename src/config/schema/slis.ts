// slis: what is counted as good and bad, and what is measured.
import { z } from 'zod'
import type { SliValue } from '../../model/slo.ts'
import { condition } from './condition.ts'
import { duration, durationMs, Mistake, number, oneOf, text, value } from './values.ts'

/** A bound of good values: seconds where it was written as a duration. */
export interface GoodBelow {
  readonly unit: 'seconds' | 'none'
  readonly bound: number
}

function goodBelow() {
  const facts = { type: ['number', 'string'], title: 'duration or number' }
  return value(facts, (raw): GoodBelow | Mistake => {
    if (typeof raw === 'number' && Number.isFinite(raw)) return { unit: 'none', bound: raw }
    const ms = durationMs(raw)
    return ms === null ? new Mistake('a duration such as "300ms", or a number') : { unit: 'seconds', bound: ms / 1000 }
  })
}

function measured() {
  return value({ type: 'string', pattern: '^(duration|attribute:.+)$' }, (raw): SliValue | Mistake => {
    if (raw === 'duration') return { kind: 'duration' }
    const name = typeof raw === 'string' ? /^attribute:(\S.*)$/.exec(raw)?.[1] : undefined
    if (name !== undefined) return { kind: 'attribute', name }
    return new Mistake('duration, or attribute:NAME', typeof raw === 'string' && raw !== '' ? `attribute:${raw}` : null)
  })
}

const percentiles = z
  .array(number({ above: 0, below: 1 }, '0.99'))
  .superRefine((given, context) => {
    for (const [index, percentile] of given.entries())
      if (given.indexOf(percentile) < index)
        context.addIssue({ code: 'custom', path: [index], message: 'every percentile once' })
  })
  .prefault([])
  .describe('Percentiles to report, each between 0 and 1; empty: none is kept.')

const name = text().describe('Name of the SLI, unique.')
const where = condition().optional().describe('Records that count; without it all do.')
const badWhen = condition().optional().describe('Records that are bad, whatever else holds.')
const ignoreWhen = condition().optional().describe('Records that are left out though `where` matches.')
const bound = goodBelow()
  .optional()
  .describe('Values strictly below are good, others bad; counted exactly. A duration for durations, else a number.')

const fromSpans = z
  .strictObject({
    name,
    from: z.literal('spans').optional().describe('spans: every span is a possible event.'),
    where,
    bad_when: badWhen,
    good: condition().optional().describe('Where given, records that do not match are bad.'),
    ignore_when: ignoreWhen,
    value: measured()
      .optional()
      .describe('What is measured: `duration` (seconds) or `attribute:NAME`; a record without it is no event.'),
    good_below: bound,
    percentiles,
  })
  .superRefine((sli, context) => {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, params: { about: ['value'] } })
    const needsValue = 'no such key without `value: duration` or `value: attribute:NAME`'
    if (sli.value === undefined && sli.good_below !== undefined) refuse('good_below', needsValue)
    if (sli.value === undefined && sli.percentiles.length > 0) refuse('percentiles', needsValue)
    if (sli.value?.kind === 'duration' && sli.good_below?.unit === 'none')
      refuse('good_below', 'a duration such as "300ms", since the value is a duration')
    if (sli.value?.kind === 'attribute' && sli.good_below?.unit === 'seconds')
      refuse('good_below', "a number in the attribute's own unit")
  })

const metricPart = z.strictObject({
  metric: text().describe('Name of the metric.'),
  part: oneOf(['value', 'count', 'sum'])
    .prefault('value')
    .describe('What is taken of a histogram: its count or its sum; value of anything else.'),
  where: condition().optional().describe('Data points that count.'),
})

const fromMetrics = z
  .strictObject({
    name,
    from: z.literal('metrics').describe('metrics: data points of a metric.'),
    metric: text().optional().describe('Name of the metric: a gauge, or a histogram that is merged into the digest.'),
    numerator: metricPart.optional().describe('A ratio of two metrics, instead of metric: what is divided.'),
    denominator: metricPart.optional().describe('A ratio of two metrics, instead of metric: what it is divided by.'),
    where,
    bad_when: badWhen,
    ignore_when: ignoreWhen,
    good_below: bound,
    percentiles,
  })
  .superRefine((sli, context) => {
    const ratio = sli.numerator !== undefined && sli.denominator !== undefined
    const half = (sli.numerator !== undefined) !== (sli.denominator !== undefined)
    if (half || ratio === (sli.metric !== undefined))
      context.addIssue({
        code: 'custom',
        message: 'either metric, or both numerator and denominator',
        params: { about: ['metric', 'numerator', 'denominator'] },
      })
  })

const fromEvents = z
  .strictObject({
    name,
    from: z.literal('events').describe('events: log records and span events, by event.name.'),
    where,
    good: condition().optional().describe('Events that are good.'),
    bad_when: badWhen,
    ignore_when: ignoreWhen,
    valid: oneOf(['exposures', 'events'])
      .prefault('events')
      .describe('What the good ones are compared with: exposures of the variant, or all events that count.'),
    attribution: z
      .strictObject({
        by: oneOf(['trace', 'unit'])
          .prefault('trace')
          .describe('What an untagged event has in common with its exposure.'),
        window: duration({ atLeastMs: 1000 })
          .prefault('24h')
          .describe('How long after the exposure an event still belongs to it.'),
      })
      .optional()
      .describe('How events without tags find their variant.'),
    value: measured().optional().describe('What is measured: `attribute:NAME`.'),
    good_below: bound,
    percentiles,
  })
  .superRefine((sli, context) => {
    if (sli.valid === 'exposures' && sli.good === undefined)
      context.addIssue({
        code: 'custom',
        path: ['good'],
        message: 'the events that are good, since `valid` is exposures',
        params: { about: ['valid'] },
      })
  })

/** One entry of the list. */
export const sli = z.discriminatedUnion('from', [fromSpans, fromMetrics, fromEvents])

export type SliConfig = z.output<typeof sli>
export type SpanSliConfig = z.output<typeof fromSpans>
