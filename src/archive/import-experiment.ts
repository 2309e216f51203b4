// Brings one experiment of an archive into a store by the verbs of the port, so that doing it again changes nothing.
import type { PublishedEvent } from '../model/event.ts'
import {
  type CohortAlerts,
  type Flush,
  type Store,
  type StoredExperiment,
  StoreError,
  type WriterRow,
} from '../store/port.ts'
import type { ArchivedExperiment } from './archived-experiment.ts'
import { rowsGone, type Stage, stageOf } from './stage.ts'

/**
 * `written`: what was not there is there now. `known`: the store had all of it, or a later account, and nothing was changed. `added`: the
 * store goes by its own alerts and state, the counts were added. `beside`, `forked`: nothing was changed, since it might count twice; the
 * first could be added.
 */
export type ImportOutcome = 'written' | 'known' | 'added' | 'beside' | 'forked'

export interface ExperimentImport {
  readonly store: Store
  /** Of this import; holds the leases. */
  readonly importer: string
  readonly archived: ArchivedExperiment
  /** Add to counts of writers that the archive does not know: nothing of it is in them. */
  readonly add: boolean
  /** Events of the archive that the store has none of; published with the experiment where it publishes anything. */
  readonly events: readonly PublishedEvent[]
}

export interface ImportedExperiment {
  readonly outcome: ImportOutcome
  readonly eventsWritten: number
}

/** While it is held no replica evaluates the experiment or gives up its writers; it is renewed before it is used. */
const LEASE_MS = 60_000
/** Events that go into one publication, where the numbers of the publications suffice. */
const EVENTS_AT_ONCE = 500

/** Imports one experiment into a started store. */
export async function importExperiment(options: ExperimentImport): Promise<ImportedExperiment> {
  const { store, importer, archived } = options
  const { experiment } = archived
  try {
    const led = (await store.lease(importer, [experiment], LEASE_MS)).has(experiment)
    const stored = await store.load(experiment)
    const stage = stageOf(archived.writers, stored.writers)
    if (stage === 'forked' || (stage === 'beside' && !options.add)) return { outcome: stage, eventsWritten: 0 }
    // Its rows were adopted by others, which only the lease holder may repeat.
    if (stage === 'later' && !led) throw evaluatedElsewhere(experiment)
    await writeRows(options, stored)
    if (led) await retireWriters(options, stored)
    const publishes = led && mayPublish(archived, stored, stage)
    const eventsWritten = publishes ? await publishState(options, stored) : 0
    return { outcome: outcomeOf(stage, publishes, archived), eventsWritten }
  } finally {
    // A lease that cannot be given back runs out.
    await store.release(importer, [experiment]).catch(() => {})
  }
}

function outcomeOf(stage: Stage, publishes: boolean, archived: ArchivedExperiment): ImportOutcome {
  if (publishes) return 'written'
  if (stage === 'known' || stage === 'same') return 'known'
  return archived.publicationSequence === 0 ? 'written' : 'added'
}

/** Alerts and state are one account that does not add up: the store's own is kept unless the archive's is a later one of the same. */
function mayPublish({ publicationSequence }: ArchivedExperiment, stored: StoredExperiment, stage: Stage): boolean {
  if (publicationSequence <= stored.publicationSequence) return false
  return stored.publicationSequence === 0 || stage === 'later' || stage === 'same'
}

async function writeRows(options: ExperimentImport, stored: StoredExperiment): Promise<void> {
  const { store, archived } = options
  const { experiment } = archived
  const sequenceInStore = new Map(stored.writers.map(({ writer, sequence }) => [writer, sequence]))
  const ahead = archived.writers.filter(({ writer, sequence }) => (sequenceInStore.get(writer) ?? 0) < sequence)
  if (ahead.length === 0) return
  // Rows that another writer of the archive has adopted since: they go with the first flush, so that they are never in both for good.
  let adopted: Flush['adopted'] = await adoptedSince(options, stored)
  for (const { writer, sequence, sealedMinute } of ahead) {
    const rows = archived.rows.filter((row) => row.writer === writer)
    const dropped = rowsGone(writer, archived.rows, stored)
    const flush: Flush = { experiment, writer, sequence, after: 0, sealedMinute, rows, dropped, adopted, requests: [] }
    const [outcome] = await store.commit({ writer, flushes: [flush], journal: null, requests: [] })
    if (outcome !== 'written')
      throw new StoreError(`the store refuses writer ${writer} of experiment ${experiment} (${outcome}); ${RUN_AGAIN}`)
    adopted = []
  }
}

