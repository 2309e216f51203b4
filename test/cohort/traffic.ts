// Tagged and untagged spans in words, played to TraceInheritance, with what became of each noted down.
import { newTagList, type TagList } from '../../src/cohort/tags.ts'
import { type LeftEntry, type RestoredInheritance, TraceInheritance } from '../../src/cohort/traces.ts'
import { Observation } from '../../src/model/observation.ts'

export const SLI_COUNT = 2

export function traceIdOf(trace: number): Uint32Array {
  return Uint32Array.of(0, trace % 3, trace * 7, trace)
}

export function tagListOf(tags: Readonly<Record<string, string>>): TagList {
  const list = newTagList()
  for (const [experiment, variant] of Object.entries(tags)) {
    list.experiments.push(experiment)
    list.variants.push(variant)
    list.count++
  }
  return list
}

export interface PlayerOptions {
  readonly waitMs?: number
  readonly maxBytes?: number
  /** Experiments that a limit refuses. */
  readonly refused?: readonly string[]
  readonly journal?: boolean
  readonly configuration?: string
  readonly sliCount?: number
}

/** Notes deliveries as "span experiment=variant" and releases as "outcome". A span's number is told by its second. */
export class Player {
  traces: TraceInheritance
  readonly deliveries: string[] = []
  readonly firsts: number[] = []
  readonly releases: string[] = []
  readonly transports: number[] = []
  readonly seen: Observation[] = []
  readonly #observation = new Observation(SLI_COUNT)
  readonly #options: PlayerOptions

  constructor(options: PlayerOptions = {}) {
    this.#options = options
    this.traces = this.#start(options)
  }

  /** Ends what is there without a word and goes on with another instance, given these entries; notes go on too. */
  restart(entries: readonly LeftEntry[], nowMs: number, changes: PlayerOptions = {}): RestoredInheritance {
    this.traces = this.#start({ ...this.#options, ...changes })
    return this.traces.restore(entries, nowMs)
  }

  #start(options: PlayerOptions): TraceInheritance {
    const refused = options.refused ?? []
    return new TraceInheritance({
      waitMs: options.waitMs ?? 10_000,
      sliCount: options.sliCount ?? SLI_COUNT,
      maxBytes: options.maxBytes ?? 1 << 20,
      deliver: (observation, experiment, variant, first) => {
        if (refused.includes(experiment)) return false
        this.deliveries.push(`${observation.second} ${experiment}=${variant}`)
        if (first) this.firsts.push(observation.second)
        this.seen.push(copyOf(observation))
        return true
      },
      release: ({ transport, isPart }, outcome) => {
        // A part of an item is none of its own.
        if (!isPart) this.releases.push(outcome)
        this.transports.push(transport)
      },
      journal: options.journal ?? false,
      configuration: options.configuration ?? '',
    })
  }

  tagged(nowMs: number, trace: number, tags: Readonly<Record<string, string>>): void {
    this.traces.tagged(traceIdOf(trace), tagListOf(tags), nowMs)
  }

  untagged(nowMs: number, trace: number, span: number): boolean {
    fill(this.#observation, trace, span)
    const attributed = this.traces.park(this.#observation, nowMs)
    fill(this.#observation, 0, -1)
    return attributed
  }
}

/** An observation in which every field depends on the span's number. */
export function observationOf(trace: number, span: number): Observation {
  const observation = new Observation(SLI_COUNT)
  fill(observation, trace, span)
  return observation
}

function fill(observation: Observation, trace: number, span: number): void {
  observation.traceId.set(traceIdOf(trace))
  observation.second = span
  observation.endMs = span + 0.5
  observation.weight = span + 0.25
  observation.transport = Math.abs(span) % 3
  observation.segmentKey = `service-${span % 5}`
  for (let sli = 0; sli < SLI_COUNT; sli++) {
    observation.outcomes[sli] = Math.abs(span + sli) % 3
    observation.values[sli] = span % 4 === 0 ? Number.NaN : span / (sli + 3)
  }
}

function copyOf(observation: Observation): Observation {
  const copy = new Observation(SLI_COUNT)
  copy.traceId.set(observation.traceId)
  copy.outcomes.set(observation.outcomes)
  copy.values.set(observation.values)
  const { second, endMs, weight, transport, segmentKey } = observation
  return Object.assign(copy, { second, endMs, weight, transport, segmentKey })
}
