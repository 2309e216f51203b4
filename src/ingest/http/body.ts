// Gathers a request body with at most one copy, into memory that no other body shares.
import type { BodyMemory } from '../body-memory.ts'

/** The bytes of one body. The caller bounds it: it never pushes more than `length`, where that is known. */
export class Body {
  readonly #memory: BodyMemory
  readonly #length: number | null
  /** Of the memory, unless the network gave the body in one piece. */
  #taken: Uint8Array | null = null
  #whole: Uint8Array | null = null
  #pieces: Uint8Array[] = []
  #received = 0

  /** `length` is null when the body ends where it ends. */
  constructor(memory: BodyMemory, length: number | null) {
    this.#memory = memory
    this.#length = length
  }

  get received(): number {
    return this.#received
  }

  push(chunk: Uint8Array): void {
    const at = this.#received
    this.#received += chunk.byteLength
    if (this.#length === null) this.#pieces.push(chunk)
    else if (at === 0 && chunk.byteLength === this.#length && ownsItsMemory(chunk)) this.#whole = chunk
    else {
      this.#whole ??= this.#take(this.#length)
      this.#whole.set(chunk, at)
    }
  }

  /** The body as one piece; to be asked for once. */
  bytes(): Uint8Array {
    if (this.#length !== null) return this.#whole ?? new Uint8Array(0)
    if (this.#pieces.length === 1 && ownsItsMemory(this.#pieces[0])) return this.#pieces[0]
    const whole = this.#take(this.#received)
    let at = 0
    for (const piece of this.#pieces) {
      whole.set(piece, at)
      at += piece.byteLength
    }
    return whole
  }

  /** Gives back the memory of what was gathered. */
  drop(): void {
    if (this.#taken !== null) this.#memory.give(this.#taken)
    this.#taken = null
    this.#whole = null
    this.#pieces = []
  }

  #take(length: number): Uint8Array {
    this.#taken = this.#memory.take(length)
    return this.#taken
  }
}

function ownsItsMemory(chunk: Uint8Array): boolean {
  return chunk.byteLength === chunk.buffer.byteLength
}
