// Identities of requests in memory: who may count one, and which are counted. An identity is kept for each experiment, '' standing
// for the journal.
import type { Claim } from '../port.ts'

/** A claim of a writer that has not counted the request by then may be taken over. */
const CLAIM_MS = 10_000

interface Known {
  readonly writer: string
  readonly counted: boolean
  readonly sinceMs: number
}

export class RequestIdentities {
  readonly #windowMs: number
  readonly #claimMs: number
  /** By experiment and identity, in the order in which they came. */
  readonly #known = new Map<string, Known>()

  /** `othersLive`: whether a claim of another writer means anything. */
  constructor(options: { readonly windowMs: number; readonly othersLive: boolean }) {
    this.#windowMs = options.windowMs
    this.#claimMs = options.othersLive ? CLAIM_MS : 0
  }

  claim(writer: string, request: { readonly experiment: string; readonly identity: string }, nowMs: number): Claim {
    const key = keyOf(request.experiment, request.identity)
    const known = this.#known.get(key)
    if (known !== undefined && this.#isKept(known, nowMs)) {
      if (known.counted) return 'counted'
      if (known.writer !== writer && nowMs - known.sinceMs < this.#claimMs) return 'busy'
    }
    this.#note(key, { writer, counted: false, sinceMs: nowMs })
    return 'ours'
  }

  /** Whether no other writer has a claim on any of them, or has counted it. */
  mayCount(writer: string, experiment: string, identities: readonly string[]): boolean {
    return identities.every((identity) => {
      const known = this.#known.get(keyOf(experiment, identity))
      return known === undefined || known.writer === writer
    })
  }

  count(writer: string, experiment: string, identities: readonly string[], nowMs: number): void {
    for (const identity of identities)
      this.#note(keyOf(experiment, identity), { writer, counted: true, sinceMs: nowMs })
  }

  /** All that were counted within the window, each once. */
  recent(nowMs: number): string[] {
    const identities = new Set<string>()
    for (const [key, known] of this.#known)
      if (known.counted && this.#isKept(known, nowMs)) identities.add(identityOf(key))
    return [...identities]
  }

  /** Forgets what is out of the window. */
  advance(nowMs: number): void {
    for (const [key, known] of this.#known) {
      if (this.#isKept(known, nowMs)) return
      this.#known.delete(key)
    }
  }

  #isKept(known: Known, nowMs: number): boolean {
    return nowMs < known.sinceMs + this.#windowMs
  }

  #note(key: string, known: Known): void {
    this.#known.delete(key)
    this.#known.set(key, known)
  }
}

function keyOf(experiment: string, identity: string): string {
  return `${experiment.length}:${experiment}${identity}`
}

function identityOf(key: string): string {
  const colon = key.indexOf(':')
  return key.slice(colon + 1 + Number(key.slice(0, colon)))
}
