// The engine: consume(request, now) and the ticks of every whole second, from which all signals follow.
// It does no I/O and reads no clock, so a recording with its receipt times gives again what live gave.
import type { LeftEntry, TakenJournal } from '../cohort/traces.ts'
import type { EventType } from '../model/event.ts'
import type { FlushDraft, PublicationDraft, WriterRow } from '../model/partial.ts'
import type { EngineSettings } from '../model/settings.ts'
import type { ExportOutcome, ExportRequest, Refusal, Signal, Transport } from '../model/signal.ts'
import { judge } from './alerts.ts'
import { Announcer } from './announcer.ts'
import { type EngineOptions, EngineParts } from './engine-parts.ts'
import { EngineReadings } from './engine-readings.ts'
import type { EngineEvent } from './events.ts'
import type { Exchange } from './exchange.ts'
import type { ConsumeOptions } from './items.ts'
import type { Touched } from './request-scope.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

export type { FiringAlert } from './engine-readings.ts'

export class Engine extends EngineReadings {
  readonly #announcer: Announcer

  /** `startMs`: the moment before which nothing is ticked, Unix milliseconds. */
  constructor(settings: EngineSettings, startMs: number, options: EngineOptions = {}) {
    super(new EngineParts(settings, startMs, options))
    this.#announcer = new Announcer(settings.segments)
    if (settings.unitKey !== '') this.setUnitKey(settings.unitKey)
  }

  /** What goes in and out by way of a store. */
  get exchange(): Exchange {
    return this.parts.exchange
  }

  /** Whether this version counts the signal at all. */
  accepts(_signal: Signal): boolean {
    return true
  }

  /**
   * Counts a request received at `nowMs` (a clock that goes back is held). Ticks that are due are made first.
   * A request sent again within the retry window gets its first answer and is not counted twice.
   */
  consume(request: ExportRequest, nowMs: number, options: ConsumeOptions = {}): ExportOutcome {
    this.advanceTo(nowMs)
    const earlier = this.parts.retries.earlierAnswer(request.identity, this.parts.clock.nowMs)
    if (earlier !== null) {
      this.parts.items.duplicate(request)
      return earlier
    }
    const outcome = this.parts.items.consume(request, this.parts.clock.nowMs, options)
    if (outcome.kind === 'accepted' && request.body.length > 0)
      this.parts.retries.remember(request.identity, outcome, this.parts.clock.nowMs)
    return outcome
  }

  /** What the last request that was counted has changed; to be read before the next one comes. */
  get lastTouched(): Touched {
    return this.parts.items.lastTouched
  }

  /** As SpanIntake.experimentsOf(), now. */
  experimentsOf(request: ExportRequest, nowMs: number): string[] | null {
    this.advanceTo(nowMs)
    return this.parts.items.experimentsOf(request, this.parts.clock.nowMs)
  }

  /** Whether a request of this identity was counted here within the retry window. */
  hasCounted(identity: string): boolean {
    return this.parts.retries.earlierAnswer(identity, this.parts.clock.nowMs) !== null
  }

  /** Notes a request that was counted elsewhere already: by another replica. */
  countedElsewhere(request: ExportRequest): ExportOutcome {
    this.parts.items.duplicate(request)
    const outcome: ExportOutcome = { kind: 'accepted', refused: 0, message: '' }
    this.parts.retries.remember(request.identity, outcome, this.parts.clock.nowMs)
    return outcome
  }

  /** Notes a request that was refused before decoding; it counts as one item. */
  refuse(signal: Signal, transport: Transport, reason: Refusal): void {
    this.ledger.refused(signal, transport, reason)
  }

  /** Makes the ticks of all whole seconds up to `nowMs`, passing over those at which nothing can change. */
  advanceTo(nowMs: number): void {
    const { clock, cohorts } = this.parts
    clock.nowMs = Math.max(clock.nowMs, nowMs)
    const target = Math.floor(clock.nowMs / 1000)
    while (clock.second < target) {
      const next = Math.min(target, Math.max(clock.second + 1, cohorts.nextWake))
      this.#tick(next)
    }
    this.parts.items.advance(this.parts.clock.nowMs)
  }

  /** Whether a whole second has passed since the last tick. */
  isTickDue(nowMs: number): boolean {
    return Math.floor(nowMs / 1000) > this.parts.clock.second
  }

  /** The engine's clock, Unix milliseconds: the latest moment it was told. */
  get nowMs(): number {
    return this.parts.clock.nowMs
  }

  /** The events since this was last asked, oldest first. */
  takeEvents(): EngineEvent[] {
    return this.#announcer.take()
  }

