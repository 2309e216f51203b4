// The store as one process sees it: calls take time, overtake each other, are lost before, after or in the middle of their effect.
import { compareEventIds, type PublishedEvent } from '../../src/model/event.ts'
import type {
  Claim,
  Commit,
  FlushOutcome,
  Followed,
  LeftJournalEntry,
  PartialRow,
  Publication,
  PublicationOutcome,
  RecordKind,
  Store,
  StoredExperiment,
  StoredRecord,
} from '../../src/store/port.ts'
import { StoreError } from '../../src/store/port.ts'
import type { Network, Passage } from './network.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'
import { type Coverage, type ServerState, type StoreServer, write } from './server.ts'
import { EPOCH_MS } from './settings.ts'
import type { VirtualTime } from './virtual-time.ts'

/** A call that is not answered by then has failed, as far as its caller knows. */
const TIMEOUT_MS = 3000
const REFUSAL_MS = 2
const WATCH_RETRY_MS = 1000

export interface FaultyStoreParts {
  readonly server: StoreServer
  readonly network: Network
  readonly time: VirtualTime
  readonly process: Process
  readonly replica: number
  readonly random: Random
  /** What the rows of a writer hold at the moment. */
  readonly coverageOf: (commit: Commit) => Coverage
}

/** Gives the answer; `passage` for what a call that is cut off in its middle still does. */
type Effect<Answer> = (passage: Passage) => Answer | Promise<Answer>

export class FaultyStore implements Store {
  readonly shared: boolean
  readonly #parts: FaultyStoreParts
  #lastArrivalMs = 0

