// Reads everything out of a store as the lines of an archive, one experiment in memory at a time.
import { createHash } from 'node:crypto'
import type { PublishedEvent } from '../model/event.ts'
import { RECORD_KINDS, type Store, type StoredExperiment } from '../store/port.ts'
import { ARCHIVE_VERSION, type ArchiveCounts, type ContentLine, experimentOfEvent, LineCounter } from './format.ts'

export interface ExportOptions {
  readonly store: Store
  /** Only this one, its events and its declaration; null: everything. */
  readonly experiment: string | null
  /** Of cohortd, for people. */
  readonly version: string
  /** Unix milliseconds. */
  readonly nowMs: number
  /** Takes a line, the line feed included; may hold the export up. */
  readonly write: (line: string) => Promise<void>
  /** Told after each experiment. */
  readonly progress?: (done: number, of: number) => void
}

const EVENT_PAGE = 1000

/** The store has nothing of the experiment that was asked for. */
export class UnknownExperiment extends Error {
  override readonly name = 'UnknownExperiment'
}

/** Writes the archive of a started store; gives what is in it. */
export async function exportArchive(options: ExportOptions): Promise<ArchiveCounts> {
  const { store, experiment, version, nowMs, write } = options
  const experiments = await chosenExperiments(store, experiment)
  const exported_at = new Date(nowMs).toISOString()
  await write(asLine({ type: 'archive', version: ARCHIVE_VERSION, cohortd: version, exported_at, experiment }))
  const counter = new LineCounter()
  const hash = createHash('sha256')
  const put = async (content: ContentLine): Promise<void> => {
    const line = asLine(content)
    counter.add(content.type)
    hash.update(line)
    await write(line)
  }
  for await (const line of eventLines(store, experiment)) await put(line)
  for await (const line of recordLines(store, experiment)) await put(line)
  for (const [index, id] of experiments.entries()) {
    for (const line of experimentLines(await store.load(id))) await put(line)
    options.progress?.(index + 1, experiments.length)
  }
  const { counts } = counter
  await write(asLine({ type: 'end', counts, sha256: hash.digest('hex') }))
  return counts
}

async function chosenExperiments(store: Store, experiment: string | null): Promise<string[]> {
  const all = (await store.experiments()).sort()
  if (experiment === null) return all
  if (all.includes(experiment)) return [experiment]
  const known =
    all.length === 0 ? 'it is empty' : `it has ${all.slice(0, 10).join(', ')}${all.length > 10 ? ', ...' : ''}`
  throw new UnknownExperiment(`the store has nothing of experiment ${experiment}: ${known}`)
}

async function* eventLines(store: Store, experiment: string | null): AsyncGenerator<ContentLine> {
  let after: string | null = null
  for (;;) {
    const page: PublishedEvent[] = await store.readEvents(after, EVENT_PAGE)
    for (const { id, json } of page)
      if (experiment === null || experimentOfEvent(json) === experiment) yield { type: 'event', id, json }
    if (page.length === 0) return
    after = page[page.length - 1].id
  }
}

/** Of one experiment only its declaration: silences and deliveries belong to the whole installation. */
async function* recordLines(store: Store, experiment: string | null): AsyncGenerator<ContentLine> {
  for (const kind of RECORD_KINDS) {
    const records = (await store.records(kind)).filter(
      ({ id }) => experiment === null || (kind === 'experiment' && id === experiment),
    )
    for (const { id, json, untilMs } of records.sort(by(({ id: own }) => [own])))
      yield { type: 'record', kind, id, json, until: untilMs }
  }
}

function* experimentLines(stored: StoredExperiment): Generator<ContentLine> {
  const { experiment, state, publicationSequence: publication_sequence } = stored
  // Of a writer without rows only that it was given up is worth knowing.
  const counted = new Set(stored.rows.map(({ writer }) => writer))
  const writers = stored.writers.filter(
    ({ writer, sequence, retired }) => sequence > 0 && (retired || counted.has(writer)),
  )
  if (state === null && publication_sequence === 0 && writers.length === 0) return
  yield { type: 'experiment', experiment, publication_sequence, state }
  for (const { writer, sequence, sealedMinute, retired } of writers.sort(by(({ writer: own }) => [own])))
    yield { type: 'writer', experiment, writer, sequence, sealed_minute: sealedMinute, retired }
  const rows = [...stored.rows].sort(by((row) => [row.writer, row.variant, row.segmentKey, row.slice]))
  for (const { writer, variant, segmentKey: segment_key, slice, newestSecond: newest_second, bytes } of rows) {
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    yield { type: 'row', experiment, writer, variant, segment_key, slice, newest_second, bytes: base64 }
  }
  for (const { variant, segmentKey: segment_key, json } of [...stored.alerts].sort(
    by((one) => [one.variant, one.segmentKey]),
  ))
    if (json !== null) yield { type: 'alerts', experiment, variant, segment_key, json }
}

/** Orders by a list of parts, text by its code units: the same everywhere. */
function by<Item>(parts: (item: Item) => readonly (string | number)[]): (a: Item, b: Item) => number {
  return (a, b) => {
    const left = parts(a)
    const right = parts(b)
    for (const [index, part] of left.entries()) {
      if (part < right[index]) return -1
      if (part > right[index]) return 1
    }
    return 0
  }
}

function asLine(content: object): string {
  return `${JSON.stringify(content)}\n`
}
