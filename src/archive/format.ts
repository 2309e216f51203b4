// The lines of an archive, and nothing else knows their shape. An archive is NDJSON, so that `jq`, `grep` and `head` can read it:
//
//   archive      which version of this format, who wrote it and when
//   event ...    the event log, oldest first; read before the experiments, so that no alert is here without its event being told
//   record ...   silences, experiments declared through the API, webhook deliveries that are due
//   experiment   then its writers, its rows, its alerts; once more for each experiment
//   end          how many lines of each kind there were and their checksum: a file without it was cut off
//
// All lines between the first and the last depend on the state alone, and are in a fixed order: equal states give equal bytes.
import { z } from 'zod'
import { isEventId } from '../model/event.ts'
import { HISTORY } from '../model/partial.ts'
import { RECORD_KINDS } from '../store/port.ts'

/** Grows when a reader of the earlier version would misread a line. */
export const ARCHIVE_VERSION = 1

const text = z.string()
const whole = z.int()
const count = whole.nonnegative()
const json = text.refine(isJson, { error: 'is not JSON text' })
const experiment = text.describe('The experiment that it belongs to: the one of the `experiment` line above.')
const segmentKey = text.describe('The segment values of the cohort, joined as the engine does.')

/** Read first and loosely: a later version may say more here. */
export const headSchema = z.object({
  type: z.literal('archive'),
  version: whole.positive().describe('Of this format.'),
  cohortd: text.describe('The version of cohortd that wrote it, for people.'),
  exported_at: text.describe('When, RFC 3339.'),
  experiment: text.nullable().describe('The only experiment that was asked for; null: everything was.'),
})

const eventSchema = z.strictObject({
  type: z.literal('event'),
  id: text.refine(isEventId, { error: 'is no event id' }).describe('Of the event; ids grow from line to line.'),
  json: json.describe('The event, byte for byte as it was told.'),
})

const recordSchema = z.strictObject({
  type: z.literal('record'),
  kind: z
    .enum(RECORD_KINDS)
    .describe('A silence, an experiment declared through the API, or a webhook delivery that is due.'),
  id: text.describe('Unique within its kind.'),
  json: json.describe('What it says.'),
  until: z.number().nullable().describe('Unix milliseconds from which on it is void; null: never.'),
})

const experimentSchema = z.strictObject({
  type: z.literal('experiment'),
  experiment: text.describe('Its id.'),
  publication_sequence: count.describe('Number of the latest change of state, alerts or events; 0: there was none.'),
  state: json.nullable().describe("What the engine keeps of it; null: nothing. Its shape is the engine's own."),
})

const writerSchema = z.strictObject({
  type: z.literal('writer'),
  experiment,
  writer: text.describe('One run of one process.'),
  sequence: whole.positive().describe('Number of its latest flush of the experiment.'),
  sealed_minute: whole.min(-1).describe('Its rows up to this minute are final; -1: none are.'),
  retired: z.boolean().describe('Given up: its rows may be adopted by other writers, and it may write no more.'),
})

const rowSchema = z.strictObject({
  type: z.literal('row'),
  experiment,
  writer: text.describe('The writer that counted it, or adopted it.'),
  variant: text.describe('The variant of the cohort.'),
  segment_key: segmentKey,
  slice: whole
    .min(HISTORY)
    .describe(
      'Number of a minute since 1970, n: the seconds (60 n, 60 (n + 1)]; -1: all that is older, folded together.',
    ),
  newest_second: whole.describe('The newest second that it counts, Unix time.'),
  bytes: z.base64().describe('Counts and digests, as src/slices/ encodes them.'),
})

const alertsSchema = z.strictObject({
  type: z.literal('alerts'),
  experiment,
  variant: text.describe('The variant of the cohort on which alerts fire.'),
  segment_key: segmentKey,
  json: json.describe("The alerts. Their shape is the engine's own."),
})

const countsSchema = z.strictObject({
  events: count,
  records: count,
  experiments: count,
  writers: count,
  rows: count,
  alerts: count,
})

const endSchema = z.strictObject({
  type: z.literal('end'),
  counts: countsSchema.describe(
    'How many lines of each kind there are: events, records, experiments, writers, rows, alerts.',
  ),
  sha256: text.describe('Of all lines between the first and this one, with their line feeds, in hex.'),
})

const CONTENT = [eventSchema, recordSchema, experimentSchema, writerSchema, rowSchema, alertsSchema] as const

/** Every line after the first. */
export const lineSchema = z.discriminatedUnion('type', [...CONTENT, endSchema])

/** All lines in their order, for the reference. */
export const LINE_SCHEMAS = [headSchema, ...CONTENT, endSchema] as const

export type ArchiveHead = z.infer<typeof headSchema>
export type ArchiveLine = z.infer<typeof lineSchema>
export type ContentLine = Exclude<ArchiveLine, { type: 'end' }>
export type ArchiveCounts = z.infer<typeof countsSchema>

/** Which count a line adds to. */
const COUNTED: Readonly<Record<ContentLine['type'], keyof ArchiveCounts>> = {
  event: 'events',
  record: 'records',
  experiment: 'experiments',
  writer: 'writers',
  row: 'rows',
  alerts: 'alerts',
}

/** Counts lines by kind. */
export class LineCounter {
  readonly #counts: ArchiveCounts = { events: 0, records: 0, experiments: 0, writers: 0, rows: 0, alerts: 0 }

  add(type: ContentLine['type']): void {
    this.#counts[COUNTED[type]]++
  }

  get counts(): ArchiveCounts {
    return { ...this.#counts }
  }
}

/** "3 experiments, 1 writer": what was counted, zeros left out. */
export function countsInWords(counts: ArchiveCounts): string {
  const { events, records, experiments, writers, rows, alerts } = counts
  const parts = Object.entries({ experiments, writers, rows, alerts, events, records })
    .filter(([, many]) => many > 0)
    .map(([kind, many]) => `${many} ${many === 1 && kind !== 'alerts' ? kind.slice(0, -1) : kind}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

/** The experiment that an event is about, as it says itself; null: of none. */
export function experimentOfEvent(event: string): string | null {
  const { data, subject } = JSON.parse(event) as { data?: { experiment?: unknown }; subject?: unknown }
  if (typeof data?.experiment === 'string') return data.experiment
  return typeof subject === 'string' ? subject.split('/')[0] : null
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
