// The tags that traces have learnt. Most traces learn one of few tags, so a trace does not keep a list: it keeps one number,
// that of a path in a tree whose steps are (experiment, variant), in the order learnt. Equal paths are the same path.
//
//   root -- a=treatment (3 traces) -- b=on (1 trace)
//        \_ a=control (7 traces)
import { NONE } from './interner.ts'
import { MAX_TAGS } from './tags.ts'

/** Estimated memory of one path beside the characters of its names. */
const PATH_BYTES = 320

/** The last step of a path; the steps before it are its `previous` ones. */
export interface TagPath {
  readonly id: number
  readonly experiment: string
  readonly variant: string
  readonly previous: TagPath | null
  readonly length: number
  /** Traces that are here, and paths that go on from here. */
  references: number
  /** Paths that go on from here, by experiment. */
  next: Map<string, TagPath[]> | null
}

/** All paths that some trace is at, bounded in bytes. */
export class TagPaths {
  bytes = 0
  readonly #maxBytes: number
  readonly #fromRoot = new Map<string, TagPath[]>()
  readonly #paths: (TagPath | null)[] = []
  readonly #free: number[] = []

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The path of a number; null for NONE, which has no step. */
  path(id: number): TagPath | null {
    return id === NONE ? null : this.#paths[id]
  }

  /** Whether a step of the path is of the experiment. */
  knows(id: number, experiment: string): boolean {
    for (let step = this.path(id); step !== null; step = step.previous) if (step.experiment === experiment) return true
    return false
  }

  /** Whether the path has as many steps as one may have. */
  isFull(id: number): boolean {
    return id !== NONE && this.#paths[id]!.length >= MAX_TAGS
  }

  /** Moves a trace one step on, and gives its new path; NONE when there is no room. */
  extend(id: number, experiment: string, variant: string): number {
    const from = this.path(id)
    const nexts = from === null ? this.#fromRoot : from.next
    const path =
      nexts?.get(experiment)?.find((next) => next.variant === variant) ?? this.#create(from, experiment, variant)
    if (path === null) return NONE
    path.references++
    this.leave(id)
    return path.id
  }

  /** A trace is no longer at the path; it goes with the last. */
  leave(id: number): void {
    for (let path = this.path(id); path !== null && --path.references === 0; path = path.previous) this.#remove(path)
  }

  #create(previous: TagPath | null, experiment: string, variant: string): TagPath | null {
    const length = previous === null ? 1 : previous.length + 1
    const cost = costOf(experiment, variant)
    if (this.bytes + cost > this.#maxBytes) return null
    const id = this.#free.pop() ?? this.#paths.length
    const path: TagPath = { id, experiment, variant, previous, length, references: 0, next: null }
    this.#paths[id] = path
    this.bytes += cost
    if (previous !== null) previous.references++
    const siblings = this.#nextOf(previous)
    const variants = siblings.get(experiment)
    if (variants === undefined) siblings.set(experiment, [path])
    else variants.push(path)
    return path
  }

  #remove(path: TagPath): void {
    const siblings = this.#nextOf(path.previous)
    const others = siblings.get(path.experiment)!.filter((other) => other !== path)
    if (others.length === 0) siblings.delete(path.experiment)
    else siblings.set(path.experiment, others)
    this.#paths[path.id] = null
    this.#free.push(path.id)
    this.bytes -= costOf(path.experiment, path.variant)
  }

  #nextOf(path: TagPath | null): Map<string, TagPath[]> {
    if (path === null) return this.#fromRoot
    return (path.next ??= new Map())
  }
}

function costOf(experiment: string, variant: string): number {
  return PATH_BYTES + 2 * (experiment.length + variant.length)
}
