// Keeps the store up to date with what runs in memory, and memory with what others write. The parts are next door; this is their order:
// events first (a subscriber may come at once), then everything that is stored, in the background; only then is anything led, judged and
// published. Own partials are flushed from the beginning. It has no timer: whoever runs it calls tick() several times a second.
import type { PublishedEvent } from '../../model/event.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Claim, Store } from '../port.ts'
import { Adopter } from './adopter.ts'
import { Flusher, type Rejected } from './flusher.ts'
import { Follower } from './follower.ts'
import type { Journal, KeptEngine, Touched } from './kept-engine.ts'
import { Leases } from './leases.ts'
import { Publisher } from './publisher.ts'
import { PendingRequests, type Written } from './requests.ts'
import { ToldAlerts } from './told-alerts.ts'
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
  readonly #running = new Map<string, Promise<void>>()
  readonly #due = new Map<string, number>()
  /** Own events that nobody was told of yet. */
  #untold: Event[] = []
  /** Since when the oldest of them waits, monotonic milliseconds. */
  #untoldSinceMs = 0
  /** Experiments that are led here, from what the store had of them; in a store of one process that is not asked. */
  readonly #led = new Set<string>()
  /** Experiments whose lease was given to this replica and that it does not lead yet. */
  readonly #gained = new Set<string>()
  #forgotten: string[] = []
  #tokenForNone: number | null = null
  readonly #toldAlerts = new ToldAlerts()
  #stage: 'events' | 'state' | 'loaded' = 'events'
  #stopWatching = (): void => {}
  #stopped = false
  readonly #problems = new Map<string, string>()

  constructor(parts: KeeperParts<Event>, options: KeeperOptions) {
    const { store, engine, clock, wait, observer } = parts
    this.#parts = parts
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
    const leads = (experiment: string): boolean => this.#led.has(experiment)
    this.#follower = new Follower({
      store,
      engine,
      writer: this.#writer,
      clock,
      wait,
      leads,
      toldAlerts: this.#toldAlerts,
      toldUpTo: (experiment) => this.#publisher.sequenceOf(experiment),
      onLost: (experiment, what) =>
        what === 'rows' ? this.#flusher.beginAnew(experiment) : this.#publisher.tellAnew(experiment),
    })
    this.#publisher = new Publisher({
      store,
      engine,
      tokenOf: (experiment) => (experiment === '' ? this.#tokenOfNone() : this.#leases.tokenOf(experiment)),
      onStale: (experiment) => this.#onStale(experiment),
      observer: {
        published: ({ experiment, alerts, events }, whole) => {
          this.#toldAlerts.note(experiment, alerts, whole)
          this.#told(events)
        },
        failed: (error, operation) => this.#publishFailed(error, operation),
        lost: (experiment, what) => observer.lost(experiment, what),
      },
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
    await this.#spawn('load', () => this.#restoreEvents())
  }

  /** Whether everything that was stored is here. */
  get isLoaded(): boolean {
    return this.#stage === 'loaded'
  }

  /** Why the store does not do its work now, a sentence each; empty: it does. */
  get problems(): string[] {
    const problems = [this.#flusher.problem, this.#publisher.problem, ...this.#problems.values()]
    return [...new Set(problems.filter((problem) => problem !== null))]
  }

  get droppedEvents(): number {
    return this.#publisher.droppedEvents
  }

  /** Does what is due; cheap, and returns at once. */
  tick(): void {
    if (this.#stopped) return
    const { shared } = this.#parts.store
    if (!shared && this.#parts.clock.monotonic() - this.#untoldSinceMs >= TELL_ANYWAY_MS) this.#tellAnyway()
    if (this.#isDue('flush', FLUSH_MS)) {
      this.#flusher.begin()
      void this.#spawn('publish', () => this.#publisher.begin())
    }
    if (this.#stage === 'events') void this.#spawn('load', () => this.#restoreEvents())
    else if (this.#stage === 'state') void this.#spawn('load', () => this.#load())
    else if (shared && this.#follower.isPollDue()) void this.#spawn('follow', () => this.#follower.poll())
    if (this.#stage !== 'loaded') return
    if (shared) this.#tickLeases(this.#parts.clock.monotonic())
    if (this.#isDue('adopt', ADOPTION_MS)) void this.#spawn('adopt', () => this.#adopt())
    if (this.#forgotten.length > 0) void this.#spawn('forget', () => this.#forget())
  }

  /** Takes what the engine has to make known and begins to write it, and what it tells of. */
  publish(): void {
    const drafts = this.#parts.engine.takePublications()
    this.#forgotten.push(...this.#parts.engine.exchange.takeForgotten())
    if (drafts.length === 0) return
    const events = drafts.flatMap((draft) => draft.events)
    this.#publisher.add(drafts)
    this.#flusher.begin()
    void this.#spawn('publish', () => this.#publisher.begin())
    if (events.length === 0) return
    if (this.#untold.length === 0) this.#untoldSinceMs = this.#parts.clock.monotonic()
    this.#untold.push(...events)
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
    await this.#spawn('publish', () => this.#publisher.pump())
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
    if (left.length > 0) journal.restoreJournal(left)
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

  // ----------------------------------------------------------------------------------------------------------- leadership

  #tickLeases(nowMs: number): void {
    if (this.#leases.isRenewalDue(nowMs, this.#parts.engine.experimentIds.length))
      void this.#spawn('lease', () => this.#renew())
    if (this.#leases.isAlone(nowMs)) this.#judgeAlone()
  }

  /**
   * While the store is away everybody judges for himself, so that what is shown goes on. What is found is told only by whoever has the lease
   * when the store is back, and only if nobody else has told anything since.
   */
  #judgeAlone(): void {
    const { exchange, experimentIds } = this.#parts.engine
    for (const experiment of experimentIds) {
      if (this.#led.has(experiment)) continue
      this.#publisher.goOnFrom(experiment, this.#follower.publications.get(experiment) ?? 0)
      this.#led.add(experiment)
      exchange.lead(experiment)
    }
  }

  async #renew(): Promise<void> {
    const { engine, clock } = this.#parts
    const { gained, lost } = await this.#leases.renew(engine.experimentIds, clock.monotonic())
    for (const experiment of gained) this.#gained.add(experiment)
    const others = [...this.#led].filter((experiment) => !this.#leases.has(experiment))
    for (const experiment of new Set([...lost, ...others])) await this.#onStale(experiment)
    // What the store does not let this replica take over now is due again when the leases are renewed the next time.
    for (const experiment of this.#gained) {
      if (this.#leases.has(experiment)) await this.#takeOver(experiment)
      this.#gained.delete(experiment)
    }
  }

  /** Leads the experiment from where the store has it. */
  async #takeOver(experiment: string): Promise<void> {
    const { exchange } = this.#parts.engine
    const sequence = await this.#follower.bringUp(experiment)
    if (!this.#leases.has(experiment)) return
    // Held all the time as far as anybody has told: what waits to be told still is to be.
    if (this.#led.has(experiment) && this.#publisher.sequenceOf(experiment) === sequence) return
    if (this.#led.delete(experiment)) {
      exchange.unlead(experiment)
      await this.#follower.takeAnew(experiment)
    }
    this.#publisher.goOnFrom(experiment, sequence)
    this.#led.add(experiment)
    exchange.lead(experiment)
    if (this.#follower.isStoreOutdated(experiment)) this.#publisher.tellAnew(experiment)
  }

  /** For events of no experiment, which are anybody's to tell: whoever has some takes the lease for that, and goes on after the last teller. */
  async #tokenOfNone(): Promise<number | null> {
    const token = await this.#leases.tokenOf('')
    if (token === null || token === this.#tokenForNone) return token
    this.#publisher.numberAfter('', (await this.#parts.store.load('')).publicationSequence)
    this.#tokenForNone = token
    return token
  }

  /** Somebody else leads it. */
  async #onStale(experiment: string): Promise<void> {
    const { exchange } = this.#parts.engine
    this.#leases.drop(experiment)
    this.#publisher.drop(experiment)
    exchange.unlead(experiment)
    if (this.#led.delete(experiment)) await this.#follower.takeAnew(experiment)
  }

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
    for (const experiment of this.#led) engine.exchange.unlead(experiment)
    this.#led.clear()
    await this.#leases.releaseAll()
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
    const told = new Set(events)
    const newly = this.#untold.filter((event) => told.has(event))
    this.#untold = this.#untold.filter((event) => !told.has(event))
    if (newly.length > 0) this.#parts.observer.told(newly)
  }

  #publishFailed(error: Error, operation: string): void {
    this.#parts.observer.failed(error, operation)
    if (!this.#parts.store.shared) this.#tellAnyway()
  }

  /** Tells what the store of this process has not taken; it still will, under the same ids. */
  #tellAnyway(): void {
    const events = this.#untold
    this.#untold = []
    if (events.length === 0) return
    this.#parts.observer.events(events)
    this.#parts.observer.told(events)
  }

  #isDue(what: string, everyMs: number): boolean {
    const nowMs = this.#parts.clock.monotonic()
    if (nowMs < (this.#due.get(what) ?? -Infinity)) return false
    this.#due.set(what, nowMs + everyMs)
    return true
  }

  /** Runs the work unless the same is going on; a failure is told and the work comes again when it is due. */
  #spawn(operation: string, work: () => Promise<void>): Promise<void> {
    const running = this.#running.get(operation)
    if (running !== undefined) return running
    const run = work()
      .then(() => void this.#problems.delete(operation))
      .catch((error: unknown) => {
        this.#problems.set(operation, (error as Error).message)
        this.#parts.observer.failed(error as Error, operation)
      })
      .finally(() => this.#running.delete(operation))
    this.#running.set(operation, run)
    return run
  }
}

const NOTHING: Touched = { experiments: new Set(), journal: false }
