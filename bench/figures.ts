// Summaries of measured numbers.

/** The nearest-rank quantile; q = 1 is the largest. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]
}

/** A rate as "204 k". */
export function thousands(rate: number): string {
  return `${Math.round(rate / 1000)} k`
}