const RUN_AGAIN = 'run the import again, which goes on where it stopped'

/** Writers that both sides know by the same flush, and of which the store has rows that the archive has not. */
async function adoptedSince(options: ExperimentImport, stored: StoredExperiment): Promise<Flush['adopted']> {
  const { archived } = options
  const adopted: { writer: string; keys: WriterRow[] }[] = []
  const givenUp: string[] = []
  for (const { writer, sequence, retired } of archived.writers) {
    const same = stored.writers.find((other) => other.writer === writer && other.sequence === sequence)
    const keys = rowsGone(writer, archived.rows, stored)
    if (!retired || same === undefined || keys.length === 0) continue
    if (!same.retired) givenUp.push(writer)
    adopted.push({ writer, keys })
  }
  await retire(options, givenUp)
  return adopted
}

/** What was given up in the archive is given up here, unless it went on here. */
async function retireWriters(options: ExperimentImport, stored: StoredExperiment): Promise<void> {
  const inStore = new Map(stored.writers.map((writer) => [writer.writer, writer]))
  const retired = options.archived.writers.filter(({ writer, sequence, retired: isRetired }) => {
    const other = inStore.get(writer)
    return isRetired && (other === undefined || (!other.retired && other.sequence <= sequence))
  })
  await retire(
    options,
    retired.map(({ writer }) => writer),
  )
}

/** Gives writers up, and itself before them: it adopts nothing, and who evaluates next shall not wait for it to do so. */
async function retire(options: ExperimentImport, writers: readonly string[]): Promise<void> {
  if (writers.length === 0) return
  const { experiment } = options.archived
  for (const writer of [options.importer, ...writers])
    if (!(await options.store.retire(experiment, writer, await renewedToken(options))))
      throw evaluatedElsewhere(experiment)
}

/** Publishes state and alerts as the archive has them, with the events; gives how many events. */
async function publishState(options: ExperimentImport, stored: StoredExperiment): Promise<number> {
  const { store, archived, events } = options
  const { experiment, state, publicationSequence } = archived
  const alerts = [...archived.alerts, ...alertsGone(archived, stored)]
  // Publications are numbered, and the last one must get the archive's number: a re-import finds it, and changes nothing.
  const free = publicationSequence - stored.publicationSequence
  const pieces = Math.max(1, Math.min(Math.ceil(events.length / EVENTS_AT_ONCE), free))
  const size = Math.ceil(events.length / pieces)
  for (let piece = 0; piece < pieces; piece++) {
    const outcome = await store.publishAnew({
      experiment,
      token: await renewedToken(options),
      sequence: publicationSequence - pieces + 1 + piece,
      state,
      alerts,
      events: events.slice(piece * size, (piece + 1) * size),
    })
    if (outcome !== 'published') throw evaluatedElsewhere(experiment)
  }
  return events.length
}

/** Alerts that fire in the store and not in the archive. */
function alertsGone(archived: ArchivedExperiment, stored: StoredExperiment): CohortAlerts[] {
  const firing = new Set(archived.alerts.map(({ variant, segmentKey }) => JSON.stringify([variant, segmentKey])))
  return stored.alerts
    .filter(({ variant, segmentKey }) => !firing.has(JSON.stringify([variant, segmentKey])))
    .map(({ variant, segmentKey }) => ({ variant, segmentKey, json: null }))
}

async function renewedToken({ store, importer, archived: { experiment } }: ExperimentImport): Promise<number> {
  const token = (await store.lease(importer, [experiment], LEASE_MS)).get(experiment)
  if (token === undefined) throw evaluatedElsewhere(experiment)
  return token
}

function evaluatedElsewhere(experiment: string): StoreError {
  return new StoreError(
    `experiment ${experiment} is being evaluated by a running replica; stop the replicas that use this store, and ${RUN_AGAIN}`,
  )
}
