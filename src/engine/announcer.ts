// Turns what the engine finds into events, numbered in the order in which they are told.
import type { Experiment } from '../cohort/registry.ts'
import type { Alert, Transition } from './alerts.ts'
import type { CompiledSlo } from './burn.ts'
import { burnEventData, type EngineEvent, type EventDraft, EventNumbers, makeEvent, subjectOf } from './events.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

const TRANSITION_EVENTS = {
  firing: 'cohortd.burn.firing',
  escalated: 'cohortd.burn.escalated',
  updated: 'cohortd.burn.updated',
  recovered: 'cohortd.burn.resolved',
  no_traffic: 'cohortd.burn.resolved',
} as const satisfies Record<Transition, string>

export class Announcer {
  readonly #segmentNames: readonly string[]
  readonly #numbers = new EventNumbers()
  #events: EngineEvent[] = []

  constructor(segmentNames: readonly string[]) {
    this.#segmentNames = segmentNames
  }

  /** The events since this was last asked, oldest first. */
  take(): EngineEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Goes on numbering after this id. */
  resumeAfter(id: string): void {
    this.#numbers.resumeAfter(id)
  }

  /** Tells that traffic names an experiment which was neither declared nor known. `nowMs`: of the tick, here as below. */
  discovered(experiment: Experiment, nowMs: number): void {
    const { id, declared, discoveredMs } = experiment
    if (declared !== null) return
    const control = experiment.control()?.name ?? null
    this.tell(
      {
        type: 'cohortd.experiment.discovered',
        experiment: id,
        subject: id,
        data: { experiment: id, control, discovered_at: new Date(discoveredMs).toISOString() },
        receivedMs: discoveredMs,
      },
      nowMs,
    )
  }

  /** Tells what became of an alert; where it has ended, `alert` is what it was. */
  burn(
    tracked: TrackedCohort,
    slo: CompiledSlo,
    { transition, alert }: { readonly transition: Transition; readonly alert: Alert },
    nowMs: number,
  ): void {
    const reason = transition === 'recovered' || transition === 'no_traffic' ? transition : null
    const counts = tracked.slis[slo.sliIndex]!
    this.tell(
      {
        type: TRANSITION_EVENTS[transition],
        experiment: tracked.experiment,
        subject: subjectOf(tracked),
        data: burnEventData({ tracked, segmentNames: this.#segmentNames, slo, counts, alert, reason }),
        receivedMs: transition === 'no_traffic' ? null : tracked.lastReceivedMs,
      },
      nowMs,
    )
  }

  tell(draft: EventDraft, nowMs: number): void {
    this.#events.push(makeEvent(draft, this.#numbers.next(nowMs), nowMs))
  }
}
