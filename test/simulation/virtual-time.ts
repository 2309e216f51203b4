// Time as a queue of what is to happen. Everything at one moment happens in the order in which it was asked for; then every promise that
// can go on does, before time moves. So a run depends on nothing but what is in the queue.

interface Happening {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class VirtualTime {
  /** Milliseconds since the beginning of the world. */
  nowMs = 0
  /** A heap: no happening is before its parent. */
  readonly #heap: Happening[] = []
  #order = 0

  /** Runs the task at the moment, or now where that is past. */
  at(atMs: number, run: () => void): void {
    const happening = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run }
    this.#heap.push(happening)
    let at = this.#heap.length - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(happening, this.#heap[parent])) break
      this.#heap[at] = this.#heap[parent]
      at = parent
    }
    this.#heap[at] = happening
  }

  /** Lets everything happen up to the moment. */
  async runUntil(untilMs: number): Promise<void> {
    await settled()
    while (this.#heap.length > 0 && this.#heap[0].atMs <= untilMs) {
      this.nowMs = this.#heap[0].atMs
      while (this.#heap.length > 0 && this.#heap[0].atMs <= this.nowMs) this.#take().run()
      await settled()
    }
    this.nowMs = untilMs
  }

  #take(): Happening {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], last)) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

/** All promises that can go on have gone on: they all do before the event loop comes to the next of its own tasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
