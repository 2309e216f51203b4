// Leases in memory. The token of an experiment grows with every change of hands, and outlives the lease.

interface Lease {
  readonly writer: string | null
  readonly token: number
  readonly untilMs: number
}

export class Leases {
  readonly #expire: boolean
  readonly #leases = new Map<string, Lease>()

  /** `expire` false: whoever asks gets the lease at once, since nobody else can be alive. */
  constructor(options: { readonly expire: boolean }) {
    this.#expire = options.expire
  }

  /** The token, when the writer holds the lease now; else null. */
  take(writer: string, experiment: string, times: { readonly nowMs: number; readonly ttlMs: number }): number | null {
    const held = this.#leases.get(experiment)
    const others = held !== undefined && held.writer !== null && held.writer !== writer
    if (others && this.#expire && times.nowMs < held.untilMs) return null
    const token = held?.writer === writer ? held.token : (held?.token ?? 0) + 1
    this.#leases.set(experiment, { writer, token, untilMs: times.nowMs + times.ttlMs })
    return token
  }

  release(writer: string, experiment: string): void {
    const held = this.#leases.get(experiment)
    if (held?.writer === writer) this.#leases.set(experiment, { ...held, writer: null })
  }

  /** Who holds the lease under this token; null: nobody, or it is not the current one. */
  holder(experiment: string, token: number): string | null {
    return this.isCurrent(experiment, token) ? (this.#leases.get(experiment)?.writer ?? null) : null
  }

  /** Whether no later token was given. */
  isCurrent(experiment: string, token: number): boolean {
    return this.#leases.get(experiment)?.token === token
  }
}
