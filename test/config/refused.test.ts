// SLIs, SLOs and cohort rules that cannot be meant: one problem each, with what would be right.
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../src/config/problem.ts'
import { MAX_NAME_LENGTH, UNTAGGED } from '../../src/model/tag-names.ts'
import { loadText, problemsOf } from './load-text.ts'

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
    [
      'slis: [{name: x, from: events, good: {a: b}, bad_when: {c: d}, valid: exposures}]',
      /bad_when: .* ignore_when leaves events out/,
    ],
    [
      'slis: [{name: x, from: events, good: {a: b}, valid: exposures, value: "attribute:n", percentiles: [0.5]}]',
      /percentiles: .* a share has no percentiles/,
    ],
    [
      'slis: [{name: x, from: events, good: {a: b}, valid: {from: spans, wher: {c: d}}}]',
      /valid\.wher: .* from and where alone \(did you mean where\?\)/,
    ],
    ['slis: [{name: x, from: events, good: {a: b}, valid: spans}]', /valid: found "spans", .* \{from: spans, where/],
    [
      'slis: [{name: x, from: metrics, numerator: {metric: a}, denominator: {metric: b}, percentiles: [0.5]}]',
      /percentiles: .* a ratio has no percentiles/,
    ],
    [
      'slis: [{name: x, from: events, good: {a: b}, attribution: 24h}]\ncohorts: {units: {attributes: []}}',
      /slis\[0\]\.attribution: .* \{by: trace\}, since cohorts\.units\.attributes is empty/,
    ],
    [
      'slis: [{name: x, from: ingest, percentiles: [0.5]}]',
      /percentiles: found an unknown key, expected one of name, from/,
    ],
    ['slis: [{name: x, from: events, bad_when: {severity: eror}}]', /severity: .* TRACE, DEBUG.*did you mean ERROR/],
    [
      'slis: [{name: x, from: events, bad_when: {severity: ">=warning"}}]',
      /severity: .* 1 to 24 \(did you mean ">=WARN"/,
    ],
    ['slis: [{name: x, from: events, bad_when: {severity: "!=ERR"}}]', /severity: .* \(did you mean "!=ERROR"/],
    ['slis: [{name: x, from: events, bad_when: {severity: 25}}]', /severity: found 25, .* 1 to 24/],
    ['slis: [{name: x, from: events, bad_when: {severity: "/WARN|ERROR/"}}]', /severity: .* several stand in a list/],
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
    [
      'slis: [{name: x, from: ingest}]\nslos: [{name: s, sli: x, upper_bound: 3}]',
      /slos\[0\]\.upper_bound: .* objective, unless .* amount/,
    ],
    [
      'slis: [{name: x, from: metrics, numerator: {metric: a}, denominator: {metric: b}}]\nslos: [{name: s, sli: x, objective: 0.9}, {name: t, sli: x, upper_bound: 3}]',
      /slos\[1\]\.upper_bound: .* numerator_is: amount/,
    ],
    [
      'slis: [{name: x, from: metrics, metric: m}]\nslos: [{name: s, sli: x, upper_bound: 3}]',
      /slos\[0\]\.upper_bound: .* objective, unless .* amount/,
    ],
    ['slos: [{name: s, sli: latency, objective: 0.9, upper_bound: 0}]', /upper_bound: found 0, .* above 0/],
    ['cohorts: {resource_variants: [{experiment: a}]}', /either attribute or variant/],
    ['cohorts: {resource_variants: [{experiment: a, attribute: b, variant: c}]}', /either attribute or variant/],
    [
      'cohorts: {resource_variants: [{experiment: a, variant: b, others: none}]}',
      /others: .* no such key without attribute/,
    ],
    [
      'cohorts: {resource_variants: [{experiment: a, attribute: b, others: control}]}',
      /others: found "control", expected itself, since variants lists no values/,
    ],
    [
      'cohorts: {resource_variants: [{experiment: a, attribute: b, variants: {c: d}, others: None}]}',
      /others: found "None", expected none \(did you mean none\?\)/,
    ],
    [
      'cohorts: {resource_variants: [{experiment: a, attribute: b, variants: {c: d}, others: 2}]}',
      /others: found 2, expected itself, none or the name of a variant \(did you mean "2"\?\)/,
    ],
    ['cohorts: {resource_variants: [{experiment: a, variant: b, variants: {c: d}}]}', /variants: .* without attribute/],
    ['cohorts: {resource_variants: [{experiment: a, attribute: b, variants: {}}]}', /variants: .* at least one value/],
    ['cohorts: {resource_variants: [{experiment: a, attribute: b, variants: {c: 5}}]}', /variants\.c: found 5/],
    [
      'cohorts: {resource_variants: [{experiment: a, attribute: resource.service.version}]}',
      /attribute: .* the name alone.*\(did you mean service\.version\?\)/,
    ],
    ['cohorts: {units: {sample: 512}}', /units\.sample: .* a whole number from 1024 to 1048576/],
    ['cohorts: {limits: {stream_expiry: 0s}}', /stream_expiry: .* a duration of at least 1s/],
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

describe('a name that no tag can have', () => {
  const longest = 'n'.repeat(MAX_NAME_LENGTH)
  it.each([
    ['of an experiment', (name: string) => `experiments: [{id: ${name}}]`],
    ['of its control', (name: string) => `experiments: [{id: a, control: ${name}}]`],
    ['of the control everywhere', (name: string) => `cohorts: {control: [control, ${name}]}`],
    [
      'of an experiment by resources',
      (name: string) => `cohorts: {resource_variants: [{experiment: ${name}, attribute: v}]}`,
    ],
    [
      'of a variant by resources',
      (name: string) => `cohorts: {resource_variants: [{experiment: a, variant: ${name}, where: {b: c}}]}`,
    ],
    [
      'of a variant by a value',
      (name: string) => `cohorts: {resource_variants: [{experiment: a, attribute: v, variants: {x: ${name}}}]}`,
    ],
    [
      'of a variant by other values',
      (name: string) =>
        `cohorts: {resource_variants: [{experiment: a, attribute: v, variants: {x: y}, others: ${name}}]}`,
    ],
  ])('is refused: %s', (_sentence, configuration) => {
    expect(problemsOf(configuration(longest))).toEqual([])
    expect(problemsOf(configuration(`${longest}n`))).toEqual([expect.stringMatching(/ of 1 to 256 characters$/)])
  })

  it('is refused: of a variant that is allocated', () => {
    const configuration = (name: string): string => `experiments: [{id: a, allocation: {b: 1, ${name}: 1}}]`
    expect(problemsOf(configuration(longest))).toEqual([])
    expect(problemsOf(configuration(`${longest}n`))).toEqual([expect.stringMatching(/has 1 to 256 characters$/)])
  })

  it.each([
    ['of an experiment', `experiments: [{id: ${UNTAGGED}}]`],
    ['of an experiment by resources', `cohorts: {resource_variants: [{experiment: ${UNTAGGED}, attribute: v}]}`],
  ])('is refused where it stands for something else: %s', (_sentence, configuration) => {
    expect(problemsOf(configuration)).toEqual([expect.stringMatching(/a name other than _untagged_/)])
  })
})
