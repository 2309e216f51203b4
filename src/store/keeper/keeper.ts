// Keeps the store up to date with what runs in memory, and memory with what others write. The parts are next door; this is their order:
// events first (a subscriber may come at once), then everything that is stored, in the background; only then is anything led, judged and
// published. Own partials are flushed from the beginning. It has no timer: whoever runs it calls tick() several times a second.
import type { PublishedEvent } from '../../model/event.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Claim, Store } from '../port.ts'
import { Adopter } from './adopter.ts'
import { Duties } from './duties.ts'
import { Flusher, type Rejected } from './flusher.ts'
import { Follower } from './follower.ts'
import type { Journal, KeptEngine, Touched } from './kept-engine.ts'
import { Leadership } from './leadership.ts'
import { Leases } from './leases.ts'
import { Publisher } from './publisher.ts'
import { PendingRequests, type Written } from './requests.ts'
import { ToldAlerts } from './told-alerts.ts'
import { Untold } from './untold.ts'
import { Writer } from './writer.ts'

const FLUSH_MS = 1000
const ADOPTION_MS = 5000
/** Less than the id of any event: whoever watches from here misses none that comes between reading and watching. */
const BEFORE_ALL_EVENTS = '0-0'
/** A store of one process that has not taken an event after this is not waited for any longer: an alert is worth more than its record. */
const TELL_ANYWAY_MS = 2000

export interface KeeperObserver<Event> {
  /** What was told before this process began, in order. */
  restored(events: readonly PublishedEvent[]): void
  /** Events of all replicas, in order. */
  events(events: readonly PublishedEvent[]): void
  /** Own events are known to the world now; once for each. */
  told(events: readonly Event[]): void
  loaded(counts: { experiments: number }): void
  flushed(seconds: number): void
  failed(error: Error, operation: string): void
  /** Something that was stored is gone. */
  lost(experiment: string | null, what: string): void
}

export interface KeeperOptions {
  readonly durable: boolean
  readonly newWriterId: () => string
  /** `replica_id`. */
  readonly name: string | null
  /** Events that are brought back. */
  readonly eventLimit: number
}

export interface KeeperParts<Event extends PublishedEvent> {
  readonly store: Store
  readonly engine: KeptEngine<Event>
  readonly journal: Journal
  readonly clock: Clock
  /** Resolves after so many milliseconds; 0: when other work had its turn. */
  readonly wait: (ms: number) => Promise<void>
  readonly observer: KeeperObserver<Event>
}

export class StateKeeper<Event extends PublishedEvent> {
  readonly #parts: KeeperParts<Event>
  readonly #options: KeeperOptions
  readonly #writer: Writer
  readonly #requests = new PendingRequests()
  readonly #leases: Leases
  readonly #flusher: Flusher
  readonly #follower: Follower
  readonly #publisher: Publisher<Event>
  readonly #adopter: Adopter
  readonly #leadership: Leadership<Event>
  readonly #duties: Duties
  readonly #untold: Untold<Event>
  #forgotten: string[] = []
  readonly #toldAlerts = new ToldAlerts()
  #stage: 'events' | 'state' | 'loaded' = 'events'
  #stopWatching = (): void => {}
  #stopped = false

