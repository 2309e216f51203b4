// JSON Schemas of the API's answers, for the OpenAPI document.
import { SIGNALS } from '../model/signal.ts'

export type Schema = Readonly<Record<string, unknown>>

const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const number = { type: 'number' } as const
const numberOrNull = { type: ['number', 'null'] } as const
const count = {
  type: 'number',
  minimum: 0,
  description: 'May be a fraction where sampled spans carry weights.',
} as const
const flag = { type: 'boolean' } as const
const moment = { type: 'string', format: 'date-time' } as const
const momentOrNull = { type: ['string', 'null'], format: 'date-time' } as const
const severity = { type: 'string', enum: ['ticket', 'page'] } as const
const texts = { type: 'object', additionalProperties: text } as const
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
const list = (items: Schema): Schema => ({ type: 'array', items })
const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values })

/** An object of which every listed property is always there; more may come in later versions. */
function record(properties: Readonly<Record<string, Schema>>, description?: string): Schema {
  return {
    type: 'object',
    required: Object.keys(properties),
    properties,
    ...(description === undefined ? {} : { description }),
  }
}

/** The same object, with properties that are not always there. */
function withOptional(schema: Schema, optional: Readonly<Record<string, Schema>>): Schema {
  return { ...schema, properties: { ...(schema['properties'] as object), ...optional } }
}

const judgedCount = {
  type: ['number', 'null'],
  minimum: 0,
  description: 'Null where the SLI is a ratio with an amount, whose events are neither good nor bad.',
} as const
const percentiles = { type: ['object', 'null'], additionalProperties: number } as const
const windowReport = withOptional(
  record({ events: count, good: judgedCount, bad: judgedCount, good_ratio: numberOrNull }),
  { ratio: { ...numberOrNull, description: 'Of a ratio with an amount: the amount for each of the events.' } },
)

const alert = record({ severity, since: moment, shared: { ...flag, description: 'The control burns too.' } })
const reason = record({ code: text, message: text })
const verdictFields = {
  verdict: { type: 'string', enum: ['rollback', 'hold', 'continue', 'promote'] },
  reasons: list(reason),
  sufficient: { ...flag, description: 'Whether there is enough data to judge.' },
  events: count,
  events_required: numberOrNull,
}

const degraded = {
  ...list(text),
  description: 'What is wrong with the store, a sentence each: what others count, or what it has lost, may be missing.',
} as const

