// How time is cut: which granularity is kept for how long, so that every window is a sum of whole slices.

/** A step of coarser slices behind the finer ones. Slice n covers the seconds (n * granularity, (n + 1) * granularity]. */
export interface Level {
  /** Seconds; a multiple of the finer level's. */
  readonly granularity: number
  /** The longest window that begins on this level: older slices go to the next level, or away. */
  readonly retainSeconds: number
  /** Ring size: more than the level ever holds at once. */
  readonly slots: number
  /** Slots of all finer levels together. */
  readonly offset: number
}

/** The shortest window, always kept: percentiles and alerts are about it. */
export const SHORTEST_WINDOW_SECONDS = 300
const SHORTEST_RECENT_SECONDS = 480
/** Minutes are folded into the history of their writer (own-partials.ts of the engine) once their digests are of no use any more, and before they leave the recent seconds: this much room to do it for several at a time. */
const FOLDING_SECONDS = 120
/** A cursor may lag behind the clock: room for coming seconds beyond those that are allowed. */
const SLACK_SECONDS = 20
/** A window may be longer than asked by this share of its length. */
const WINDOW_PARTS = 60

export interface SlicePlanOptions {
  /** Whole minutes each. */
  readonly windowsSeconds: readonly number[]
  readonly latenessSeconds: number
  /** How far clocks may run ahead: so many coming seconds have room beside the recent ones. */
  readonly futureSeconds: number
  /** How long an item may wait for its trace on top of its lateness. */
  readonly waitSeconds: number
}

/**
 * The slices for a set of windows. The last `recentSeconds` are kept by the second, enough for the shortest window at the cursor of the
 * latest item. Behind them come levels, each as coarse as 1/60 of the first window that begins on it allows.
 */
export class SlicePlan {
  /** Ascending, without duplicates, the 5 minutes included. */
  readonly windows: readonly number[]
  readonly recentSeconds: number
  /** After this long nothing enters a second any more: lateness, and the wait for a trace. */
  readonly openSeconds: number
  /** A minute that ended this long ago can be folded: nothing enters it any more, and its digests are of no use. */
  readonly foldAgeSeconds: number
  /** Coming seconds that have room in the ring of seconds. */
  readonly aheadSeconds: number
  /** Ring size of the seconds. */
  readonly recentSlots: number
  /** The first so many windows lie wholly in the recent seconds and are exact to a second. */
  readonly recentWindows: number
  readonly levels: readonly Level[]
  /** By window: the seconds to which its beginning is rounded down. */
  readonly granularities: readonly number[]
  /** By window: the level on which it begins; -1 for the recent windows. */
  readonly windowLevels: readonly number[]
  /** Slots of all levels together. */
  readonly olderSlots: number
  #phase = 0

  constructor(options: SlicePlanOptions) {
    this.windows = [...new Set([SHORTEST_WINDOW_SECONDS, ...options.windowsSeconds])].sort((a, b) => a - b)
    this.recentSeconds = Math.max(
      SHORTEST_RECENT_SECONDS,
      Math.ceil(SHORTEST_WINDOW_SECONDS + options.latenessSeconds + options.waitSeconds) + FOLDING_SECONDS,
    )
    this.openSeconds = Math.ceil(options.latenessSeconds + options.waitSeconds)
    this.foldAgeSeconds = this.recentSeconds - FOLDING_SECONDS
    this.aheadSeconds = Math.ceil(options.futureSeconds) + SLACK_SECONDS
    this.recentSlots = this.recentSeconds + this.aheadSeconds
    this.recentWindows = this.windows.filter((window) => window <= this.recentSeconds).length
    const levels: Level[] = []
    const granularities = Array.from({ length: this.recentWindows }, () => 1)
    const windowLevels = Array.from({ length: this.recentWindows }, () => -1)
    for (const window of this.windows.slice(this.recentWindows)) {
      const finer = levels.at(-1)
      const granularity = coarsestMultiple(finer?.granularity ?? 1, window / WINDOW_PARTS)
      const isNew = finer === undefined || granularity > finer.granularity
      if (!isNew) levels.pop()
      const before = levels.at(-1)
      levels.push(levelOf(granularity, window, before ?? { retainSeconds: this.recentSeconds, slots: 0, offset: 0 }))
      granularities.push(granularity)
      windowLevels.push(levels.length - 1)
    }
    this.levels = levels
    this.olderSlots = levels.reduce((sum, level) => sum + level.slots, 0)
    this.granularities = granularities
    this.windowLevels = windowLevels
  }

  /** The window holds the seconds after this one, up to the cursor. */
  windowStart(window: number, cursor: number): number {
    return roundDown(cursor - this.windows[window], this.granularities[window])
  }

  /** The level holds the seconds after this one, up to the next finer level's start. */
  levelStart(level: number, cursor: number): number {
    return level < 0
      ? cursor - this.recentSeconds
      : roundDown(cursor - this.levels[level].retainSeconds, this.levels[level].granularity)
  }

  /** The oldest slice that the level holds. */
  firstSlice(level: number, cursor: number): number {
    return Math.max(0, this.levelStart(level, cursor) / this.levels[level].granularity)
  }

  /** The youngest one: that of the last second which the next finer level no longer holds. */
  lastSlice(level: number, cursor: number): number {
    return Math.floor((this.levelStart(level - 1, cursor) - 1) / this.levels[level].granularity)
  }

  /** Where the two counters of a slice lie among those of all levels. */
  levelCell(level: number, slice: number): number {
    const { offset, slots } = this.levels[level]
    return 2 * (offset + (slice % slots))
  }

  /** A number that differs from series to series, for work that should not fall on all of them in one second. */
  nextPhase(): number {
    return this.#phase++
  }
}

function levelOf(granularity: number, retainSeconds: number, finer: Omit<Level, 'granularity'>): Level {
  const slots = Math.ceil((retainSeconds - finer.retainSeconds) / granularity) + 3
  return { granularity, retainSeconds, slots, offset: finer.offset + finer.slots }
}

function coarsestMultiple(of: number, atMost: number): number {
  return Math.max(of, roundDown(atMost, of))
}

function roundDown(value: number, granularity: number): number {
  return Math.floor(value / granularity) * granularity
}
