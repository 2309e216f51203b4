// Exact times and sampling weights.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_WEIGHT, samplingWeight } from '../../src/otlp/sampling.ts'
import { nanosWithin, wholeSeconds } from '../../src/otlp/time.ts'
import { viewOf } from '../../src/otlp/words.ts'
import { expectedWeight } from './spans.ts'

describe('64-bit nanoseconds', () => {
  const exact = (value: bigint) => {
    const low = Number(BigInt.asIntN(32, value))
    const second = wholeSeconds(low, Number(BigInt.asIntN(32, value >> 32n)))
    expect([second, nanosWithin(low, second)]).toEqual([Number(value / 1_000_000_000n), Number(value % 1_000_000_000n)])
  }
  const edges = [0n, 1n, 999_999_999n, 10n ** 9n, 2n ** 32n, 1_790_000_000_999_999_999n, 1_790_000_001_000_000_000n]
  test.each([...edges, 2n ** 63n, 2n ** 64n - 1n])('%i is split exactly', exact)
  test('next to a whole second, where doubles round, it is exact too', () => {
    const second = fc.bigInt({ min: 1n, max: 18_446_744_072n })
    fc.assert(
      fc.property(second, fc.bigInt({ min: -3000n, max: 3000n }), (whole, off) => exact(whole * 10n ** 9n + off)),
      { numRuns: 2000, seed: 7 },
    )
  })
  test('any value is', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), exact), { numRuns: 2000, seed: 7 })
  })
})

describe('the weight told by a tracestate', () => {
  const weightOf = (traceState: string) => {
    const bytes = Buffer.from(`##${traceState}##`, 'latin1')
    return samplingWeight(viewOf(bytes), 2, bytes.length - 2)
  }
  const cases: [string, number][] = [
    ['', 1],
    ['ot=th:0', 1],
    ['ot=th:8', 2],
    ['ot=th:c', 4],
    ['ot=th:fd70a4', 100],
    ['ot=th:80000000000000', 2],
    ['ot=rv:0123456789abcd;th:8', 2],
    ['ot=th:8;rv:0123456789abcd', 2],
    ['vendor=th:c,ot=th:8', 2],
    ['vendor=1, \tot=th:8 ,other=2', 2],
    ['ot=th:ffffff', MAX_WEIGHT],
    ['ot=th:fffffe', MAX_WEIGHT / 2],
    ['ot=th:ffffffffffffff', MAX_WEIGHT],
    ['ot=th:000000000000000', 1],
    ['ot=th:', 1],
    ['ot=', 1],
    ['ot', 1],
    ['ot=th:8C', 1],
    ['ot=th:g', 1],
    ['ot=th: 8', 1],
    ['ot=th:8 ;rv:1', 1],
    ['OT=th:8', 1],
    ['bot=th:8', 1],
    ['ot=p:8;r:62', 1],
    ['ot=xth:8', 1],
    [',,;;==', 1],
  ]
  test.each(cases)('%j: %f', (traceState, weight) => {
    expect(weightOf(traceState)).toBeCloseTo(weight, 3)
  })
  test('all 56 bits count', () => {
    expect(weightOf('ot=th:00000000000001')).toBe(1)
    expect(weightOf('ot=th:7fffffffffffff')).toBeCloseTo(2, 12)
  })
  test('is what BigInt and splitting say, for any text made of its parts', () => {
    const digits = fc.string({
      unit: fc.integer({ min: 0, max: 15 }).map((digit) => digit.toString(16)),
      minLength: 1,
      maxLength: 15,
    })
    const part = fc.oneof(fc.constantFrom('ot=', 'th:', ';', ',', 'rv:', ' ', '\t', 'x', '=', ':', 'A', '\n'), digits)
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
        for (const text of [parts.join(''), `ot=th:${parts.join('')}`]) {
          expect(weightOf(text)).toBeCloseTo(expectedWeight(text), 9)
          expect(weightOf(text)).toBeGreaterThanOrEqual(1)
          expect(weightOf(text)).toBeLessThanOrEqual(MAX_WEIGHT)
        }
      }),
      { numRuns: 3000, seed: 7 },
    )
  })
})
