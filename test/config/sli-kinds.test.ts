// SLIs of every kind: what the configuration says is what the engine gets.
import { describe, expect, it } from 'vitest'
import { renderUnderstanding } from '../../src/config/explain.ts'
import { sliSentence } from '../../src/config/explain-sli.ts'
import type { Matcher } from '../../src/model/matcher.ts'
import { loadText, problemsOf, settingsOf } from './load-text.ts'

const completed: Matcher = [[{ field: 'event.name', anyOf: [{ kind: 'equal', operand: 'done', negated: false }] }]]
const nothing = { where: null, ignoreWhen: null, badWhen: null }
const judged = { ...nothing, good: null, value: null, goodBelow: null }

function sliOf(entry: string, slos = '[]'): unknown {
  return settingsOf(`slis: [{name: x, ${entry}}]\nslos: ${slos}`).engine.slis[0]
}

describe('an SLI', () => {
  const table: readonly (readonly [string, string, object])[] = [
    [
      'over a metric',
      'from: metrics, metric: cpu, good_below: 0.7, where: {host: a}, percentiles: [0.5]',
      {
        ...nothing,
        from: 'metrics',
        metric: 'cpu',
        where: [[{ field: 'host', anyOf: [{ kind: 'equal', operand: 'a', negated: false }] }]],
        goodBelow: 0.7,
        percentiles: [0.5],
      },
    ],
    [
      'over a metric in seconds',
      'from: metrics, metric: d, good_below: 300ms',
      { ...nothing, from: 'metrics', metric: 'd', goodBelow: 0.3, goodBelowUnit: 'seconds', percentiles: [] },
    ],
    [
      'with a share of exposures',
      'from: events, good: {event.name: done}, valid: exposures',
      { ...judged, from: 'events', good: completed, valid: { kind: 'exposures' }, attribution: null, percentiles: [] },
    ],
    [
      'with a share of other events',
      'from: events, bad_when: {event.name: done}, valid: {event.name: done}',
      {
        ...judged,
        from: 'events',
        badWhen: completed,
        valid: { kind: 'records', from: 'events', where: completed },
        attribution: null,
        percentiles: [],
      },
    ],
    [
      'with a share of spans',
      'from: events, bad_when: {event.name: done}, valid: {from: spans}',
      {
        ...judged,
        from: 'events',
        badWhen: completed,
        valid: { kind: 'records', from: 'spans', where: null },
        attribution: null,
        percentiles: [],
      },
    ],
    [
      'by unit within a window',
      'from: events, good: {event.name: done}, valid: exposures, attribution: 24h',
      {
        ...judged,
        from: 'events',
        good: completed,
        valid: { kind: 'exposures' },
        attribution: { windowMs: 86_400_000, oncePerUnit: false },
        percentiles: [],
      },
    ],
    [
      'once for each unit',
      'from: events, good: {event.name: done}, valid: exposures, attribution: {window: 1h, once_per_unit: true}',
      {
        ...judged,
        from: 'events',
        good: completed,
        valid: { kind: 'exposures' },
        attribution: { windowMs: 3_600_000, oncePerUnit: true },
        percentiles: [],
      },
    ],
    ['over ingestion', 'from: ingest', { from: 'ingest', percentiles: [] }],
  ]
  it.each(table)('%s', (_sentence, entry, expected) => {
    expect(sliOf(entry)).toEqual({ name: 'x', ...expected })
  })

  it.each([
    ['an amount where nothing says otherwise', '', '[]', 'amount'],
    ['good ones where an SLO has an objective', '', '[{name: s, sli: x, objective: 0.9}]', 'good'],
    ['an amount where an SLO has an upper bound', '', '[{name: s, sli: x, upper_bound: 0.1}]', 'amount'],
    ['bad ones where it says so', ', numerator_is: bad', '[{name: s, sli: x, objective: 0.9}]', 'bad'],
  ])('that is a ratio counts %s', (_sentence, more, slos, numeratorIs) => {
    const entry = `from: metrics, numerator: {metric: n, where: {a: b}}, denominator: {metric: d, part: count}${more}`
    expect(sliOf(entry, slos)).toMatchObject({
      from: 'ratio',
      numerator: { metric: 'n', part: 'value', where: [[{ field: 'a' }]] },
      denominator: { metric: 'd', part: 'count', where: null },
      numeratorIs,
    })
  })

  it.each([
    ['severity: ERROR', { kind: 'range', from: 17, to: 20, negated: false }],
    ['severity: "!=WARN"', { kind: 'range', from: 13, to: 16, negated: true }],
    ['severity: 18', { kind: 'range', from: 18, to: 18, negated: false }],
    ['severity: ">=ERROR"', { kind: 'order', operator: '>=', operand: 17 }],
    ['severity: ">ERROR"', { kind: 'order', operator: '>', operand: 20 }],
    ['severity: "<=ERROR"', { kind: 'order', operator: '<=', operand: 20 }],
    ['severity: "<ERROR"', { kind: 'order', operator: '<', operand: 17 }],
  ])('may ask for %s', (condition, test) => {
    expect(sliOf(`from: events, bad_when: {${condition}}`)).toMatchObject({ badWhen: [[{ anyOf: [test] }]] })
  })

  it.each([
    ['from: events, bad_when: {severity: ">=ERROR"}', 'every event; bad when severity >= 17'],
    [
      'from: events, good: {event.name: done}, valid: exposures, attribution: 24h',
      'good are events where event.name is done, of all exposures; of units within 1d of their first exposure',
    ],
    ['from: metrics, metric: cpu, good_below: 0.7', 'points of cpu; bad when the value is 0.7 or more'],
    [
      'from: metrics, numerator: {metric: cost}, denominator: {metric: d, part: count}',
      'amount: cost, for the count of d',
    ],
    [
      'from: events, where: {a: 1}, ignore_when: {b: 1}, good: [{c: 1}, {d: 1}], valid: {e: 1}, value: "attribute:n", good_below: 5',
      'good are events where a is 1 and (c is 1, or d is 1) and n is below 5, but not where b is 1, of events where e is 1',
    ],
    [
      'from: events, where: {a: 1}, bad_when: {c: 1}, valid: {from: spans}, value: "attribute:n", good_below: 5',
      'bad are events where a is 1 and (c is 1, or n is 5 or more), of all spans',
    ],
    [
      'from: events, good: {a: 1}, valid: exposures, attribution: {once_per_unit: true}',
      'good are events where a is 1, of all exposures; of units within 1d of their first exposure, each unit once',
    ],
    [
      'from: metrics, numerator: {metric: n, part: sum, where: {a: b}}, denominator: {metric: d}, numerator_is: bad',
      'bad: the sum of n where a is b, for d',
    ],
    ['from: ingest', 'items received, of those to be expected by the rate before the experiment'],
  ])('%s is told in a sentence', (entry, sentence) => {
    const [sli] = settingsOf(`slis: [{name: x, ${entry}}]\nslos: []`).engine.slis
    expect(sliSentence(sli)).toBe(sentence)
  })
})

