// The request at hand by experiment: what of it is counted elsewhere already, and what it was counted for here. A durable
// acknowledgement waits for the flushes of just those experiments.

/** Stands among experiments for what spans that wait for their trace are given and give: the inheritance and its journal. */
export const INHERITANCE = ''

const NOTHING: ReadonlySet<string> = new Set()

/** What a request has changed. Valid until the next request. */
export interface Touched {
  /** Experiments for which its items, or spans that waited for its tags, were counted. */
  readonly experiments: ReadonlySet<string>
  /** Whether something of it is in the inheritance journal. */
  readonly journal: boolean
}

export class RequestScope implements Touched {
  readonly experiments = new Set<string>()
  journal = false
  #skip = NOTHING
  /** The one touched last: most requests are of one experiment, and comparing is cheaper than adding. */
  #last: string | null = null

  /** `skip`: experiments, or INHERITANCE, for which another replica has counted the request. */
  begin(skip: ReadonlySet<string> = NOTHING): void {
    this.experiments.clear()
    this.journal = false
    this.#skip = skip
    this.#last = null
  }

  skips(experiment: string): boolean {
    return this.#skip !== NOTHING && this.#skip.has(experiment)
  }

  touch(experiment: string): void {
    if (experiment === this.#last) return
    this.experiments.add(experiment)
    this.#last = experiment
  }
}
