// Events whose variant is that of their unit, while they wait for its exposure: bounded, in the order of receipt. Those whose unit is outside of every
// sample, so that only an experiment that is still to come can have it, give way first.
import { Observation } from '../model/observation.ts'
import type { StagedItem } from './staging.ts'

/** Events that may wait at a time. */
const MOST_WAITING = 20_000

export interface WaitingEvent {
  unit: number
  /** When the unit did it, Unix seconds. */
  unitSecond: number
  /** Receipt, Unix milliseconds. */
  nowMs: number
  observation: Observation
  /** Experiments in which it was counted, or is too late. */
  experiments: string[]
  isAttributed: boolean
  /** Whether it was kept beyond its request. */
  isHeld: boolean
}

export class WaitingUnits {
  pendingLogs = 0
  /** Events whose wait ended before its time. */
  evicted = 0
  readonly #waitMs: number
  readonly #ended: (event: WaitingEvent) => void
  /** In the order of receipt. */
  readonly #queue = new Set<WaitingEvent>()
  /** Of units outside of every sample, likewise. */
  readonly #outside = new Set<WaitingEvent>()
  readonly #byUnit = new Map<number, WaitingEvent[]>()
  #scratch: Observation | null = null

  constructor(options: { waitMs: number; ended: (event: WaitingEvent) => void }) {
    this.#waitMs = options.waitMs
    this.#ended = options.ended
  }

  /** The event of a staged item, which lives as long as its request. */
  view({ observation, unit, unitSecond }: StagedItem, nowMs: number): WaitingEvent {
    return { unit, unitSecond, nowMs, observation, experiments: [], isAttributed: false, isHeld: false }
  }

  /** Keeps an event until its wait is over; false where it does not wait. `isOutside`: no sample that there is has its unit or would take it. */
  keep(event: WaitingEvent, isOutside: boolean): boolean {
    if (this.#waitMs === 0) return false
    if (this.#queue.size + this.#outside.size >= MOST_WAITING && !this.#evictFor(isOutside)) return false
    event.observation = copyOf(event.observation)
    event.isHeld = true
    if (isOutside) this.#outside.add(event)
    else this.#queue.add(event)
    const ofUnit = this.#byUnit.get(event.unit)
    if (ofUnit === undefined) this.#byUnit.set(event.unit, [event])
    else ofUnit.push(event)
    if (isPending(event)) this.pendingLogs++
    return true
  }

  /** Events of a unit that wait; what is attributed of them meanwhile is noted. */
  *of(unit: number): Generator<WaitingEvent> {
    for (const event of this.#byUnit.get(unit) ?? []) {
      const wasPending = isPending(event)
      yield event
      if (wasPending && !isPending(event)) this.pendingLogs--
    }
  }

  advance(nowMs: number): void {
    for (const queue of [this.#outside, this.#queue])
      for (const event of queue) {
        if (nowMs - event.nowMs <= this.#waitMs) break
        this.#end(event)
      }
  }

  /** An observation with the same head and `factor` times the weight; its outcomes are to be set, and it is used again. */
  scratch(observation: Observation, factor: number): Observation {
    const scratch = (this.#scratch ??= new Observation(observation.outcomes.length))
    scratch.traceId.set(observation.traceId)
    scratch.second = observation.second
    scratch.endMs = observation.endMs
    scratch.weight = observation.weight * factor
    scratch.values.set(observation.values)
    return scratch
  }

  /** Ends the wait of the oldest that may give way; false where the one that comes is itself the first to go. */
  #evictFor(isOutside: boolean): boolean {
    this.evicted++
    const [first] = this.#outside.size > 0 ? this.#outside : isOutside ? [] : this.#queue
    if (first === undefined) return false
    this.#end(first)
    return true
  }

  #end(event: WaitingEvent): void {
    this.#queue.delete(event)
    this.#outside.delete(event)
    const others = (this.#byUnit.get(event.unit) ?? []).filter((other) => other !== event)
    if (others.length === 0) this.#byUnit.delete(event.unit)
    else this.#byUnit.set(event.unit, others)
    if (isPending(event)) this.pendingLogs--
    this.#ended(event)
  }
}

function isPending({ observation, isAttributed }: WaitingEvent): boolean {
  return observation.isLog && !observation.isPart && !isAttributed
}

function copyOf(observation: Observation): Observation {
  const copy = new Observation(observation.outcomes.length)
  copy.traceId.set(observation.traceId)
  copy.second = observation.second
  copy.endMs = observation.endMs
  copy.weight = observation.weight
  copy.outcomes.set(observation.outcomes)
  copy.values.set(observation.values)
  copy.segmentKey = observation.segmentKey
  copy.transport = observation.transport
  copy.isLog = observation.isLog
  copy.isPart = observation.isPart
  return copy
}