  constructor(parts: KeeperParts<Event>, options: KeeperOptions) {
    const { store, engine, clock, wait, observer } = parts
    this.#parts = parts
    this.#duties = new Duties(clock, (error, operation) => observer.failed(error, operation))
    this.#untold = new Untold(clock)
    this.#options = options
    this.#writer = new Writer(options.newWriterId)
    this.#leases = new Leases(store, this.#writer)
    this.#flusher = new Flusher(
      {
        ...parts,
        writer: this.#writer,
        requests: this.#requests,
        observer: {
          flushed: (seconds) => observer.flushed(seconds),
          failed: (error, operation) => observer.failed(error, operation),
          lost: (experiment, what) => observer.lost(experiment, what),
        },
      },
      {
        durable: options.durable,
        onRejected: (rejected) => this.#onRejected(rejected),
        adoptedOf: (experiment) => this.#adopter.adoptedOf(experiment),
      },
    )
    this.#follower = new Follower({
      store,
      engine,
      writer: this.#writer,
      clock,
      wait,
      leads: (experiment) => this.#leadership.leads(experiment),
      toldAlerts: this.#toldAlerts,
      toldUpTo: (experiment) => this.#publisher.sequenceOf(experiment),
      onLost: (experiment, what) =>
        what === 'rows' ? this.#flusher.beginAnew(experiment) : this.#publisher.tellAnew(experiment),
    })
    this.#publisher = new Publisher({
      store,
      engine,
      tokenOf: (experiment) => this.#leadership.tokenOf(experiment),
      onStale: (experiment) => this.#leadership.letGo(experiment),
      observer: {
        published: ({ experiment, alerts, events }, whole) => {
          this.#toldAlerts.note(experiment, alerts, whole)
          this.#told(events)
        },
        failed: (error, operation) => this.#publishFailed(error, operation),
        lost: (experiment, what) => observer.lost(experiment, what),
      },
    })
    this.#leadership = new Leadership({
      store,
      engine,
      clock,
      leases: this.#leases,
      follower: this.#follower,
      publisher: this.#publisher,
    })
    this.#adopter = new Adopter({
      store,
      engine,
      isGone: async (writer, nowMs) => !store.shared || (await this.#leases.isGone(writer, nowMs)),
      flush: async () => {
        await this.#flusher.flush()
        return this.#flusher.problem === null
      },
    })
    engine.exchange.leadNone()
  }

  /** Opens the store and brings back its events, where it can be reached. Rejects where the store can never be used as configured. */
  async start(): Promise<void> {
    await this.#parts.store.start()
    await this.#duties.run('load', () => this.#restoreEvents())
  }

  /** Whether everything that was stored is here. */
  get isLoaded(): boolean {
    return this.#stage === 'loaded'
  }

  /** Why the store does not do its work now, a sentence each; empty: it does. */
  get problems(): string[] {
    const problems = [this.#flusher.problem, this.#publisher.problem, ...this.#duties.problems]
    return [...new Set(problems.filter((problem) => problem !== null))]
  }

  get droppedEvents(): number {
    return this.#publisher.droppedEvents
  }

  /** Does what is due; cheap, and returns at once. */
  tick(): void {
    if (this.#stopped) return
    const { shared } = this.#parts.store
    if (!shared && this.#untold.isWaiting(TELL_ANYWAY_MS)) this.#tellAnyway()
    if (this.#duties.isDue('flush', FLUSH_MS)) {
      this.#flusher.begin()
      void this.#duties.run('publish', () => this.#publisher.begin())
    }
    if (this.#stage === 'events') void this.#duties.run('load', () => this.#restoreEvents())
    else if (this.#stage === 'state') void this.#duties.run('load', () => this.#load())
    else if (shared && this.#follower.isPollDue()) void this.#duties.run('follow', () => this.#follower.poll())
    if (this.#stage !== 'loaded') return
    if (shared) {
      if (this.#leadership.isRenewalDue()) void this.#duties.run('lease', () => this.#leadership.renew())
      this.#leadership.judgeAlone()
    }
    if (this.#duties.isDue('adopt', ADOPTION_MS)) void this.#duties.run('adopt', () => this.#adopt())
    if (this.#forgotten.length > 0) void this.#duties.run('forget', () => this.#forget())
  }

  /** Takes what the engine has to make known and begins to write it, and what it tells of. */
  publish(): void {
    const drafts = this.#parts.engine.takePublications()
    this.#forgotten.push(...this.#parts.engine.exchange.takeForgotten())
    if (drafts.length === 0) return
    const events = drafts.flatMap((draft) => draft.events)
    this.#publisher.add(drafts)
    this.#flusher.begin()
    void this.#duties.run('publish', () => this.#publisher.begin())
    this.#untold.add(events)
  }

  /** Notes a request that was counted just now; resolves when it is in the store, or it is known that it will not be soon. */
  counted(identity: string, touched: Touched): Promise<Written> {
    this.#requests.add(identity, this.#options.durable ? touched : NOTHING)
    if (!this.#options.durable) return Promise.resolve('written')
    const written = this.#requests.wait(identity)
    this.#flusher.begin()
    return written
  }

  /** Waits with a request that is not written yet; null: it is, or nobody knows it. */
  waitWith(identity: string): Promise<Written> | null {
    if (!this.#requests.has(identity)) return null
    const written = this.#requests.wait(identity)
    this.#flusher.begin()
    return written
  }

  /** For a shared store: which of these experiments this writer may count the request for. */
  claim(identity: string, experiments: readonly string[]): Promise<Claim[]> {
    return this.#parts.store.claim(this.#writer.id, identity, experiments)
  }

  /** Writes all that changed until now; resolves when it is written or the store has failed. */
  async flush(): Promise<void> {
    await this.#flusher.flush()
    await this.#duties.run('publish', () => this.#publisher.pump())
  }

  /** Writes everything down, hands over what is led, closes the store. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopWatching()
    try {
      this.publish()
      await this.flush()
      await this.#flusher.writeWaiting()
      await this.#leases.releaseAll()
    } catch (error) {
      this.#parts.observer.failed(error as Error, 'stop')
    }
    await this.#parts.store.stop()
  }

  // ------------------------------------------------------------------------------------------------------------ beginning

  async #restoreEvents(): Promise<void> {
    const { store, engine, observer, journal } = this.#parts
    const events = await store.newestEvents(this.#options.eventLimit)
    const requests = store.shared ? [] : await store.recentRequests()
    const left = await store.leftJournal(this.#writer.id, this.#options.name)
    const newest = events.at(-1)?.id ?? BEFORE_ALL_EVENTS
    engine.resumeAfterEvent(newest)
    observer.restored(events)
    this.#stopWatching = store.watchEvents(newest, (more) => this.#onEvents(more))
    engine.rememberRequests(requests)
    if (left.length > 0) {
      journal.restoreJournal(left)
      this.#flusher.forgetLeft()
    }
    this.#stage = 'state'
  }

  #onEvents(events: readonly PublishedEvent[]): void {
    const newest = events.at(-1)
    if (newest !== undefined) this.#parts.engine.resumeAfterEvent(newest.id)
    this.#parts.observer.events(events)
  }

  async #load(): Promise<void> {
    const { store, engine, observer } = this.#parts
    const experiments = await this.#follower.loadAll()
    if (!store.shared) {
      for (const [experiment, sequence] of this.#follower.publications) this.#publisher.goOnFrom(experiment, sequence)
      engine.exchange.leadAll()
    }
    this.#stage = 'loaded'
    observer.loaded({ experiments })
  }

  // ------------------------------------------------------------------------------------------------- what the store refuses

  async #onRejected({ retired, unclaimed }: Rejected): Promise<void> {
    if (retired) await this.#becomeAnother()
    else
      await this.#follower.takeBack(
        () => this.#requests.concernedBy(unclaimed),
        () => this.#undo(this.#requests.concernedBy(unclaimed)),
      )
  }

  /** This writer was given up by others. */
  async #becomeAnother(): Promise<void> {
    const { engine, observer } = this.#parts
    await this.#leadership.letGoAll()
    await this.#follower.takeAllAnew(
      () => engine.experimentIds,
      () => {
        this.#undo(engine.experimentIds)
        this.#writer.becomeAnother()
      },
    )
    observer.lost(
      null,
      'this replica was out of reach for so long that others gave it up: what it had not written is gone',
    )
  }

  /** What is not written of these experiments is not counted any more. */
  #undo(experiments: readonly string[]): void {
    this.#parts.engine.forgetRequests(this.#requests.undo(experiments))
    for (const experiment of experiments) this.#adopter.forget(experiment)
  }

  // ---------------------------------------------------------------------------------------------------------- housekeeping

  async #adopt(): Promise<void> {
    const nowMs = this.#parts.clock.monotonic()
    for (const experiment of this.#parts.engine.experimentIds) {
      const writers = this.#follower.writersOf(experiment)
      if (writers.length === 0 || (this.#parts.store.shared && !this.#leases.has(experiment))) continue
      const token = await this.#leases.tokenOf(experiment)
      if (token !== null) await this.#adopter.adoptFrom(experiment, writers, { token, nowMs })
    }
  }

  async #forget(): Promise<void> {
    const forgotten = this.#forgotten.splice(0)
    for (const experiment of forgotten) {
      const token = await this.#leases.tokenOf(experiment)
      if (token === null) continue
      this.#publisher.drop(experiment)
      this.#follower.forget(experiment)
      await this.#parts.store.forget(experiment, token)
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- telling

  #told(events: readonly Event[]): void {
    const newly = this.#untold.take(events)
    if (newly.length > 0) this.#parts.observer.told(newly)
  }

  #publishFailed(error: Error, operation: string): void {
    this.#parts.observer.failed(error, operation)
    if (!this.#parts.store.shared) this.#tellAnyway()
  }

  /** Tells what the store of this process has not taken; it still will, under the same ids. */
  #tellAnyway(): void {
    const events = this.#untold.takeAll()
    if (events.length === 0) return
    this.#parts.observer.events(events)
    this.#parts.observer.told(events)
  }
}

const NOTHING: Touched = { experiments: new Set(), journal: false }