  /** Tells of something that concerns no experiment, among the events of the last tick. */
  tell(event: { readonly type: EventType; readonly subject: string; readonly data: unknown }): void {
    this.#announcer.tell({ ...event, experiment: '', receivedMs: null }, this.evaluatedMs)
  }

  /** Goes on numbering events after this one. */
  resumeAfterEvent(id: string): void {
    this.#announcer.resumeAfter(id)
  }

  // --------------------------------------------------------------------------------------------------- state

  get changedCohorts(): number {
    return this.exchange.changedCohorts
  }

  /** Experiments of which anything was received, here or elsewhere. */
  get experimentIds(): string[] {
    return [...this.registry.all()].filter(({ seen }) => seen).map(({ id }) => id)
  }

  /** From now on these rules tell the variants of resources. */
  setResourceVariants(rules: EngineSettings['resourceVariants']): void {
    this.parts.items.setResourceVariants(rules)
  }

  /** Keys the hashes of units; before, where the settings have no key, units are not looked at. */
  setUnitKey(key: string): void {
    this.parts.items.setUnitHasher(this.parts.units.begin(key))
  }

  /** The requests are not counted any more: sent again, they are new. */
  forgetRequests(identities: readonly string[]): void {
    for (const identity of identities) this.parts.retries.forget(identity)
  }

  /** Requests that were counted before this process began: sent again, they are not. */
  rememberRequests(identities: readonly string[]): void {
    const outcome: ExportOutcome = { kind: 'accepted', refused: 0, message: '' }
    for (const identity of identities) this.parts.retries.remember(identity, outcome, this.parts.clock.nowMs)
  }

  /** As TraceInheritance: what came into the inheritance since this was last asked. */
  takeJournal(): TakenJournal | null {
    return this.parts.items.takeJournal()
  }

  /** As TraceInheritance: all that waits. */
  encodeWaiting(): TakenJournal | null {
    return this.parts.items.encodeWaiting()
  }

  /** As TraceInheritance: that nothing waits. */
  encodeNothing(): TakenJournal {
    return this.parts.items.encodeNothing()
  }

  /** Takes over what earlier processes left waiting. */
  restoreJournal(entries: Iterable<LeftEntry>): void {
    this.parts.items.restore(entries, this.parts.clock.nowMs)
  }

  /** What changed of own partials since last asked, of at most `maxCohorts` cohorts. */
  takeFlushes(maxCohorts: number): FlushDraft[] {
    return this.exchange.takeFlushes(maxCohorts, this.parts.clock.second)
  }

  /** As Exchange.adopt(), now. */
  adopt(experiment: string, rows: readonly WriterRow[]): WriterRow[] {
    return this.exchange.adopt(experiment, rows, this.parts.clock.second)
  }

  /** What there is to make known of the experiments that are led here, events among it. */
  takePublications(): PublicationDraft<EngineEvent>[] {
    const events = Map.groupBy(this.takeEvents(), ({ experiment }) => experiment)
    return [...new Set([...events.keys(), ...this.exchange.withChanges()])].map((experiment) => ({
      experiment,
      ...this.exchange.takeChanges(experiment, false),
      events: events.get(experiment) ?? [],
    }))
  }

  // ---------------------------------------------------------------------------------------------------- tick

  #tick(second: number): void {
    this.parts.clock.second = second
    const nowMs = second * 1000
    this.parts.items.advance(nowMs)
    this.parts.retries.advance(nowMs)
    for (const experiment of this.exchange.takeUnannounced()) this.#announcer.discovered(experiment, nowMs)
    const toJudge = this.parts.cohorts.advance(second)
    for (const experiment of this.parts.baselines.take(nowMs)) this.exchange.stateChanged(experiment)
    for (const tracked of toJudge)
      if (!tracked.cohort.experiment.isUntagged && this.exchange.leads(tracked.experiment)) this.#judge(tracked, nowMs)
  }

  #judge(tracked: TrackedCohort, nowMs: number): void {
    const control = tracked.cohort.control()
    const controlCohort = control === null ? null : this.parts.cohorts.of(control)
    for (const slo of this.slos) {
      const series = tracked.slis[slo.sliIndex]
      if (series === null) continue
      const before = tracked.firing[slo.index]
      const { alert, transition } = judge({
        slo,
        counts: series,
        control: controlCohort?.slis[slo.sliIndex] ?? null,
        alert: before,
        nowMs,
      })
      if (alert !== before) {
        tracked.setAlert(slo.index, alert)
        this.exchange.alertChanged(tracked)
      }
      if (transition !== null) this.#announcer.burn(tracked, slo, { transition, alert: alert ?? before! }, nowMs)
    }
  }
}
