// Gathers a request body with at most one copy, into memory that nobody else shares, so that it can be handed to a thread.

/** The bytes of one body. The caller bounds it: it never pushes more than `length`, where that is known. */
export class Body {
  readonly #length: number | null
  #whole: Uint8Array | null = null
  #pieces: Uint8Array[] = []
  #received = 0

  /** `length` is null when the body ends where it ends. */
  constructor(length: number | null) {
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
      this.#whole ??= Buffer.allocUnsafeSlow(this.#length)
      this.#whole.set(chunk, at)
    }
  }

  /** The body as one piece. */
  bytes(): Uint8Array {
    if (this.#length !== null) return this.#whole ?? Buffer.allocUnsafeSlow(0)
    if (this.#pieces.length === 1 && ownsItsMemory(this.#pieces[0])) return this.#pieces[0]
    const whole = Buffer.allocUnsafeSlow(this.#received)
    let at = 0
    for (const piece of this.#pieces) {
      whole.set(piece, at)
      at += piece.byteLength
    }
    return whole
  }

  /** Lets go of what was gathered. */
  drop(): void {
    this.#whole = null
    this.#pieces = []
  }
}

function ownsItsMemory(chunk: Uint8Array): boolean {
  return chunk.byteLength === chunk.buffer.byteLength
}
