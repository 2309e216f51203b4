// Where the counts of slices lie: recent seconds in pages, older ones in rings of coarser slices. Every count lies in
// exactly one place; as the cursor goes on it moves from the seconds through the levels, and away.
import type { SlicePlan } from './plan.ts'

/** Which counter of a slice. */
export type Side = 0 | 1
export const GOOD_SIDE: Side = 0
export const BAD_SIDE: Side = 1

/** Seconds of one page; a page holds good and bad by turns. */
export const PAGE_SECONDS = 64
const PAGE_CELLS = 2 * PAGE_SECONDS
const UINT32_LIMIT = 2 ** 32

export type Page = Uint32Array | Float64Array

/** The first second of a second's page. The low bits are right for any whole number, also beyond 32 bits. */
export function pageStart(second: number): number {
  return second - (second & (PAGE_SECONDS - 1))
}

/** Where in its page the second's good count lies; the bad one follows. */
export function pageOffset(second: number): number {
  return 2 * (second & (PAGE_SECONDS - 1))
}

/** Two counters for each slice of one series. The cursor is the caller's, and the same from call to call until step() or jump(). */
export class SliceCounts {
  readonly #plan: SlicePlan
  readonly #fractional: boolean
  /** By their first second: pages exist where there was traffic. */
  readonly #pages = new Map<number, Page>()
  /** The page last written to. */
  #hotStart = -1
  #hotPage: Page = new Uint32Array(0)
  /** A retired page, all zero, for the next page that is needed. */
  #spare: Page | null = null
  /** By level; null before anything came there. */
  readonly #levels: (Float64Array | null)[]

  /** `fractional` counters take any number; the others whole ones, in half the space. */
  constructor(plan: SlicePlan, fractional: boolean) {
    this.#plan = plan
    this.#fractional = fractional
    this.#levels = plan.levels.map(() => null)
  }

  /** The counts of the second's page, if there was any traffic in it. */
  page(second: number): Page | undefined {
    return this.#pages.get(pageStart(second))
  }

