// What the demonstration's requests do, as a function of the time and a random number: control is healthy, treatment stops being so.

export const VARIANTS = ['control', 'treatment'] as const
export type DemoVariant = (typeof VARIANTS)[number]

export interface Fate {
  readonly failed: boolean
  readonly durationMs: number
}

const MEDIAN_MS = 60
const SPREAD = 0.35
/** A healthy request stays well below the 300 ms of the default latency objective. */
const LONGEST_HEALTHY_MS = 220
const FIRST_ERROR_RATE = 0.15
const ERROR_RATE_PER_SECOND = 0.015
const HIGHEST_ERROR_RATE = 0.6
const SLOWDOWN_PER_SECOND = 0.15
const GREATEST_SLOWDOWN = 5

/** What becomes of one request. `badSeconds`: for how long treatment has been bad; not above 0: it is still healthy. */
export function fateOf(variant: DemoVariant, badSeconds: number, random: () => number): Fate {
  const healthyMs = Math.min(LONGEST_HEALTHY_MS, MEDIAN_MS * Math.exp(SPREAD * normal(random)))
  if (variant === 'control' || badSeconds <= 0) return { failed: false, durationMs: healthyMs }
  const errorRate = Math.min(HIGHEST_ERROR_RATE, FIRST_ERROR_RATE + ERROR_RATE_PER_SECOND * badSeconds)
  const slowdown = Math.min(GREATEST_SLOWDOWN, 1 + SLOWDOWN_PER_SECOND * badSeconds)
  return { failed: random() < errorRate, durationMs: healthyMs * slowdown }
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** The same numbers in [0, 1) at every run (mulberry32): the demonstration shows the same thing twice. */
export function reproducibleRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
