// Equality of numbers that were added up in another order.
import { expect } from 'vitest'

/** Equal to 1e-9 of the larger number, or of 1. */
export function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < actual.length; i++) {
    const tolerance = 1e-9 * Math.max(1, Math.abs(expected[i]))
    expect(Math.abs(actual[i] - expected[i]), `number ${i}: ${actual[i]}, not ${expected[i]}`).toBeLessThanOrEqual(
      tolerance,
    )
  }
}