  constructor(parts: FaultyStoreParts) {
    this.#parts = parts
    this.shared = parts.server.shared
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  commit(commit: Commit): Promise<FlushOutcome[]> {
    const { server, random, time } = this.#parts
    const coverage = this.#parts.coverageOf(commit)
    return this.#call(({ lost }) => {
      const only =
        lost === 'in the middle' && this.shared
          ? new Set(commit.flushes.flatMap((_, at) => (random.chance(0.5) ? [at] : [])))
          : null
      const nowMs = EPOCH_MS + time.nowMs
      return server.ask((state) => write(state, commit, { coverage, only, nowMs }))
    })
  }

  experiments(): Promise<string[]> {
    return this.#look(({ store }) => store.experiments())
  }

  load(experiment: string): Promise<StoredExperiment> {
    return this.#look(async ({ store }) => {
      const loaded = await store.load(experiment)
      return { ...loaded, position: this.#positionOf(loaded.position) }
    })
  }

  activity(position: string | null): Promise<{ position: string; experiments: readonly string[] }> {
    return this.#look(async ({ store }) => {
      const active = await store.activity(position === null ? null : this.#changeOf(position))
      return { ...active, position: this.#positionOf(active.position) }
    })
  }

  follow(experiment: string, position: string, writer: string): Promise<Followed> {
    return this.#look(async ({ store }): Promise<Followed> => {
      const change = this.#changeOf(position)
      if (change === null) return { kind: 'gap' }
      const followed = await store.follow(experiment, change, writer)
      return followed.kind === 'gap' ? followed : { ...followed, position: this.#positionOf(followed.position) }
    })
  }

  rowsOf(experiment: string, writer: string): Promise<PartialRow[]> {
    return this.#look(({ store }) => store.rowsOf(experiment, writer))
  }

  retire(experiment: string, writer: string, token: number): Promise<boolean> {
    return this.#change(({ store }) => store.retire(experiment, writer, token))
  }

  forget(experiment: string, token: number): Promise<boolean> {
    return this.#change(({ store }) => store.forget(experiment, token))
  }

  recentRequests(): Promise<string[]> {
    return this.#look(({ store }) => store.recentRequests())
  }

  claim(writer: string, identity: string, experiments: readonly string[]): Promise<Claim[]> {
    return this.#change(({ store }) => store.claim(writer, identity, experiments))
  }

  leftJournal(writer: string, name: string | null): Promise<LeftJournalEntry[]> {
    return this.#change(({ store }) => store.leftJournal(writer, name))
  }

  lease(writer: string, experiments: readonly string[], ttlMs: number): Promise<ReadonlyMap<string, number>> {
    return this.#change(({ store }) => store.lease(writer, experiments, ttlMs))
  }

  release(writer: string, experiments: readonly string[]): Promise<void> {
    return this.#change(({ store }) => store.release(writer, experiments))
  }

  publish(publication: Publication): Promise<PublicationOutcome> {
    return this.#change(({ store }) => store.publish(publication))
  }

  publishAnew(publication: Publication): Promise<PublicationOutcome> {
    return this.#change(({ store }) => store.publishAnew(publication))
  }

  readEvents(afterId: string | null, limit: number): Promise<PublishedEvent[]> {
    return this.#look(({ store }) => store.readEvents(afterId, limit))
  }

  newestEvents(limit: number): Promise<PublishedEvent[]> {
    return this.#look(({ store }) => store.newestEvents(limit))
  }

  /** Begins when the call has arrived; what happens while the store cannot be reached is told afterwards. */
  watchEvents(afterId: string | null, listener: (events: readonly PublishedEvent[]) => void): () => void {
    const { server, process } = this.#parts
    let cursor = afterId
    let isOn = true
    let isReading = false
    const read = (): void => {
      if (isReading || !isOn) return
      isReading = true
      // A store of one process tells of what it has written without being asked.
      const { store } = server.state
      const reading = this.shared ? this.readEvents(cursor, Infinity) : store.readEvents(cursor, Infinity)
      reading.then(
        (events) => {
          isReading = false
          if (!isOn || events.length === 0) return
          cursor = events.at(-1)!.id
          listener(events)
          if (compareEventIds(server.events.at(-1)?.id ?? cursor, cursor) > 0) read()
        },
        () => {
          isReading = false
          process.after(WATCH_RETRY_MS, read)
        },
      )
    }
    let stop = (): void => {}
    process.after(1, () => {
      cursor ??= server.events.at(-1)?.id ?? '0-0'
      stop = server.onEvents(read)
      read()
    })
    return () => {
      isOn = false
      stop()
    }
  }

  records(kind: RecordKind): Promise<StoredRecord[]> {
    return this.#look(({ store }) => store.records(kind))
  }

  putRecords(kind: RecordKind, records: readonly StoredRecord[]): Promise<void> {
    return this.#change(({ store }) => store.putRecords(kind, records))
  }

  deleteRecords(kind: RecordKind, ids: readonly string[]): Promise<void> {
    return this.#change(({ store }) => store.deleteRecords(kind, ids))
  }

  secret(name: string, proposal: string): Promise<string> {
    return this.#change(({ store }) => store.secret(name, proposal))
  }

  #look<Answer>(effect: (state: ServerState) => Promise<Answer>): Promise<Answer> {
    return this.#call(() => effect(this.#parts.server.state))
  }

  #change<Answer>(effect: (state: ServerState) => Promise<Answer>): Promise<Answer> {
    return this.#call(() => this.#parts.server.ask(effect))
  }

  /** A position means something only to the server that gave it. */
  #positionOf(change: string): string {
    return `${this.#parts.server.epoch}/${change}`
  }

  #changeOf(position: string): string | null {
    const [epoch, change] = position.split('/')
    return Number(epoch) === this.#parts.server.epoch ? change : null
  }

  #call<Answer>(effect: Effect<Answer>): Promise<Answer> {
    const { network, process, replica, random, time } = this.#parts
    const passage = network.passage(random)
    return new Promise((resolve, reject) => {
      const trouble = network.troubleOf(replica)
      const fail = (why: string, afterMs: number): void =>
        process.after(afterMs, () => reject(new StoreError(`the store ${why}`)))
      if (this.shared) fail('did not answer in time', TIMEOUT_MS)
      if (trouble !== null) {
        if (trouble === 'refused') fail('cannot be reached', REFUSAL_MS)
        return
      }
      const arrivalMs = Math.max(time.nowMs + passage.toMs, network.reorders ? 0 : this.#lastArrivalMs)
      this.#lastArrivalMs = arrivalMs
      time.at(arrivalMs, () => {
        if (network.troubleOf(replica) === 'refused') return fail('closed the connection', REFUSAL_MS)
        if (passage.lost === 'before') return fail('closed the connection before', passage.backMs)
        Promise.resolve(effect(passage)).then(
          (answer) => {
            if (network.troubleOf(replica) === 'hangs') return
            if (passage.lost !== 'nothing') fail('closed the connection after', passage.backMs)
            else process.after(passage.backMs, () => resolve(answer))
          },
          (error: unknown) => process.after(passage.backMs, () => reject(error)),
        )
      })
    })
  }
}
