// Makes events: their ids, their time (the tick's) and their data. Equal ticks give equal bytes.

import { formatSeconds } from '../model/duration.ts'
import {
  type BurnEventData,
  type BurnWindow,
  type CohortEvent,
  compareEventIds,
  type EventType,
  type PublishedEvent,
} from '../model/event.ts'
import type { ExperimentDeclaration } from '../model/settings.ts'
import type { Alert } from './alerts.ts'
import { burnRate, type CompiledSlo, type WindowCounts } from './burn.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

const SOURCE = '/cohortd'

/** An event with the receipt time of the telemetry that brought it about (null: none did). */
export interface EngineEvent extends PublishedEvent {
  readonly type: EventType
  readonly experiment: string
  readonly receivedMs: number | null
}

/** Numbers events: "<tick ms>-<n>", always greater than the last, also where a clock was set back. */
export class EventNumbers {
  #tickMs = 0
  #number = -1

  next(nowMs: number): string {
    if (nowMs > this.#tickMs) {
      this.#tickMs = nowMs
      this.#number = -1
    }
    this.#number++
    return `${this.#tickMs}-${this.#number}`
  }

  /** Goes on after an id of an earlier run. */
  resumeAfter(id: string): void {
    const last = `${this.#tickMs}-${this.#number}`
    if (compareEventIds(id, last) <= 0) return
    const [tickMs, number] = id.split('-')
    this.#tickMs = Number(tickMs)
    this.#number = Number(number)
  }
}

export interface EventDraft {
  readonly type: EventType
  readonly experiment: string
  readonly subject: string
  readonly data: unknown
  readonly receivedMs: number | null
}

export function makeEvent(draft: EventDraft, id: string, nowMs: number): EngineEvent {
  const event: CohortEvent = {
    specversion: '1.0',
    id,
    source: SOURCE,
    type: draft.type,
    subject: draft.subject,
    time: new Date(nowMs).toISOString(),
    datacontenttype: 'application/json',
    data: draft.data,
  }
  const { type, experiment, receivedMs } = draft
  return { id, type, experiment, json: JSON.stringify(event), receivedMs }
}

export interface BurnFacts {
  readonly tracked: TrackedCohort
  readonly segmentNames: readonly string[]
  readonly slo: CompiledSlo
  readonly counts: WindowCounts
  readonly alert: Alert
  readonly reason: 'recovered' | 'no_traffic' | null
}

export function burnEventData(facts: BurnFacts): BurnEventData {
  const { tracked, slo, counts, alert } = facts
  return {
    experiment: tracked.experiment,
    variant: tracked.variant,
    segments: namedSegments(facts.segmentNames, tracked.segments),
    slo: slo.name,
    objective: slo.objective,
    ...(slo.upperBound === null ? {} : { upper_bound: slo.upperBound }),
    severity: alert.severity,
    factor: alert.rule.factor,
    gate: alert.rule.gate,
    long: burnWindow(counts, alert.rule.long, alert.rule.longSeconds, slo.budget),
    short: burnWindow(counts, alert.rule.short, alert.rule.shortSeconds, slo.budget),
    shared: alert.shared,
    since: new Date(alert.sinceMs).toISOString(),
    ...(facts.reason === null ? {} : { reason: facts.reason }),
    runbook_url: runbookOf(tracked.cohort.experiment.declared),
    trace_ids: tracked.recentBadTraces(slo.sliIndex),
  }
}

/** experiment/variant[/segment...] */
export function subjectOf(tracked: TrackedCohort): string {
  return [tracked.experiment, tracked.variant, ...tracked.segments].join('/')
}

export function namedSegments(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, at) => [name, values[at]]))
}

function burnWindow(counts: WindowCounts, window: number, seconds: number, budget: number): BurnWindow {
  const bad = counts.bad(window)
  return {
    window: formatSeconds(seconds),
    burn_rate: burnRate(counts, window, budget),
    events: counts.valid(window),
    bad,
  }
}

function runbookOf(declared: ExperimentDeclaration | null): string | null {
  return declared?.runbookUrl ?? null
}
