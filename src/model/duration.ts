// Durations as people write them: "30s", "5m", "1h30m", "30d".

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]
const SIZES = new Map(UNITS)

/** Milliseconds of a duration text, or null where it is none. "0" is allowed without a unit. */
export function parseDurationMs(text: string): number | null {
  if (text === '0') return 0
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * (SIZES.get(unit) ?? 0)
  return total
}

/** The shortest text of a whole number of seconds: 300 is "5m", 5400 is "90m", 2592000 is "30d". */
export function formatSeconds(seconds: number): string {
  for (const [unit, ms] of UNITS) {
    const size = ms / 1000
    if (size >= 1 && seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`
  }
  return `${seconds}s`
}

/** The same of milliseconds: 300 is "300ms". */
export function formatMs(ms: number): string {
  return ms % 1000 === 0 ? formatSeconds(ms / 1000) : `${Number(ms.toPrecision(12))}ms`
}
