// Where the counts of slices lie: recent and coming seconds in one ring, older ones in rings of coarser slices. Every count lies
// in exactly one place; as the cursor goes on it moves from the seconds through the levels, and away.
import type { SlicePlan } from './plan.ts'

/** Which counter of a slice. */
export type Side = 0 | 1
export const GOOD_SIDE: Side = 0
export const BAD_SIDE: Side = 1

const UINT32_LIMIT = 2 ** 32

/** Whole counters keep the recent seconds in half the space. */
export type CountKind = 'whole' | 'fractional'

/** Two counters for each slice of one series. The cursor is the caller's, and the same from call to call until step() or jump(). */
export class SliceCounts {
  readonly #plan: SlicePlan
  readonly #slots: number
  readonly #kind: CountKind
  /** Good and bad by turns of each second, at second % slots; null while it would be all zero. */
  #recent: Uint32Array | Float64Array | null = null
  /** How many of its counters are not zero. */
  #occupied = 0
  /** The rings of all levels, one after the other; null before anything came there. */
  #older: Float64Array | null = null
  /** Good and bad of seconds so far ahead that the ring has no place for them yet. */
  #coming: Map<number, [number, number]> | null = null

  constructor(plan: SlicePlan, kind: CountKind) {
    this.#plan = plan
    this.#slots = plan.recentSlots
    this.#kind = kind
  }

  /** One counter of a second that is recent or no further ahead than the plan has room for. */
  at(second: number, side: Side): number {
    return this.#recent === null || second < 1 ? 0 : this.#recent[2 * (second % this.#slots) + side]
  }

