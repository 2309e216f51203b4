// docs/reference/events.md: every event with an example. The examples are typed, so they follow the events' shape.
import type { BurnEventData, CohortEvent, EventType, StoreLostData } from '../model/event.ts'

const FIRING: BurnEventData = {
  experiment: 'checkout-redesign',
  variant: 'treatment',
  segments: { 'service.name': 'shop' },
  slo: 'availability',
  objective: 0.999,
  severity: 'ticket',
  factor: 1.5,
  gate: null,
  long: { window: '1h', burn_rate: 1.7, events: 10_000, bad: 17 },
  short: { window: '5m', burn_rate: 9.2, events: 1304, bad: 12 },
  shared: false,
  since: '2026-01-01T00:00:00.000Z',
  runbook_url: 'https://runbooks.example.com/checkout-redesign',
  trace_ids: ['4bf92f3577b34da6a3ce929d0e0e4736'],
}
const ESCALATED: BurnEventData = {
  ...FIRING,
  severity: 'page',
  factor: 2,
  gate: 'rollback',
  long: { window: '1h', burn_rate: 2.4, events: 10_400, bad: 25 },
}

interface EventDescription {
  readonly when: string
  readonly subject: string
  readonly data: unknown
}

const SUBJECT = 'checkout-redesign/treatment/shop'

const EVENTS: Readonly<Record<EventType, EventDescription>> = {
  'cohortd.burn.firing': {
    when: "A rule of the SLO's policy holds in a cohort where no alert of that SLO fired.",
    subject: SUBJECT,
    data: FIRING,
  },
  'cohortd.burn.escalated': {
    when: 'The alert fires already, and a rule of a higher severity holds now. The severity never falls while it fires.',
    subject: SUBJECT,
    data: ESCALATED,
  },
  'cohortd.burn.updated': {
    when: 'The alert still fires; whether the control burns too (`shared`) has changed.',
    subject: SUBJECT,
    data: { ...ESCALATED, shared: true },
  },
  'cohortd.burn.resolved': {
    when: 'The alert ends: `reason` is `no_traffic` (the short window of its rule held no valid event) or `recovered` (no short window is at its factor any more).',
    subject: SUBJECT,
    data: {
      ...ESCALATED,
      short: { window: '5m', burn_rate: 0.4, events: 2500, bad: 1 },
      reason: 'recovered',
    } satisfies BurnEventData,
  },
  'cohortd.experiment.discovered': {
    when: 'Telemetry names an experiment that was not known before. `control` is null until one of its variants is taken for the control.',
    subject: 'checkout-redesign',
    data: { experiment: 'checkout-redesign', control: 'control', discovered_at: '2025-12-31T23:59:59.250Z' },
  },
  'cohortd.store.lost': {
    when: 'Something that the store held is gone without anybody having removed it: evicted, flushed, or not yet at the replica that a failover made the master. What running daemons had counted they write again from memory; what only the store had is lost.',
    subject: 'store',
    data: {
      experiments: ['checkout-redesign'],
      experiment_count: 1,
      what: ['what this replica had counted; it is written again from memory'],
    } satisfies StoreLostData,
  },
  'cohortd.store.degraded': {
    when: 'The store does not answer or takes no writes, for a second or more. Counting goes on in memory. A store that several replicas share gets this event once it is back.',
    subject: 'store',
    data: { reason: 'Redis at 127.0.0.1:6379 does not answer', since: '2025-12-31T23:59:58.000Z' },
  },
  'cohortd.store.restored': {
    when: 'The store is back.',
    subject: 'store',
    data: { since: '2025-12-31T23:59:58.000Z', seconds: 42 },
  },
  'cohortd.stream.resync': {
    when: 'On an event stream only, in place of events that can no longer be given: the last event that the subscriber has seen has left the log (`too_old`) or is none of this log (`unknown`). Read the state anew at `snapshot`; the events that follow are complete from here on. The `id:` line of this message is the position in the log, so reconnecting with it works.',
    subject: 'stream',
    data: {
      reason: 'too_old',
      last_event_id: '1767139200000-0',
      oldest_id: '1767222000000-0',
      newest_id: '1767225600000-0',
      snapshot: '/api/v1/experiments',
    },
  },
}

/** The page. */
export function eventsReference(): string {
  const sections = Object.entries(EVENTS).map(
    ([type, event]) => `## ${type}\n\n${event.when}\n\n\`\`\`json\n${example(type as EventType, event)}\n\`\`\`\n`,
  )
  return `# Events

Events are CloudEvents 1.0 in JSON, the same bytes on every channel. This page is made by src/publish/events-reference.ts
(\`npm run check -- --write\`).

* \`id\` is \`<tick in Unix milliseconds>-<number within the tick>\`: later events compare greater, part by part.
  \`source\` and \`id\` together identify an event: a receiver that gets one twice drops the second.
* \`time\` is the tick's, on the clock of the telemetry's receipt.
* \`subject\` is the experiment, then the variant, then the segment values, joined by slashes.
* Burn rates are null where their window held no valid event; \`events\` and \`bad\` are weighted counts.
* Of an SLO that bounds a ratio of two metrics, \`objective\` is null and \`upper_bound\` is there: \`bad\` is then the amount,
  \`events\` what it is divided by, and the burn rate their ratio divided by the bound. \`trace_ids\` are of spans and events only,
  so they are empty where the SLI is made of metrics.

\`GET /api/v1/events\` pages through the log, \`GET /api/v1/events/stream\` follows it (server-sent events: an \`id:\` and a
\`data:\` line each, no \`event:\` line; the type is in the JSON). A client that reconnects sends the last id it has seen as
\`Last-Event-ID\` and gets what came after it.

${sections.join('\n')}`
}

function example(type: EventType, { subject, data }: EventDescription): string {
  const resync = type === 'cohortd.stream.resync'
  const event: CohortEvent = {
    specversion: '1.0',
    id: resync ? 'resync-1767225600000-0' : '1767225600000-0',
    source: '/cohortd',
    type,
    subject,
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    data,
  }
  return JSON.stringify(event, null, 2)
}
