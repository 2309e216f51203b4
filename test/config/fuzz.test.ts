import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderUnderstanding } from '../../src/config/explain.ts'
import { renderProblems } from '../../src/config/problem.ts'
import { editDistance, nearest } from '../../src/config/suggest.ts'
import { configuration } from './arbitrary-configuration.ts'
import { loadText } from './load-text.ts'

const EXAMPLE = readFileSync(new URL('fixtures/surface-example.yaml', import.meta.url), 'utf8')

/** Loads, or says what is wrong at lines that the text has. */
function expectAnswer(text: string, overrides: readonly string[] = []): void {
  const loaded = loadText(text, { overrides })
  expect(loaded.settings === null).toBe(loaded.problems.length > 0)
  const lineCount = text.split(/\r\n|\r|\n/).length
  for (const { place } of loaded.problems) {
    if (place.kind !== 'file') continue
    expect(place.line).toBeGreaterThanOrEqual(1)
    expect(place.line).toBeLessThanOrEqual(lineCount)
    expect(place.column).toBeGreaterThanOrEqual(1)
  }
  expect(renderProblems(loaded.problems) + renderUnderstanding(loaded)).not.toBe('')
}

const yamlCharacters = fc.string({
  unit: fc.constantFrom(...Array.from('ab:-[]{},#&*!|>\'"%@`?\n\t $<~0.1')),
  maxLength: 60,
})
const scrap = fc.oneof(
  fc.constantFrom(
    '',
    'null',
    '-1',
    '1e400',
    '"',
    '[',
    '{',
    '}',
    '{}',
    '[]',
    '*a',
    '&a',
    '<<',
    '${env:X}',
    '${',
    '!!binary',
    '>',
    '|',
    '/(/',
    '>=',
    '5m',
  ),
  fc.string({ maxLength: 5 }),
)

describe('any text', () => {
  it('gives settings or problems, never an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlCharacters), (text) => expectAnswer(text)),
      { numRuns: 120 },
    )
  })

  it('as an override gives settings or problems', () => {
    const keys = fc.constantFrom(
      'a',
      'slis',
      'slos.0',
      'slos.0.objective',
      'store',
      'cohorts.tags.0',
      'receivers.otlp.protocols',
      'api',
      '',
    )
    fc.assert(
      fc.property(keys, fc.oneof(yamlCharacters, scrap), (key, value) => expectAnswer('', [`${key}=${value}`])),
      { numRuns: 150 },
    )
  })

  it('as a value of any shape gives settings or problems', () => {
    const sections = fc.constantFrom(
      'receivers',
      'api',
      'store',
      'ack',
      'cohorts',
      'slis',
      'slos',
      'policies',
      'experiments',
      'exporters',
      'alerts',
      'telemetry',
      'events',
      'shutdown_timeout',
    )
    fc.assert(
      fc.property(sections, fc.jsonValue({ maxDepth: 3 }), (section, value) =>
        expectAnswer(`${section}: ${JSON.stringify(value)}\n`),
      ),
      { numRuns: 200 },
    )
  })
})

describe('what is counted', () => {
  it('in any combination of keys gives settings that can be told, or problems', () => {
    fc.assert(
      fc.property(configuration, (value) => expectAnswer(JSON.stringify(value))),
      { numRuns: 150 },
    )
  })
})

describe('the example', () => {
  it('with a scrap at any place loads, or gives problems at lines it has', () => {
    const edit = fc.record({ at: fc.nat(EXAMPLE.length), cut: fc.nat(12), put: scrap })
    fc.assert(
      fc.property(edit, ({ at, cut, put }) => expectAnswer(EXAMPLE.slice(0, at) + put + EXAMPLE.slice(at + cut))),
      { numRuns: 120 },
    )
  })
})

describe('the edit distance', () => {
  it('is a symmetric measure that is zero only for equal words', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, b) === 0).toBe(a === b)
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
      }),
    )
  })

  it.each([
    ['windos', 'window'],
    ['recievers', 'receivers'],
    ['SERVR', 'SERVER'],
    ['xyz', null],
  ])('%s is meant as %s', (word, meant) => {
    expect(nearest(word, ['window', 'receivers', 'SERVER', 'INTERNAL'])).toBe(meant)
  })
})
