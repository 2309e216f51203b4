// Time series by their identity. One is looked up for every data point, and there are a hundred thousand of them: open addressing over the words
// of the identity, which are evenly spread hashes, and no key that is an object.

const FIRST_SLOTS = 64

/** What is found by an identity of four words. */
export interface Identified {
  /** The first word. */
  readonly word: number
  is(stream: Uint32Array): boolean
}

export class StreamIndex<T extends Identified> {
  readonly #entries: T[] = []
  /** Place in entries + 1; 0: free. At least half are. */
  #slots = new Int32Array(FIRST_SLOTS)

  get size(): number {
    return this.#entries.length
  }

  find(stream: Uint32Array): T | null {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = stream[0] & mask; ; slot = (slot + 1) & mask) {
      const place = slots[slot] - 1
      if (place < 0) return null
      if (this.#entries[place].is(stream)) return this.#entries[place]
    }
  }

  /** Adds what find() does not find. */
  add(entry: T): void {
    this.#entries.push(entry)
    if (2 * this.#entries.length > this.#slots.length) this.#grow()
    else this.#link(this.#entries.length - 1)
  }

  /** Takes away what is in it. */
  delete(entry: T): void {
    const entries = this.#entries
    const slot = this.#slotOf(entry)
    const place = this.#slots[slot] - 1
    this.#free(slot)
    const last = entries[entries.length - 1]
    if (last !== entry) this.#slots[this.#slotOf(last)] = place + 1
    entries[place] = last
    entries.pop()
  }

  /** Calls `visit` for each; it may delete the one that it is told. */
  forEach(visit: (entry: T) => void): void {
    for (let place = this.#entries.length - 1; place >= 0; place--) visit(this.#entries[place])
  }

  #slotOf(entry: T): number {
    const mask = this.#slots.length - 1
    let slot = entry.word & mask
    while (this.#entries[this.#slots[slot] - 1] !== entry) slot = (slot + 1) & mask
    return slot
  }

  #link(place: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#entries[place].word & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = place + 1
  }

  /** Frees a slot, and moves those up that would no longer be found behind it. */
  #free(slot: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = slot
    for (let at = (slot + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.#entries[slots[at] - 1].word & mask
      // Whether the way from its home to where it is passes the hole.
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      slots[hole] = slots[at]
      hole = at
    }
    slots[hole] = 0
  }

  #grow(): void {
    this.#slots = new Int32Array(2 * this.#slots.length)
    for (let place = 0; place < this.#entries.length; place++) this.#link(place)
  }
}