  /** Adds to a recent or coming second. */
  addRecent(second: number, side: Side, amount: number, cursor: number): void {
    if (second > cursor + this.#plan.aheadSeconds) {
      this.#addComing(second, side, amount)
      return
    }
    const cells = this.#recent ?? this.#open()
    const at = 2 * (second % this.#slots) + side
    const before = cells[at]
    const count = before + amount
    if (before === 0) this.#occupied++
    if (count === 0) this.#occupied--
    if (count >= UINT32_LIMIT && cells instanceof Uint32Array) this.#widen(cells)[at] = count
    else cells[at] = count
  }

  /** Adds to the level that holds the second at this cursor; what is older than all levels is dropped. */
  addOlder(second: number, cursor: number, good: number, bad: number): void {
    const levels = this.#plan.levels
    for (let level = 0; level < levels.length; level++)
      if (second > this.#plan.levelStart(level, cursor)) {
        this.#older ??= new Float64Array(2 * this.#plan.olderSlots)
        const at = this.#plan.levelCell(level, Math.floor((second - 1) / levels[level].granularity))
        this.#older[at] += good
        this.#older[at + 1] += bad
        return
      }
  }

  /** One counter of slice `number`, which the level holds. */
  onLevel(level: number, number: number, side: Side): number {
    return this.#older === null ? 0 : this.#older[this.#plan.levelCell(level, number) + side]
  }

  /** Moves what leaves its place as the cursor goes one second on, to `cursor`. */
  step(cursor: number): void {
    const { levels, recentSeconds, aheadSeconds } = this.#plan
    if (this.#older !== null)
      for (let level = levels.length - 1; level >= 0; level--) {
        const { granularity, retainSeconds } = levels[level]
        const start = cursor - retainSeconds
        if (start % granularity === 0) this.#moveUp(level, start / granularity - 1, cursor)
      }
    this.#settle(cursor - recentSeconds, cursor)
    if (this.#coming !== null) this.#admit(cursor + aheadSeconds, cursor)
  }

  /** Moves everything to its place at the new cursor, however far it is. */
  jump(from: number, to: number): void {
    const plan = this.#plan
    if (this.#older !== null)
      for (let level = plan.levels.length - 1; level >= 0; level--) {
        const last = Math.min(plan.lastSlice(level, from), plan.firstSlice(level, to) - 1)
        for (let number = plan.firstSlice(level, from); number <= last; number++) this.#moveUp(level, number, to)
      }
    const lastHeld = Math.min(from + plan.aheadSeconds, to - plan.recentSeconds)
    for (let second = from - plan.recentSeconds + 1; second <= lastHeld; second++) this.#settle(second, to)
    if (this.#coming !== null)
      for (const second of this.#coming.keys()) if (second <= to + plan.aheadSeconds) this.#admit(second, to)
  }

  /** The earliest second at or after this one that counts anything; a coarse slice counts as its first second. Infinity: none. */
  earliestFrom(second: number, cursor: number): number {
    const plan = this.#plan
    if (this.#older !== null)
      for (let level = plan.levels.length - 1; level >= 0; level--) {
        if (second > plan.levelStart(level - 1, cursor)) continue
        const { granularity } = plan.levels[level]
        const last = plan.lastSlice(level, cursor)
        const first = Math.max(Math.floor((second - 1) / granularity), plan.firstSlice(level, cursor))
        for (let number = first; number <= last; number++) {
          const at = plan.levelCell(level, number)
          if (this.#older[at] !== 0 || this.#older[at + 1] !== 0) return number * granularity + 1
        }
      }
    return this.#earliestRecent(Math.max(second, cursor - plan.recentSeconds + 1), cursor)
  }

  /**
   * Sums each window from nothing: cells 2w and 2w + 1 of `sums` get good and bad of window w, for windows beyond the recent
   * seconds without these; the last two cells get the recent seconds up to the cursor.
   */
  sumWindows(cursor: number, sums: Float64Array): void {
    const { windows, recentSeconds, recentWindows } = this.#plan
    let good = 0
    let bad = 0
    let window = 0
    for (let second = cursor; second > cursor - recentSeconds; second--) {
      if (window < recentWindows && second === cursor - windows[window]) put(sums, window++, good, bad)
      good += this.at(second, GOOD_SIDE)
      bad += this.at(second, BAD_SIDE)
    }
    while (window < recentWindows) put(sums, window++, good, bad)
    put(sums, windows.length, good, bad)
    this.#sumOlder(cursor, sums)
  }

  /** Calls back for each slice of the level that counts anything, ascending. */
  forEachOlder(level: number, cursor: number, visit: (number: number, good: number, bad: number) => void): void {
    if (this.#older === null) return
    const last = this.#plan.lastSlice(level, cursor)
    for (let number = this.#plan.firstSlice(level, cursor); number <= last; number++) {
      const at = this.#plan.levelCell(level, number)
      const [good, bad] = [this.#older[at], this.#older[at + 1]]
      if (good !== 0 || bad !== 0) visit(number, good, bad)
    }
  }

  /** Calls back for each second that counts anything, ascending, the coming ones included. */
  forEachRecent(cursor: number, visit: (second: number, good: number, bad: number) => void): void {
    const { recentSeconds, aheadSeconds } = this.#plan
    if (this.#recent !== null)
      for (let second = Math.max(1, cursor - recentSeconds + 1); second <= cursor + aheadSeconds; second++) {
        const [good, bad] = [this.at(second, GOOD_SIDE), this.at(second, BAD_SIDE)]
        if (good !== 0 || bad !== 0) visit(second, good, bad)
      }
    for (const [second, [good, bad]] of [...(this.#coming ?? [])].sort((a, b) => a[0] - b[0])) visit(second, good, bad)
  }

  /** Good and bad of any recent or coming second. */
  pairAt(second: number, cursor: number): readonly [number, number] {
    if (second > cursor + this.#plan.aheadSeconds) return this.#coming?.get(second) ?? [0, 0]
    return [this.at(second, GOOD_SIDE), this.at(second, BAD_SIDE)]
  }

  #sumOlder(cursor: number, sums: Float64Array): void {
    const plan = this.#plan
    let good = 0
    let bad = 0
    let window = plan.recentWindows
    for (let level = 0; level < plan.levels.length; level++) {
      const { granularity } = plan.levels[level]
      const first = plan.firstSlice(level, cursor)
      for (let number = plan.lastSlice(level, cursor); number >= first; number--) {
        while (number * granularity < plan.windowStart(window, cursor)) put(sums, window++, good, bad)
        good += this.onLevel(level, number, GOOD_SIDE)
        bad += this.onLevel(level, number, BAD_SIDE)
      }
      while (window < plan.windows.length && plan.windowLevels[window] === level) put(sums, window++, good, bad)
    }
  }

  #earliestRecent(second: number, cursor: number): number {
    if (this.#occupied > 0)
      for (let at = Math.max(1, second); at <= cursor + this.#plan.aheadSeconds; at++)
        if (this.at(at, GOOD_SIDE) !== 0 || this.at(at, BAD_SIDE) !== 0) return at
    let earliest = Infinity
    if (this.#coming !== null)
      for (const coming of this.#coming.keys()) if (coming >= second) earliest = Math.min(earliest, coming)
    return earliest
  }

  #addComing(second: number, side: Side, amount: number): void {
    this.#coming ??= new Map()
    const counts = this.#coming.get(second) ?? [0, 0]
    counts[side] += amount
    this.#coming.set(second, counts)
  }

  /** Gives a coming second, if there is any, its place at the cursor. */
  #admit(second: number, cursor: number): void {
    const counts = this.#coming?.get(second)
    if (counts === undefined) return
    this.#coming?.delete(second)
    if (this.#coming?.size === 0) this.#coming = null
    if (second <= cursor - this.#plan.recentSeconds) this.addOlder(second, cursor, counts[0], counts[1])
    else
      for (const side of [GOOD_SIDE, BAD_SIDE] as const)
        if (counts[side] !== 0) this.addRecent(second, side, counts[side], cursor)
  }

  /** Moves a slice that has left its level to the one that holds it at the cursor. */
  #moveUp(level: number, number: number, cursor: number): void {
    const cells = this.#older
    if (cells === null || number < 0) return
    const at = this.#plan.levelCell(level, number)
    const good = cells[at]
    const bad = cells[at + 1]
    if (good === 0 && bad === 0) return
    cells[at] = 0
    cells[at + 1] = 0
    this.addOlder(number * this.#plan.levels[level].granularity + 1, cursor, good, bad)
  }

  /** Moves a second that is no longer recent to the levels; gives the ring back with the last count in it. */
  #settle(second: number, cursor: number): void {
    const cells = this.#recent
    if (cells === null || second < 1) return
    const at = 2 * (second % this.#slots)
    const good = cells[at]
    const bad = cells[at + 1]
    if (good === 0 && bad === 0) return
    this.addOlder(second, cursor, good, bad)
    cells[at] = 0
    cells[at + 1] = 0
    if (good !== 0) this.#occupied--
    if (bad !== 0) this.#occupied--
    if (this.#occupied === 0) this.#recent = null
  }

  #open(): Uint32Array | Float64Array {
    const length = 2 * this.#slots
    this.#recent = this.#kind === 'fractional' ? new Float64Array(length) : new Uint32Array(length)
    return this.#recent
  }

  /** A second can count more than 32 bits hold when a coarser slice of another plan was merged into it. */
  #widen(cells: Uint32Array): Float64Array {
    const wide = Float64Array.from(cells)
    this.#recent = wide
    return wide
  }
}

function put(sums: Float64Array, window: number, good: number, bad: number): void {
  sums[2 * window] = good
  sums[2 * window + 1] = bad
}
