// slis: what is counted as good and bad, and what is measured.
import { z } from 'zod'
import { FLAG_EVALUATIONS } from '../../model/flag-evaluations.ts'
import { condition } from './condition.ts'
import { goodBelow, measured, valid } from './sli-parts.ts'
import { duration, flag, number, oneOf, text } from './values.ts'

const percentiles = z
  .array(number({ above: 0, below: 1 }, '0.99'))
  .superRefine((given, context) => {
    for (const [index, percentile] of given.entries())
      if (given.indexOf(percentile) < index)
        context.addIssue({ code: 'custom', path: [index], message: 'every percentile once' })
  })
  .prefault([])
  .describe('Percentiles to report, each between 0 and 1; empty: none is kept.')

/** Names that the daemon uses itself. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([FLAG_EVALUATIONS.name])

const name = text()
  .refine((given) => !RESERVED_NAMES.has(given) && !given.startsWith('@'), {
    error: `a name other than ${[...RESERVED_NAMES].join(', ')}, and not with @ at its beginning`,
  })
  .describe('Name of the SLI, unique.')
const where = condition().optional().describe('Records that count; without it all do.')
const badWhen = condition().optional().describe('Records that are bad, whatever else holds.')
const ignoreWhen = condition().optional().describe('Records that are left out though `where` matches.')
const bound = goodBelow()
  .optional()
  .describe(
    'Values strictly below are good, others bad; counted exactly. A duration for durations and for metrics in a unit of time, else a number.',
  )

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
    .describe('What is taken: of a histogram its sum with `sum`, else its count; of anything else its value.'),
  where: condition().optional().describe('Data points that count.'),
})

const ONLY_OF_ONE_METRIC = ['where', 'bad_when', 'ignore_when', 'good_below'] as const

const fromMetrics = z
  .strictObject({
    name,
    from: z.literal('metrics').describe('metrics: data points of a metric.'),
    metric: text()
      .optional()
      .describe(
        'Name of the metric. Points of gauges and counters are events, histograms hold events and their values.',
      ),
    numerator: metricPart.optional().describe('A ratio of two metrics, instead of metric: what is divided.'),
    denominator: metricPart.optional().describe('A ratio of two metrics, instead of metric: what it is divided by.'),
    numerator_is: oneOf(['good', 'bad', 'amount'])
      .optional()
      .describe(
        'Whether the numerator counts good or bad ones of the denominator, or is an amount such as a cost. Without it: good where an SLO has an objective for it, else an amount.',
      ),
    where,
    bad_when: badWhen,
    ignore_when: ignoreWhen,
    good_below: bound,
    percentiles,
  })
  .superRefine((sli, context) => {
    const isRatio = sli.numerator !== undefined && sli.denominator !== undefined
    const half = (sli.numerator !== undefined) !== (sli.denominator !== undefined)
    if (half || isRatio === (sli.metric !== undefined)) {
      context.addIssue({
        code: 'custom',
        message: 'either metric, or both numerator and denominator',
        params: { about: ['metric', 'numerator', 'denominator'] },
      })
      return
    }
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, params: { about: ['metric', 'numerator'] } })
    if (!isRatio && sli.numerator_is !== undefined) refuse('numerator_is', 'no such key without numerator')
    if (!isRatio) return
    for (const key of ONLY_OF_ONE_METRIC)
      if (sli[key] !== undefined)
        refuse(key, 'no such key beside numerator; conditions stand in numerator.where and denominator.where')
    if (sli.percentiles.length > 0)
      refuse('percentiles', 'no such key beside numerator, since a ratio has no percentiles')
  })

const attribution = z.union([
  duration({ atLeastMs: 1000 }).transform((window) => ({ by: 'unit' as const, window, once_per_unit: false })),
  z.strictObject({
    by: oneOf(['trace', 'unit']).prefault('unit').describe('What an event has in common with its exposure.'),
    window: duration({ atLeastMs: 1000 })
      .prefault('24h')
      .describe('By unit: how long after the first exposure of its unit an event still belongs to it.'),
    once_per_unit: flag()
      .prefault(false)
      .describe(
        'By unit, with valid: exposures: every exposed unit is one event, good once it has had one good event.',
      ),
  }),
])

const fromEvents = z
  .strictObject({
    name,
    from: z.literal('events').describe('events: log records and span events, by event.name or severity.'),
    where,
    good: condition().optional().describe('Events that are good.'),
    bad_when: badWhen,
    ignore_when: ignoreWhen,
    valid: valid()
      .prefault('events')
      .describe(
        'What the good (or bad) events are compared with: `exposures` of the variant, `events`: all that count, a condition: the events that match it, or {from: spans, where: CONDITION}.',
      ),
    attribution: attribution
      .optional()
      .describe(
        'How events find their variant: a duration is short for {by: unit, window: DURATION}; without it by tag, else by trace.',
      ),
    value: measured().optional().describe('What is measured: `attribute:NAME`.'),
    good_below: bound,
    percentiles,
  })
  .superRefine((sli, context) => {
    const refuse = (key: string, message: string, about: readonly string[]) =>
      context.addIssue({ code: 'custom', path: [key], message, params: { about } })
    if (sli.valid.kind === 'exposures' && sli.good === undefined)
      refuse('good', 'the events that are good, since `valid` is exposures', ['valid'])
    if (sli.valid.kind === 'exposures' && sli.bad_when !== undefined)
      refuse('bad_when', 'no such key beside `valid: exposures`; ignore_when leaves events out', ['valid'])
    if (sli.valid.kind === 'records' && (sli.good === undefined) === (sli.bad_when === undefined))
      refuse('good', 'either good or bad_when, since `valid` says what they are compared with', ['valid', 'bad_when'])
    if (sli.value?.kind === 'duration') refuse('value', 'attribute:NAME, since an event has no duration', [])
    if (sli.value === undefined && sli.good_below !== undefined)
      refuse('good_below', 'no such key without `value: attribute:NAME`', ['value'])
    if (sli.value === undefined && sli.percentiles.length > 0)
      refuse('percentiles', 'no such key without `value: attribute:NAME`', ['value'])
    if (sli.valid.kind !== 'judged' && sli.percentiles.length > 0)
      refuse('percentiles', 'no such key beside `valid`, since a share has no percentiles', ['valid'])
    if (sli.value?.kind === 'attribute' && sli.good_below?.unit === 'seconds')
      refuse('good_below', "a number in the attribute's own unit", ['value'])
    if (sli.attribution?.once_per_unit === true && (sli.valid.kind !== 'exposures' || sli.attribution.by !== 'unit'))
      refuse('attribution', 'once_per_unit: false, or valid: exposures and by: unit beside it', ['valid'])
  })

const fromIngest = z.strictObject({
  name,
  from: z
    .literal('ingest')
    .describe(
      'ingest: items received of the cohort, against the rate at which its segments were received before the experiment.',
    ),
})

/** One entry of the list. */
export const sli = z.discriminatedUnion('from', [fromSpans, fromMetrics, fromEvents, fromIngest])

export type SliConfig = z.output<typeof sli>
export type SpanSliConfig = z.output<typeof fromSpans>
export type MetricSliConfig = z.output<typeof fromMetrics>
export type EventSliConfig = z.output<typeof fromEvents>
