// Who this process is to the store: an id that is never used again, and the number of its latest flush of each experiment.

interface Numbers {
  /** Of the latest flush that was sent. */
  sent: number
  /** Of the latest that is known to be written; 0: begin anew. */
  confirmed: number
  /** The store has lost what it had, and has not got it again. */
  lost: boolean
}

export class Writer {
  readonly #newId: () => string
  readonly #numbers = new Map<string, Numbers>()
  id: string

  constructor(newId: () => string) {
    this.#newId = newId
    this.id = newId()
  }

  /** Numbers of the next flush. */
  next(experiment: string): { sequence: number; after: number } {
    const numbers = this.#of(experiment)
    numbers.sent++
    return { sequence: numbers.sent, after: numbers.confirmed }
  }

  confirm(experiment: string, sequence: number): void {
    Object.assign(this.#of(experiment), { confirmed: sequence, lost: false })
  }

  /** Whether this process alone has what the store had of this writer. */
  hasLost(experiment: string): boolean {
    return this.#numbers.get(experiment)?.lost ?? false
  }

  /** Sequence of the latest flush that is known to be written; 0: none, or the store has lost it. */
  confirmed(experiment: string): number {
    return this.#numbers.get(experiment)?.confirmed ?? 0
  }

  /** The store has lost what it had. */
  beginAnew(experiment: string): void {
    Object.assign(this.#of(experiment), { confirmed: 0, lost: true })
  }

  /** The old id was given up by others. */
  becomeAnother(): void {
    this.id = this.#newId()
    this.#numbers.clear()
  }

  #of(experiment: string): Numbers {
    let numbers = this.#numbers.get(experiment)
    if (numbers === undefined) this.#numbers.set(experiment, (numbers = { sent: 0, confirmed: 0, lost: false }))
    return numbers
  }
}
