// One budget of bytes for all requests that are being read or counted, over both receivers. It is what stands between a
// burst and the memory of the process: a request that does not fit is refused before any of it is decoded.
// A request takes its share when its length becomes known (Content-Length, the gRPC prefix) or else as its bytes arrive,
// trades the share for that of its decompressed form, and gives it back when it is answered.

/** The budget. A request that is alone always fits, else one larger than the budget would be told "later" for ever. */
export class Admission {
  readonly maxInFlightBytes: number
  #inFlight = 0
  #peak = 0
  #refusals = 0

  constructor(maxInFlightBytes: number) {
    this.maxInFlightBytes = maxInFlightBytes
  }

  /** Bytes held now. */
  get inFlightBytes(): number {
    return this.#inFlight
  }

  /** The most that was ever held at once. */
  get peakBytes(): number {
    return this.#peak
  }

  /** How often a share was denied. */
  get refusals(): number {
    return this.#refusals
  }

  /** Replaces a share of `held` bytes by one of `wanted`; false when that does not fit (the old share stays). */
  exchange(held: number, wanted: number): boolean {
    const others = this.#inFlight - held
    if (wanted > held && others > 0 && others + wanted > this.maxInFlightBytes) {
      this.#refusals++
      return false
    }
    this.#inFlight = others + wanted
    if (this.#inFlight > this.#peak) this.#peak = this.#inFlight
    return true
  }
}

/** One request's part of the budget; begins empty. */
export class Share {
  readonly #admission: Admission
  #bytes = 0

  constructor(admission: Admission) {
    this.#admission = admission
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Makes the share `bytes` large; false when the budget does not allow it, the share is then as before. */
  resize(bytes: number): boolean {
    if (!this.#admission.exchange(this.#bytes, bytes)) return false
    this.#bytes = bytes
    return true
  }

  /** Gives the share back; safe to call again. */
  release(): void {
    if (this.#bytes === 0) return
    this.#admission.exchange(this.#bytes, 0)
    this.#bytes = 0
  }
}
