// The tags that traces have learnt: chains of (experiment, variant) nodes in typed arrays, with each name held once.
import { Interner, NONE } from './interner.ts'
import { MAX_TAGS } from './tags.ts'

const INITIAL_CAPACITY = 64

/** Bytes that one tag of one trace takes, beside the names. */
export const TRACE_TAG_BYTES = 3 * 4

/** All chains. A chain is known by its first node; NONE is the empty chain. */
export class TraceTags {
  capacity = INITIAL_CAPACITY
  next = new Int32Array(INITIAL_CAPACITY)
  #experiments = new Int32Array(INITIAL_CAPACITY)
  #variants = new Int32Array(INITIAL_CAPACITY)
  readonly #names: Interner
  readonly #maxCapacity: number
  #free = NONE
  /** Nodes from here on were never used. */
  #unused = 0

  /** `maxCapacity` is a power of two. */
  constructor(options: { maxCapacity: number; maxNameBytes: number }) {
    this.#maxCapacity = Math.max(INITIAL_CAPACITY, options.maxCapacity)
    this.#names = new Interner(options.maxNameBytes)
  }

  get bytes(): number {
    return this.capacity * TRACE_TAG_BYTES + this.#names.bytes
  }

  experiment(node: number): string {
    return this.#names.text(this.#experiments[node])
  }

  variant(node: number): string {
    return this.#names.text(this.#variants[node])
  }

  /** Whether the chain has a tag of the experiment. */
  knows(chain: number, experiment: string): boolean {
    for (let node = chain; node !== NONE; node = this.next[node]) if (this.experiment(node) === experiment) return true
    return false
  }

  /** Whether the chain has as many tags as one may have. */
  isLong(chain: number): boolean {
    let length = 0
    for (let node = chain; node !== NONE; node = this.next[node]) length++
    return length >= MAX_TAGS
  }

  /** A node of its own with the tag; NONE when there is no room. */
  create(experiment: string, variant: string): number {
    const experimentId = this.#names.acquire(experiment)
    if (experimentId === NONE) return NONE
    const variantId = this.#names.acquire(variant)
    const node = variantId === NONE ? NONE : this.#take()
    if (node === NONE) {
      this.#names.release(experimentId)
      if (variantId !== NONE) this.#names.release(variantId)
      return NONE
    }
    this.#experiments[node] = experimentId
    this.#variants[node] = variantId
    this.next[node] = NONE
    return node
  }

  /** The chain with the node at its end. */
  append(chain: number, node: number): number {
    if (chain === NONE) return node
    let last = chain
    while (this.next[last] !== NONE) last = this.next[last]
    this.next[last] = node
    return chain
  }

  /** Gives all nodes of a chain back. */
  discard(chain: number): void {
    for (let node = chain; node !== NONE; ) {
      const next = this.next[node]
      this.#names.release(this.#experiments[node])
      this.#names.release(this.#variants[node])
      this.next[node] = this.#free
      this.#free = node
      node = next
    }
  }

  /** Gives the memory back. Only when no chain is left. */
  shrink(): void {
    if (this.capacity === INITIAL_CAPACITY) return
    this.#reallocate(INITIAL_CAPACITY, 0)
    this.#free = NONE
    this.#unused = 0
  }

  #take(): number {
    const node = this.#free
    if (node !== NONE) {
      this.#free = this.next[node]
      return node
    }
    if (this.#unused === this.capacity) {
      if (this.capacity * 2 > this.#maxCapacity) return NONE
      this.#reallocate(this.capacity * 2, this.capacity)
    }
    return this.#unused++
  }

  #reallocate(capacity: number, keep: number): void {
    const copy = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const fresh = new Int32Array(capacity)
      fresh.set(old.subarray(0, keep))
      return fresh
    }
    this.next = copy(this.next)
    this.#experiments = copy(this.#experiments)
    this.#variants = copy(this.#variants)
    this.capacity = capacity
  }
}