const experimentHead = {
  id: text,
  state: { type: 'string', enum: ['running'] },
  since: moment,
  control: textOrNull,
  hypothesis: textOrNull,
  owner: textOrNull,
  runbook_url: textOrNull,
}
const items = {
  type: 'object',
  properties: {
    received: count,
    attributed: count,
    unattributed: count,
    pending: count,
    duplicate: count,
    refused: mapOf(count),
  },
}

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: record({ type: text, title: text, status: { type: 'integer' }, detail: text }, 'RFC 9457.'),
  Warning: record({ code: text, message: text }),
  Verdict: record(verdictFields),
  Items: record(
    Object.fromEntries(SIGNALS.map((signal) => [signal, items])),
    'Of this process since its start; empty for a signal of which nothing was received.',
  ),
  ExperimentSummary: record({
    ...experimentHead,
    variants: list(record({ variant: text, verdict: ref('Verdict') })),
    warnings: list(ref('Warning')),
  }),
  ExperimentList: record({ evaluated_at: momentOrNull, experiments: list(ref('ExperimentSummary')) }),
  SliReport: withOptional(
    record({
      sli: text,
      events: count,
      good: judgedCount,
      bad: judgedCount,
      windows: mapOf(windowReport),
      percentiles,
      baseline: { anyOf: [ref('Baseline'), { type: 'null' }] },
    }),
    {
      mean: { ...numberOrNull, description: 'Of the values of the last five minutes; of SLIs over metrics.' },
      estimated: { ...flag, description: "Good and bad were interpolated within a histogram's bucket." },
      percentile_errors: {
        ...mapOf(numberOrNull),
        description: "By percentile: width of the histogram's bucket in which it lies; null: not bounded.",
      },
    },
  ),
  Baseline: {
    allOf: [windowReport, record({ window: text, taken_at: moment, percentiles, mean: numberOrNull })],
    description: 'The SLI before the experiment began, from items of the same segments that belonged to no experiment.',
  },
  SloReport: withOptional(
    record({
      slo: text,
      objective: { ...numberOrNull, description: 'Null where there is an upper bound.' },
      burn: mapOf(numberOrNull),
      sufficient: flag,
      events: count,
      events_required: count,
      error_budget_remaining: numberOrNull,
      alert: { anyOf: [alert, { type: 'null' }] },
    }),
    { upper_bound: { ...number, description: 'What the ratio of the SLI must not be above.' } },
  ),
  CohortReport: record({ segments: texts, slis: list(ref('SliReport')), slos: list(ref('SloReport')) }),
  ExperimentReport: record({
    evaluated_at: momentOrNull,
    config_hash: text,
    items: ref('Items'),
    ...experimentHead,
    variants: list(
      record({
        variant: text,
        exposures: count,
        unique_units: { ...numberOrNull, description: 'Null: no exposure told its unit.' },
        units: { anyOf: [ref('Units'), { type: 'null' }] },
        verdict: ref('Verdict'),
        cohorts: list(ref('CohortReport')),
      }),
    ),
    comparisons: { type: 'array', items: {} },
    contamination: { anyOf: [ref('Contamination'), { type: 'null' }] },
    warnings: list(ref('Warning')),
  }),
  Units: record(
    { relative_error: number, share: number, expected_share: numberOrNull, repeat_exposures: count },
    'Units (users, sessions) of a variant. relative_error: half-width of the 95 % interval of unique_units, relative to it; 0: exact.',
  ),
  Contamination: record(
    { units: count, contaminated: count, ratio: number, lower: number, upper: number },
    'Units that were exposed to several variants, with a 95 % interval.',
  ),
  VerdictAnswer: record({
    experiment: text,
    variant: text,
    ...verdictFields,
    events_total: count,
    evidence: {
      anyOf: [
        record({
          control: textOrNull,
          slos: list({ allOf: [record({ segments: texts }), ref('SloReport')] }),
          omitted: { type: 'integer', minimum: 0 },
        }),
        { type: 'null' },
      ],
    },
    degraded,
    evaluated_at: momentOrNull,
    data_age_seconds: { ...numberOrNull, description: 'Age of the evaluation that this answer is made of.' },
    config_hash: text,
  }),
  AlertList: record({
    evaluated_at: momentOrNull,
    alerts: list({ allOf: [record({ experiment: text, variant: text, segments: texts, slo: text }), alert] }),
    degraded,
  }),
  Event: record(
    {
      specversion: { const: '1.0' },
      id: text,
      source: text,
      type: text,
      subject: text,
      time: moment,
      datacontenttype: { const: 'application/json' },
      data: { type: 'object' },
    },
    'A CloudEvent; docs/reference/events.md tells what each type carries.',
  ),
  EventPage: record({
    events: list(ref('Event')),
    next: { ...textOrNull, description: 'Give it as `after` for the next page; null: there is no event at all.' },
    more: { ...flag, description: 'Whether events after `next` are there already.' },
    gap: { ...flag, description: 'Whether events between `after` and the first one given may be missing.' },
  }),
  Health: record({ status: { type: 'string', enum: ['ok', 'failing'] }, problems: list(text), version: text }),
  Readiness: record({
    ready: { ...flag, description: 'Whether requests should come here.' },
    not_ready: list(text),
    reports: {
      type: 'string',
      enum: ['loaded', 'loading'],
      description: 'Telemetry is taken from the start; reports are given once what is stored is here.',
    },
    degraded,
  }),
}