describe('flag_evaluations', () => {
  const slos = 'slos: [{name: evaluates, sli: flag_evaluations, objective: 0.99}]'

  it.each([
    ['beside the default SLIs', ''],
    ['beside other SLIs', 'slis: [{name: x, bad_when: {a: b}}]\n'],
    ['without any', 'slis: []\n'],
  ])('may be named by an SLO %s', (_sentence, slis) => {
    const { problems, notes, settings } = loadText(slis + slos)
    expect([problems, notes]).toEqual([[], []])
    expect(settings?.engine.slos).toMatchObject([{ name: 'evaluates', sli: 'flag_evaluations', objective: 0.99 }])
  })

  it('may be named by a guardrail', () => {
    expect(problemsOf('experiments: [{id: a, guardrails: [{sli: flag_evaluations}]}]')).toEqual([])
  })

  it('is told in words', () => {
    const page = renderUnderstanding(loadText(slos))
    expect(page).toContain(
      '  flag_evaluations  events where event.name is feature_flag.evaluation or feature_flag; bad when error.type is present\n',
    )
    expect(page).toContain('\nSLO evaluates: 99 % of flag_evaluations good over 30d, policy experiment\n')
  })

  it('has no upper bound', () => {
    expect(problemsOf('slos: [{name: e, sli: flag_evaluations, upper_bound: 3}]')).toEqual([
      expect.stringMatching(/slos\[0\]\.upper_bound: found 3, expected objective, unless/),
    ])
  })
})
