// SLIs of every kind, resource variants and units: what the configuration says is what the engine gets, and what cannot be meant is refused.
import { describe, expect, it } from 'vitest'
import { sliSentence } from '../../src/config/explain-sli.ts'
import { renderProblems } from '../../src/config/problem.ts'
import type { Matcher } from '../../src/model/matcher.ts'
import { loadText, settingsOf } from './load-text.ts'

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
      { ...nothing, from: 'metrics', metric: 'd', goodBelow: 0.3, percentiles: [] },
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
    ['from: ingest', 'items received, of those to be expected by the rate before the experiment'],
  ])('%s is told in a sentence', (entry, sentence) => {
    const [sli] = settingsOf(`slis: [{name: x, ${entry}}]\nslos: []`).engine.slis
    expect(sliSentence(sli)).toBe(sentence)
  })
})

describe('what cannot be meant is refused', () => {
  it.each([
    ['slis: [{name: flag_evaluations}]', /slis\[0\]\.name: .* a name other than flag_evaluations/],
    [
      'slis: [{name: x, from: metrics, metric: a, numerator_is: good}]',
      /numerator_is: .* no such key without numerator/,
    ],
    [
      'slis: [{name: x, from: metrics, numerator: {metric: a}, denominator: {metric: b}, good_below: 1}]',
      /good_below: .* no such key beside numerator/,
    ],
    ['slis: [{name: x, from: events, valid: exposures}]', /good: .* the events that are good/],
    ['slis: [{name: x, from: events, valid: {event.name: a}}]', /good: .* either good or bad_when/],
    ['slis: [{name: x, from: events, good: {a: b}, valid: {from: span}}]', /valid\.from: .* one of spans, events/],
    ['slis: [{name: x, from: events, value: duration}]', /value: .* attribute:NAME/],
    [
      'slis: [{name: x, from: events, good: {a: b}, attribution: {once_per_unit: true}}]',
      /attribution: .* valid: exposures/,
    ],
    ['slis: [{name: x, from: events, bad_when: {severity: eror}}]', /severity: .* TRACE, DEBUG.*did you mean ERROR/],
    ['slis: [{name: x, from: spans, where: {span.root: maybe}}]', /span\.root"\]: .* one of true, false/],
    [
      'slis: [{name: x, from: metrics, numerator: {metric: a}, denominator: {metric: b}, numerator_is: amount}]\nslos: [{name: s, sli: x, objective: 0.9}]',
      /slos\[0\]\.objective: .* upper_bound/,
    ],
    ['slos: [{name: s, sli: latency, upper_bound: 3}]', /slos\[0\]\.upper_bound: .* objective/],
    [
      'slis: [{name: x, from: metrics, numerator: {metric: a}, denominator: {metric: b}}]\nslos: [{name: s, sli: x, objective: 0.9, upper_bound: 3}]',
      /either objective or upper_bound/,
    ],
    ['cohorts: {resource_variants: [{experiment: a}]}', /either attribute or variant/],
    [
      'cohorts: {resource_variants: [{experiment: a, attribute: v, where: {span.kind: SERVER}}]}',
      /where: .* resource attributes alone/,
    ],
  ])('%s', (text, expected) => {
    const lines = renderProblems(loadText(text).problems)
    expect(lines).toMatch(expected)
    expect(lines.trim().split('\n')).toHaveLength(1)
  })
})

describe('cohorts', () => {
  it('take variants from resources', () => {
    const rules = [
      '{experiment: canary, attribute: service.version, variants: {"2.0": treatment, "1.9": control}}',
      '{experiment: pool, attribute: resource_pool}',
      '{experiment: gpu, variant: treatment, where: {node.pool: gpu, resource.zone: [a, b]}}',
    ]
    expect(settingsOf(`cohorts: {resource_variants: [${rules.join(', ')}]}`).engine.resourceVariants).toEqual([
      {
        experiment: 'canary',
        attribute: 'service.version',
        variant: null,
        variants: new Map([
          ['2.0', 'treatment'],
          ['1.9', 'control'],
        ]),
        others: 'none',
        where: null,
      },
      { experiment: 'pool', attribute: 'resource_pool', variant: null, variants: null, others: 'itself', where: null },
      expect.objectContaining({ experiment: 'gpu', attribute: null, variant: 'treatment', where: [expect.anything()] }),
    ])
  })

  it('look at units as they are told to, and the key stays out of the fingerprint', () => {
    const text = (key: string) => `cohorts: {units: {attributes: [user.id], key: ${key}, sample: 2048}}`
    const { engine, configHash } = settingsOf(text('secret'))
    expect([engine.unitAttributes, engine.unitKey, engine.limits.unitsPerExperiment]).toEqual([
      ['user.id'],
      'secret',
      2048,
    ])
    expect(settingsOf(text('other')).configHash).toBe(configHash)
    const rule = (name: string) =>
      settingsOf(`cohorts: {resource_variants: [{experiment: a, attribute: v, variants: {x: ${name}}}]}`)
    expect(rule('one').configHash).not.toBe(rule('two').configHash)
  })
})