  /** The first seconds of all pages, ascending. */
  pageStarts(): number[] {
    return [...this.#pages.keys()].sort((a, b) => a - b)
  }

  /** Adds to a second among the recent or coming ones. */
  addRecent(second: number, side: Side, amount: number): void {
    const pageAt = pageStart(second)
    const page = pageAt === this.#hotStart ? this.#hotPage : this.#open(pageAt)
    const at = pageOffset(second) + side
    const count = page[at] + amount
    if (count >= UINT32_LIMIT && page instanceof Uint32Array) this.#widen(pageAt, page)[at] = count
    else page[at] = count
  }

  /** Adds to the level that holds the second at this cursor; what is older than all levels is dropped. */
  addOlder(second: number, cursor: number, good: number, bad: number): void {
    const levels = this.#plan.levels
    for (let level = 0; level < levels.length; level++)
      if (second > this.#plan.levelStart(level, cursor)) {
        this.#addToLevel(level, Math.floor((second - 1) / levels[level].granularity), good, bad)
        return
      }
  }

  /** Reads one counter of slice `number`, which the level holds. */
  onLevel(level: number, number: number, side: Side): number {
    const cells = this.#levels[level]
    return cells === null ? 0 : cells[2 * (number % this.#plan.levels[level].slots) + side]
  }

  isLevelEmpty(level: number): boolean {
    return this.#levels[level] === null
  }

  /** Moves what leaves its place as the cursor goes one second on, to `cursor`. */
  step(cursor: number): void {
    const { levels, recentSeconds } = this.#plan
    for (let level = levels.length - 1; level >= 0; level--) {
      const { granularity, retainSeconds } = levels[level]
      if (this.#levels[level] !== null && (cursor - retainSeconds) % granularity === 0)
        this.#moveUp(level, (cursor - retainSeconds) / granularity - 1, cursor)
    }
    this.#settle(cursor - recentSeconds, cursor)
  }

  /** Moves everything to its place at the new cursor, however far it is. */
  jump(from: number, to: number): void {
    const plan = this.#plan
    for (let level = plan.levels.length - 1; level >= 0; level--) {
      if (this.#levels[level] === null) continue
      const { granularity } = plan.levels[level]
      const last = Math.min(lastSlice(plan, level, from), plan.levelStart(level, to) / granularity - 1)
      for (let number = plan.levelStart(level, from) / granularity; number <= last; number++)
        this.#moveUp(level, number, to)
    }
    const start = to - plan.recentSeconds
    for (const pageAt of this.pageStarts())
      for (let second = pageAt; second < pageAt + PAGE_SECONDS && second <= start; second++) this.#settle(second, to)
  }

  /** The earliest second at or after this one that counts anything; a coarse slice counts as its first second. Infinity: none. */
  earliestFrom(second: number, cursor: number): number {
    const { levels } = this.#plan
    for (let level = levels.length - 1; level >= 0; level--) {
      const cells = this.#levels[level]
      if (cells === null || second > this.#plan.levelStart(level - 1, cursor)) continue
      const { granularity, slots } = levels[level]
      const first = Math.max(
        Math.floor((second - 1) / granularity),
        this.#plan.levelStart(level, cursor) / granularity,
        0,
      )
      const last = lastSlice(this.#plan, level, cursor)
      for (let number = first, slot = first % slots; number <= last; number++, slot = slot + 1 === slots ? 0 : slot + 1)
        if (cells[2 * slot] !== 0 || cells[2 * slot + 1] !== 0) return number * granularity + 1
    }
    return this.#earliestRecent(Math.max(second, cursor - this.#plan.recentSeconds + 1), cursor)
  }

  /**
   * Sums each window from nothing: cells 2w and 2w + 1 of `sums` get good and bad of window w, for windows beyond the recent
   * seconds without these; the last two cells get the recent seconds up to the cursor.
   */
  sumWindows(cursor: number, sums: Float64Array): void {
    const plan = this.#plan
    let good = 0
    let bad = 0
    let window = 0
    const start = cursor - plan.recentSeconds
    for (let second = cursor; second > start; second--) {
      if (window < plan.recentWindows && second === cursor - plan.windows[window]) put(sums, window++, good, bad)
      const page = this.page(second)
      if (page === undefined) continue
      good += page[pageOffset(second)]
      bad += page[pageOffset(second) + 1]
    }
    while (window < plan.recentWindows) put(sums, window++, good, bad)
    put(sums, plan.windows.length, good, bad)
    good = 0
    bad = 0
    for (let level = 0; level < plan.levels.length; level++) {
      const { granularity } = plan.levels[level]
      const first = Math.max(0, plan.levelStart(level, cursor) / granularity)
      for (let number = lastSlice(plan, level, cursor); number >= first; number--) {
        while (number * granularity < plan.windowStart(window, cursor)) put(sums, window++, good, bad)
        good += this.onLevel(level, number, 0)
        bad += this.onLevel(level, number, 1)
      }
      while (window < plan.windows.length && plan.windowLevels[window] === level) put(sums, window++, good, bad)
    }
  }

  #earliestRecent(second: number, cursor: number): number {
    let pageAt = pageStart(second)
    for (; pageAt <= cursor; pageAt += PAGE_SECONDS) {
      const found = this.#earliestInPage(pageAt, second)
      if (found !== Infinity) return found
    }
    // Beyond the cursor there may be any gap.
    let earliest = Infinity
    for (const other of this.#pages.keys())
      if (other >= pageAt && other < earliest) earliest = Math.min(earliest, this.#earliestInPage(other, second))
    return earliest
  }

  #earliestInPage(pageAt: number, second: number): number {
    const page = this.#pages.get(pageAt)
    if (page === undefined) return Infinity
    for (let at = Math.max(0, second - pageAt); at < PAGE_SECONDS; at++)
      if (page[2 * at] !== 0 || page[2 * at + 1] !== 0) return pageAt + at
    return Infinity
  }

  #addToLevel(level: number, number: number, good: number, bad: number): void {
    const { slots } = this.#plan.levels[level]
    const cells = (this.#levels[level] ??= new Float64Array(2 * slots))
    const at = 2 * (number % slots)
    cells[at] += good
    cells[at + 1] += bad
  }

  /** Moves a slice that has left its level to the one that holds it at the cursor. */
  #moveUp(level: number, number: number, cursor: number): void {
    const cells = this.#levels[level]
    if (cells === null || number < 0) return
    const { slots, granularity } = this.#plan.levels[level]
    const at = 2 * (number % slots)
    const good = cells[at]
    const bad = cells[at + 1]
    if (good === 0 && bad === 0) return
    cells[at] = 0
    cells[at + 1] = 0
    this.addOlder(number * granularity + 1, cursor, good, bad)
  }

  /** Moves a second that is no longer recent to the levels, and retires its page with its last second. */
  #settle(second: number, cursor: number): void {
    const pageAt = pageStart(second)
    const page = this.#pages.get(pageAt)
    if (page !== undefined) {
      const at = pageOffset(second)
      if (page[at] !== 0 || page[at + 1] !== 0) this.addOlder(second, cursor, page[at], page[at + 1])
      page[at] = 0
      page[at + 1] = 0
    }
    if (second === pageAt + PAGE_SECONDS - 1) this.#retire(pageAt, page)
  }

  /** Keeps one page of the right kind for the next that is needed; where nothing came for a page's time, none. */
  #retire(pageAt: number, page: Page | undefined): void {
    this.#spare = page !== undefined && page instanceof Float64Array === this.#fractional ? page : null
    this.#pages.delete(pageAt)
    if (pageAt === this.#hotStart) this.#hotStart = -1
  }

  #open(pageAt: number): Page {
    let page = this.#pages.get(pageAt)
    if (page === undefined) {
      page = this.#spare ?? (this.#fractional ? new Float64Array(PAGE_CELLS) : new Uint32Array(PAGE_CELLS))
      this.#spare = null
      this.#pages.set(pageAt, page)
    }
    this.#hotStart = pageAt
    this.#hotPage = page
    return page
  }

  /** A second can count more than 32 bits hold when a coarser slice of another plan was merged into it. */
  #widen(pageAt: number, page: Uint32Array): Float64Array {
    const wide = Float64Array.from(page)
    this.#pages.set(pageAt, wide)
    this.#hotStart = pageAt
    this.#hotPage = wide
    return wide
  }
}

/** The youngest slice of a level: the one with the last second that is no longer held by the finer one. */
export function lastSlice(plan: SlicePlan, level: number, cursor: number): number {
  return Math.floor((plan.levelStart(level - 1, cursor) - 1) / plan.levels[level].granularity)
}

function put(sums: Float64Array, window: number, good: number, bad: number): void {
  sums[2 * window] = good
  sums[2 * window + 1] = bad
}
