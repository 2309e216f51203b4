// Where request bodies live. Fresh memory for each costs page faults and, being outside the heap, full garbage collections: about
// a sixth of the transport's CPU (bench/transport.ts). A sink that is through with a body when it answers can have it in used memory.

const SMALLEST_LOG = 14
const LARGEST_LOG = 22
/** Kept free at most, over all sizes. */
const MAX_FREE_BYTES = 32 * 1024 * 1024

/** Hands out memory for bodies, in blocks of powers of two when they are to be used again. */
export class BodyMemory {
  readonly #reuse: boolean
  readonly #free: Uint8Array[][] = Array.from({ length: LARGEST_LOG + 1 }, () => [])
  #freeBytes = 0

  /** `reuse: false` makes every body own its memory, to keep or to transfer. */
  constructor(options: { readonly reuse: boolean }) {
    this.#reuse = options.reuse
  }

  /** `length` bytes with whatever is in them. */
  take(length: number): Uint8Array {
    const log = blockLog(length)
    if (!this.#reuse || log > LARGEST_LOG) return Buffer.allocUnsafeSlow(length)
    const block = this.#free[log].pop()
    if (block === undefined) return Buffer.allocUnsafeSlow(2 ** log).subarray(0, length)
    this.#freeBytes -= block.byteLength
    return block.subarray(0, length)
  }

  /** Takes back what `take` gave; nobody may look at it any more. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes
    const log = blockLog(bytes.byteLength)
    if (!this.#reuse || log > LARGEST_LOG || this.#freeBytes + buffer.byteLength > MAX_FREE_BYTES) return
    this.#free[log].push(new Uint8Array(buffer))
    this.#freeBytes += buffer.byteLength
  }
}

function blockLog(length: number): number {
  return Math.max(SMALLEST_LOG, 32 - Math.clz32(Math.max(0, length - 1)))
}
