// What others know into the engine: everything at the start, then what changes. Where it is not known any more what has been taken (this replica was
// out of reach, or the store says that it cannot tell), the experiment is counted anew from all that the store has.
import type { PublishedEvent } from '../../model/event.ts'
import type { CohortAlerts, PartialRow, WriterRow } from '../../model/partial.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Store, StoredExperiment, WriterState } from '../port.ts'
import type { KeptEngine } from './kept-engine.ts'
import type { ToldAlerts } from './told-alerts.ts'
import type { Writer } from './writer.ts'

/** Rows that are taken in at a time: some milliseconds. */
const ROWS_AT_A_TIME = 400
const POLL_MS = 500
const POLLS_PER_ROUND = 100
/** Whoever runs has found by then what the store has lost of it, and written it again; mostly that takes a second or two. */
const REWRITING_MS = 10_000
/** Who has begun to write again has come to an end by then: a large experiment is written in pieces. */
const PIECES_MS = 2000
/** Whoever has not followed for so long may have missed minutes that are folded away since; they stay unfolded for longer than this. */
const LONGEST_LAG_MS = 200_000

export class Follower {
  readonly #store: Store
  readonly #engine: KeptEngine<PublishedEvent>
  readonly #writer: Writer
  readonly #clock: Clock
  readonly #wait: (ms: number) => Promise<void>
  readonly #leads: (experiment: string) => boolean
  readonly #toldAlerts: ToldAlerts
  readonly #toldUpTo: (experiment: string) => number
  readonly #onLost: (experiment: string, what: 'rows' | 'publications') => void
  /** By experiment: where follow() goes on; null: it is to be taken anew. */
  readonly #positions = new Map<string, string | null>()
  readonly #writers = new Map<string, Map<string, WriterState>>()
  /** By experiment: the sequence of its latest publication. */
  readonly #publications = new Map<string, number>()
  /** By experiment: the latest publication of a store that has lost later ones. What is known here is newer, until somebody tells more. */
  readonly #outdated = new Map<string, number>()
  /** By experiment of which the store has lost rows: until when what is known here of others is taken for better, monotonic milliseconds. */
  readonly #rewritten = new Map<string, number>()
  /** Experiments that are still to be looked at in this round. */
  #round: string[] = []
  #activity: string | null = null
  #polledMs = -Infinity
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: {
    store: Store
    engine: KeptEngine<PublishedEvent>
    writer: Writer
    clock: Clock
    wait: (ms: number) => Promise<void>
    leads: (experiment: string) => boolean
    toldAlerts: ToldAlerts
    /** The sequence of the latest publication that this replica knows to have written. */
    toldUpTo: (experiment: string) => number
    /** The store has less of this writer than it once took, or of what this replica has made known as the leader. */
    onLost: (experiment: string, what: 'rows' | 'publications') => void
  }) {
    this.#store = parts.store
    this.#engine = parts.engine
    this.#writer = parts.writer
    this.#clock = parts.clock
    this.#wait = parts.wait
    this.#leads = parts.leads
    this.#toldAlerts = parts.toldAlerts
    this.#toldUpTo = parts.toldUpTo
    this.#onLost = parts.onLost
  }

  /** Takes in all that there is; gives how many experiments that were. */
  loadAll(): Promise<number> {
    return this.#inTurn(async () => {
      this.#activity = this.#store.shared ? (await this.#store.activity(null)).position : null
      const experiments = (await this.#store.experiments()).filter((one) => one !== '')
      for (const experiment of experiments) await this.#take(experiment)
      this.#polledMs = this.#clock.monotonic()
      return experiments.length
    })
  }

  isPollDue(): boolean {
    return this.#clock.monotonic() - this.#polledMs >= POLL_MS
  }

  /** Takes in what changed since the last time. */
  poll(): Promise<void> {
    return this.#inTurn(async () => {
      const begunMs = this.#clock.monotonic()
      if (begunMs - this.#polledMs > LONGEST_LAG_MS)
        for (const one of this.#positions.keys()) this.#positions.set(one, null)
      const { position, experiments } = await this.#store.activity(this.#activity)
      const unknown = [...this.#positions].flatMap(([experiment, at]) => (at === null ? [experiment] : []))
      for (const experiment of new Set([...experiments, ...unknown, ...this.#nextInTurn()]))
        if (experiment !== '') await this.#catchUp(experiment)
      this.#activity = position
      this.#polledMs = begunMs
    })
  }

  /** Some of all experiments, each within a minute: of one that the store has lost it does not tell that it changed. */
  #nextInTurn(): string[] {
    if (this.#round.length === 0) this.#round = [...this.#positions.keys()]
    return this.#round.splice(0, Math.ceil(this.#positions.size / POLLS_PER_ROUND))
  }

  /** Brings an experiment to what the store has now; gives the sequence of the latest publication, a lost one included. For whoever is about to lead it. */
  bringUp(experiment: string): Promise<number> {
    return this.#inTurn(async () => {
      await this.#catchUp(experiment)
      return this.#publications.get(experiment) ?? 0
    })
  }

  /** Takes the alerts of an experiment, and all else, as the store has them. */
  takeAnew(experiment: string): Promise<void> {
    return this.#inTurn(async () => {
      // Where the store fails now, the next poll or whoever leads takes it.
      this.#positions.set(experiment, null)
      await this.#take(experiment)
    })
  }

  /**
   * Counts experiments anew from the store, own partials included. Which ones is asked until all of them are read; then, with nothing in between,
   * `before` is called and all are counted anew: what was counted here while the store was asked is not in what was read.
   */
  takeBack(experiments: () => readonly string[], before: () => void): Promise<void> {
    return this.#inTurn(async () => {
      const read = await readAll(experiments, async (experiment) => ({
        own: await this.#store.rowsOf(experiment, this.#writer.id),
        stored: await this.#store.load(experiment),
      }))
      before()
      for (const { own, stored } of read) this.#rebuild(stored, own)
    })
  }

  /** As takeBack(), for a process that goes on as another writer, whose own is nothing yet: it becomes that in `before`. */
  takeAllAnew(experiments: () => readonly string[], before: () => void): Promise<void> {
    return this.#inTurn(async () => {
      const all = (): string[] => [...experiments(), ...this.#positions.keys()]
      const read = await readAll(all, (experiment) => this.#store.load(experiment))
      before()
      for (const stored of read) this.#rebuild(stored, [])
    })
  }

  #rebuild(loaded: StoredExperiment, own: readonly PartialRow[]): void {
    const stored = this.#withoutOwn(loaded)
    this.#engine.exchange.rebuild(stored.experiment, stored, own)
    this.#note(stored)
  }

  /** The sequence of the latest publication that was ever heard of here. */
  #knownPublication(experiment: string): number {
    return Math.max(this.#publications.get(experiment) ?? 0, this.#toldUpTo(experiment))
  }

  /** Whether what is known here of alerts is newer than what the store has. */
  isStoreOutdated(experiment: string): boolean {
    return this.#outdated.has(experiment)
  }

  /** By experiment: the sequence of its latest publication. */
  get publications(): ReadonlyMap<string, number> {
    return this.#publications
  }

  /** Other writers of the experiment. */
  writersOf(experiment: string): WriterState[] {
    return [...(this.#writers.get(experiment)?.values() ?? [])].filter(({ writer }) => writer !== this.#writer.id)
  }

  forget(experiment: string): void {
    this.#positions.delete(experiment)
    this.#writers.delete(experiment)
    this.#publications.delete(experiment)
    this.#outdated.delete(experiment)
    this.#rewritten.delete(experiment)
    this.#toldAlerts.forget(experiment)
  }

  async #catchUp(experiment: string): Promise<void> {
    const position = this.#positions.get(experiment) ?? null
    if (position === null) return this.#take(experiment)
    const followed = await this.#store.follow(experiment, position, this.#writer.id)
    const { exchange } = this.#engine
    if (followed.kind === 'gap' || !exchange.follow(experiment, followed)) return this.#take(experiment)
    const outdated = this.#outdated.get(experiment)
    if (outdated !== undefined && outdated !== followed.publicationSequence) return this.#take(experiment)
    this.#positions.set(experiment, followed.position)
    if (outdated === undefined) this.#publications.set(experiment, followed.publicationSequence)
    this.#noteWriters(experiment, followed.writers)
    exchange.setState(experiment, followed.state)
    if (outdated === undefined) this.#takeAlerts(experiment, followed.alerts, false)
  }

  /** All that the store has of an experiment, in the place of what was taken of it before. */
  async #take(experiment: string): Promise<void> {
    const { exchange } = this.#engine
    const known = this.#knownPublication(experiment)
    const stored = this.#withoutOwn(await this.#load(experiment))
    exchange.setState(experiment, stored.state)
    if (this.#mustBeRewritten(stored)) this.#positions.set(experiment, null)
    else await this.#takeRows(stored)
    this.#publications.set(experiment, stored.publicationSequence)
    const wasOutdated = this.#outdated.has(experiment)
    if (this.#isOutdated(stored, known)) {
      this.#publications.set(experiment, known)
      if (this.#leads(experiment)) {
        if (!wasOutdated) this.#onLost(experiment, 'publications')
      } else exchange.setAlerts(experiment, this.#toldAlerts.of(experiment), true)
    } else this.#takeAlerts(experiment, stored.alerts, true)
  }

  async #takeRows(stored: StoredExperiment): Promise<void> {
    const { experiment } = stored
    if (this.#positions.has(experiment)) this.#engine.exchange.rebuild(experiment, stored, null)
    else await this.#takeInPieces(stored)
    this.#note(stored)
  }

  /**
   * Whether the store has lost rows of writers that were known here. Then those of them who run are given time to write again: until that is done
   * their part is in no row, and an experiment counted from rows alone would look as if they had never been.
   */
  #mustBeRewritten({ experiment, writers }: StoredExperiment): boolean {
    const sequences = new Map(writers.map(({ writer, sequence }) => [writer, sequence]))
    const isMissing = ({ writer, sequence }: WriterState): boolean => (sequences.get(writer) ?? 0) < sequence
    const areAllBack = !this.writersOf(experiment).some(isMissing)
    const waitsUntilMs = this.#rewritten.get(experiment)
    if (areAllBack && waitsUntilMs === undefined) return false
    const nowMs = this.#clock.monotonic()
    const untilMs = Math.min(waitsUntilMs ?? nowMs + REWRITING_MS, areAllBack ? nowMs + PIECES_MS : Infinity)
    if (nowMs < untilMs) this.#rewritten.set(experiment, untilMs)
    else this.#rewritten.delete(experiment)
    return nowMs < untilMs
  }

  #takeAlerts(experiment: string, alerts: readonly CohortAlerts[], whole: boolean): void {
    this.#toldAlerts.note(experiment, alerts, whole)
    if (!this.#leads(experiment)) this.#engine.exchange.setAlerts(experiment, alerts, whole)
  }

  /** What the store has; where that is less than it once took from this writer, it is told so. */
  async #load(experiment: string): Promise<StoredExperiment> {
    const { id } = this.#writer
    const confirmed = this.#writer.confirmed(experiment)
    const stored = await this.#store.load(experiment)
    const own = stored.writers.find(({ writer }) => writer === id)
    if (id === this.#writer.id && (own?.sequence ?? 0) < confirmed) this.#onLost(experiment, 'rows')
    return stored
  }

  /** Whether the store has lost publications that were known here before, and nobody has told anything since. */
  #isOutdated({ experiment, publicationSequence }: StoredExperiment, known: number): boolean {
    if (this.#outdated.get(experiment) === publicationSequence) return true
    if (this.#outdated.delete(experiment) || publicationSequence >= known) return false
    this.#outdated.set(experiment, publicationSequence)
    return true
  }

  async #takeInPieces({ experiment, rows, writers }: StoredExperiment): Promise<void> {
    for (let from = 0; from < rows.length; from += ROWS_AT_A_TIME) {
      this.#engine.exchange.load(experiment, { rows: rows.slice(from, from + ROWS_AT_A_TIME), writers })
      await this.#wait(0)
    }
    if (rows.length === 0) this.#engine.exchange.load(experiment, { rows, writers })
  }

  #withoutOwn(stored: StoredExperiment): StoredExperiment {
    const others = ({ writer }: Pick<WriterRow, 'writer'>): boolean => writer !== this.#writer.id
    return { ...stored, rows: stored.rows.filter(others), writers: stored.writers.filter(others) }
  }

  #note({ experiment, position, writers, publicationSequence }: StoredExperiment): void {
    this.#positions.set(experiment, position)
    this.#publications.set(experiment, publicationSequence)
    this.#writers.delete(experiment)
    this.#noteWriters(experiment, writers)
  }

  #noteWriters(experiment: string, writers: readonly WriterState[]): void {
    let known = this.#writers.get(experiment)
    if (known === undefined) this.#writers.set(experiment, (known = new Map()))
    for (const state of writers) known.set(state.writer, state)
  }

  /** One after the other: what is taken in must not be overtaken. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }
}

/** Reads all experiments that are asked for, those too that are only asked for meanwhile. */
async function readAll<Of>(
  experiments: () => readonly string[],
  read: (experiment: string) => Promise<Of>,
): Promise<Of[]> {
  const done = new Map<string, Of>()
  for (;;) {
    const next = experiments().find((experiment) => !done.has(experiment))
    if (next === undefined) return [...done.values()]
    done.set(next, await read(next))
  }
}
