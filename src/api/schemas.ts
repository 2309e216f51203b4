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
  description: 'May be a fraction where sampled items carry weights.',
} as const
const whole = { type: 'integer', minimum: 0 } as const
const share = { type: 'number', minimum: 0 } as const
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

/** The same, or null. */
function orNull(schema: Schema, description?: string): Schema {
  return { anyOf: [schema, { type: 'null' }], ...(description === undefined ? {} : { description }) }
}

/** The same object, with properties that are not always there. */
function withOptional(schema: Schema, optional: Readonly<Record<string, Schema>>, description?: string): Schema {
  const properties = { ...(schema['properties'] as object), ...optional }
  return { ...schema, properties, ...(description === undefined ? {} : { description }) }
}

const judgedCount = {
  type: ['number', 'null'],
  minimum: 0,
  description: 'Null where the SLI is a ratio with an amount, whose events are neither good nor bad.',
} as const
const validCount = {
  ...count,
  description:
    'Valid ones, weighted; of a ratio with an amount, its denominator; of an ingest SLI, what was to be expected.',
} as const
const percentiles = {
  type: ['object', 'null'],
  additionalProperties: number,
  description: 'By percentile, of the last five minutes; null when there was nothing.',
} as const

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
      events: validCount,
      good: judgedCount,
      bad: judgedCount,
      windows: mapOf(ref('SliWindow')),
      percentiles,
      baseline: orNull(ref('Baseline'), 'Null: nothing was seen before the experiment.'),
    }),
    {
      mean: {
        ...numberOrNull,
        description: 'Of SLIs over one metric: mean of the values of the last five minutes; null when there was none.',
      },
      estimated: {
        const: true,
        description:
          "There where good and bad were interpolated within a histogram's bucket, or scaled up from a sample of units.",
      },
      percentile_errors: {
        ...mapOf(numberOrNull),
        description:
          'There where histograms gave the values. By percentile, by how much it may be wrong: the width of the bucket in which it lies; null: not bounded.',
      },
    },
    'Counts are since the experiment began.',
  ),
  SliWindow: withOptional(
    record({
      events: validCount,
      good: judgedCount,
      bad: judgedCount,
      good_ratio: { ...numberOrNull, description: 'Null without events, and of a ratio with an amount.' },
    }),
    {
      ratio: {
        ...numberOrNull,
        description: 'Of a ratio with an amount: the amount divided by the events; null without any.',
      },
    },
    'An SLI in a trailing window. Where good (or bad) events and valid ones each come at their own time, good may be more than events; good_ratio is then 1.',
  ),
  Baseline: {
    allOf: [
      ref('SliWindow'),
      record({
        window: { ...text, description: 'How much of the time before the experiment was looked at, as in `1h`.' },
        taken_at: { ...moment, description: 'When the experiment began in these segments.' },
        percentiles: { ...percentiles, description: 'By percentile.' },
        mean: numberOrNull,
      }),
    ],
    description: 'The SLI before the experiment began, from items of the same segments that belonged to no experiment.',
  },
  SloReport: withOptional(
    record({
      slo: text,
      objective: { ...numberOrNull, description: 'Null where there is an upper bound.' },
      burn: {
        ...mapOf(numberOrNull),
        description:
          'By window; the bad share by the error budget, or the ratio by its upper bound. Null without events.',
      },
      sufficient: { ...flag, description: 'Whether there are as many events as are required.' },
      events: { ...count, description: "Items in the longest window of the SLO's rules." },
      events_required: count,
      error_budget_remaining: {
        ...numberOrNull,
        description: 'Share of the error budget, or of the upper bound, that is left; below 0 when overspent.',
      },
      alert: orNull(alert, 'Null: none fires.'),
    }),
    {
      upper_bound: {
        ...number,
        description: 'There in the place of an objective: what the ratio of the SLI must not be above.',
      },
    },
  ),
  CohortReport: record({ segments: texts, slis: list(ref('SliReport')), slos: list(ref('SloReport')) }),
  ExperimentReport: record({
    evaluated_at: momentOrNull,
    config_hash: text,
    items: ref('Items'),
    ...experimentHead,
    variants: list(ref('VariantReport')),
    comparisons: { type: 'array', items: {} },
    contamination: orNull(ref('Contamination'), 'Null: no exposure told its unit.'),
    warnings: list(ref('Warning')),
  }),
  VariantReport: record({
    variant: text,
    exposures: { ...count, description: 'Flag evaluations that gave the variant, weighted.' },
    unique_units: {
      type: ['integer', 'null'],
      minimum: 0,
      description: 'Units (users, sessions) that were exposed to the variant; null: no exposure told its unit.',
    },
    units: orNull(ref('Units'), 'Null where unique_units is.'),
    verdict: ref('Verdict'),
    cohorts: list(ref('CohortReport')),
  }),
  Units: record(
    {
      relative_error: {
        ...share,
        description: 'Half-width of the 95 % interval of unique_units, relative to it; 0: exact.',
      },
      share: { ...share, description: "Share of the experiment's units." },
      expected_share: {
        type: ['number', 'null'],
        minimum: 0,
        description: 'Share that the declared allocation plans for; null: none is declared.',
      },
      repeat_exposures: {
        ...whole,
        description:
          'Exposures beyond the first of each unit; where units are sampled, wrong by up to relative_error of the unique units.',
      },
    },
    'Units (users, sessions) of a variant, from a sample of them once there are many.',
  ),
  Contamination: record(
    {
      units: { ...whole, description: 'Units of the experiment.' },
      contaminated: { ...whole, description: 'Those of them that were exposed to several of its variants.' },
      ratio: { ...share, description: 'Share of these.' },
      lower: { ...share, description: 'Lower end of the 95 % interval of the ratio (Wilson).' },
      upper: { ...share, description: 'Upper end.' },
    },
    'Units that were exposed to several variants of an experiment.',
  ),
  VerdictAnswer: record({
    experiment: text,
    variant: text,
    ...verdictFields,
    events_total: count,
    evidence: orNull(
      record({
        control: textOrNull,
        slos: list({ allOf: [record({ segments: texts }), ref('SloReport')] }),
        omitted: whole,
      }),
    ),
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
