// OpenSLO documents as a configuration: what comes out, that it loads, and that nothing of the input is lost without a word.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { importOpensloCommand } from '../../src/commands/import-openslo.ts'
import { importOpenslo } from '../../src/migration/openslo.ts'
import { loadText, settingsOf } from '../config/load-text.ts'
import { listener } from './terminal.ts'
import { leavesOf, withOther } from './yaml-leaves.ts'

const FIXTURES = ['checkout', 'corners'] as const

function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')
}

function translated(text: string) {
  const result = importOpenslo(text, 'objectives.yaml')
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.remarks))
  return result
}

/** Everything that is told of a text, without places. */
function toldOf(text: string): string {
  const result = importOpenslo(text, 'objectives.yaml')
  const remarks = result.remarks.map(({ path, kind, why }) => ({ path, kind, why }))
  return JSON.stringify([result.kind === 'translated' ? result.configuration : null, remarks])
}

describe.each(FIXTURES)('%s.yaml', (name) => {
  const text = fixture(`${name}.yaml`)

  test('gives the configuration and the list that are written beside it', () => {
    const { said, terminal } = listener()
    const path = join(import.meta.dirname, 'fixtures', `${name}.yaml`)
    expect(importOpensloCommand([path], terminal)).toBe(0)
    expect(said.out.replaceAll(path, `${name}.yaml`)).toBe(fixture(`${name}.configuration.txt`))
    expect(said.err.replaceAll(path, `${name}.yaml`)).toBe(fixture(`${name}.listed.txt`))
  })

  test('gives a configuration that loads without a problem', () => {
    const { configuration, counts } = translated(text)
    const { engine } = settingsOf(configuration)
    expect(engine.slis.length).toBe(counts.slis.translated)
    expect(engine.slos.length).toBe(counts.slos.translated)
  })

  test('every leaf is told of with its line, or changes what comes out', () => {
    const told = toldOf(text)
    const listed = new Set(
      translated(text)
        .remarks.filter(({ kind }) => kind === 'left_out')
        .map(({ path, line }) => `${line} ${path}`),
    )
    const leaves = leavesOf(text)
    expect(leaves.length).toBeGreaterThan(80)
    const silent = leaves.filter(
      (leaf) => !listed.has(`${leaf.line} ${leaf.path}`) && toldOf(withOther(text, leaf)) === told,
    )
    expect(silent.map(({ line, path }) => `${line} ${path}`)).toEqual([])
    const places = new Set(leaves.map(({ line, path }) => `${line} ${path}`))
    expect([...listed].filter((place) => !places.has(place))).toEqual([])
  })
})

test('whatever stands in the fields, the file is refused or the configuration loads', () => {
  const odd = fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    0.3,
    1e9,
    true,
    {},
    [],
    [null],
    { a: 1 },
    'x',
    '${a}',
    '$$',
    '@at',
    'a\nb: [',
    '# no',
    '1m',
    '99999d',
    '{__name__="a b"}',
    'sum(rate(a_total{b=~"(",c!~"\\\\d+"}[5m]))',
    'a_bucket{le="1"}',
    'a{severity="x"}',
    'Prometheus',
    'experiment',
    'gt',
    'lte',
    'burnrate',
    'metrics',
  )
  const change = fc.record({ which: fc.nat(), value: odd, removes: fc.boolean(), up: fc.nat({ max: 2 }) })
  const changes = fc.array(change, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.constantFrom(...FIXTURES), changes, (name, wanted) => {
      const original = fixture(`${name}.yaml`)
      const leaves = leavesOf(original)
      const documents = parseAllDocuments(original)
      if (!Array.isArray(documents)) throw new Error('no documents')
      for (const { which, value, removes, up } of wanted) {
        const { document, keys } = leaves[which % leaves.length]
        const path = keys.slice(0, Math.max(1, keys.length - up))
        if (!documents[document].hasIn(path)) continue
        if (removes) documents[document].deleteIn(path)
        else documents[document].setIn(path, documents[document].createNode(value))
      }
      const result = importOpenslo(documents.map(String).join(''), 'objectives.yaml')
      if (result.kind === 'refused') return
      const { problems, settings } = loadText(result.configuration)
      expect(problems).toEqual([])
      expect(settings?.engine.slos.length).toBe(result.counts.slos.translated)
    }),
    { numRuns: 120, seed: 20261127 },
  )
})

describe('alert policies', () => {
  const withPolicies = (policies: string, conditions: string): string => `apiVersion: openslo/v1
kind: SLO
metadata: {name: a}
spec:
  indicator:
    metadata: {name: good}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: prometheus, spec: {query: 'sum(rate(ok_total[5m]))'}}}
        total: {metricSource: {type: prometheus, spec: {query: 'sum(rate(all_total[5m]))'}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
  alertPolicies: ${policies}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: fast}
spec:
  alertWhenBreaching: true
  conditions: ${conditions}
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: burns}
spec: {severity: page, condition: {kind: burnrate, op: gte, threshold: 3, lookbackWindow: 1h}}
`
  const BURNS = '[{conditionRef: burns}]'
  const taken = { name: 'fast', rules: [{ severity: 'page', factor: 3, longSeconds: 3600 }] }

  test.each<[sentence: string, policies: string, conditions: string, leftOut: object[]]>([
    ['are found by plain names', '[fast]', BURNS, []],
    ['have conditions by plain names too', '[{alertPolicyRef: fast}]', '[burns]', []],
    [
      'that are not there are told of',
      '[fast, gone, {alertPolicyRef: lost}]',
      '[burns, absent]',
      [
        { line: 15, path: 'spec.alertPolicies[1]', why: 'there is no AlertPolicy gone in the file' },
        { line: 15, path: 'spec.alertPolicies[2].alertPolicyRef', why: 'there is no AlertPolicy lost in the file' },
        { line: 22, path: 'spec.conditions[1]', why: 'there is no AlertCondition absent in the file' },
      ],
    ],
    [
      'that are neither names nor policies are told of',
      "[fast, 3, '', null]",
      BURNS,
      [1, 2, 3].map((at) => ({
        path: `spec.alertPolicies[${at}]`,
        why: 'nothing of this policy could be taken over',
      })),
    ],
  ])('%s', (_sentence, policies, conditions, leftOut) => {
    const { configuration, remarks } = translated(withPolicies(policies, conditions))
    expect(settingsOf(configuration).engine.slos[0].policy).toMatchObject(taken)
    expect(remarks.filter(({ kind }) => kind === 'left_out')).toMatchObject(leftOut)
  })

  test.each(['fast', '{a: fast}', '3'])('that are no list are told of: %s', (policies) => {
    const { configuration, remarks } = translated(withPolicies(policies, BURNS))
    expect(settingsOf(configuration).engine.slos[0].policy.name).toBe('experiment')
    expect(remarks).toContainEqual(
      expect.objectContaining({ line: 15, why: 'a list of alert policies is expected here' }),
    )
  })
})

const SLO = `apiVersion: openslo/v1
kind: SLO
metadata: {name: a}
`

describe('refuses, with the place,', () => {
  test.each<[sentence: string, text: string, place: string, why: string]>([
    ['an empty file', '', '1:1', 'no OpenSLO object'],
    ['what is no YAML', 'a: [', '1:5', 'not YAML'],
    [
      'an earlier version',
      `${SLO}spec: {}\n---\napiVersion: openslo/v1alpha\nkind: SLO\n`,
      '6:13',
      '"openslo/v1alpha"',
    ],
    ['a later version', 'apiVersion: openslo.com/v2alpha\nkind: SLO\n', '1:13', 'only openslo/v1'],
    ['no version', 'kind: SLO\n', '1:1', 'no apiVersion'],
    ['a kind that is not known', 'apiVersion: openslo/v1\nkind: SLOs\n', '2:7', 'the kind is none of SLO'],
    ['a name that is missing', 'apiVersion: openslo/v1\nkind: SLO\n', '1:1', 'metadata.name'],
    ['a name twice', `${SLO}spec: {}\n---\n${SLO}spec: {}\n`, '8:18', 'a second SLO of the name a'],
    ['an object of which nothing is said', SLO, '1:1', 'this SLO has no spec'],
    ['a spec that is no map', `${SLO}spec: [1]\n`, '4:7', 'this SLO has no spec'],
    ['a key twice', `${SLO}kind: SLI\n`, '4:1', 'unique'],
    [
      'values that go on for ever',
      `${SLO}spec: ${'['.repeat(60)}${']'.repeat(60)}\n`,
      '4:47',
      'nested more than 40 deep',
    ],
    ['an alias of nothing', `${SLO}spec: *gone\n`, '4:7', 'an alias of nothing'],
    ['values that double with every line', bomb(), '7:5', 'more than 100000 values'],
  ])('%s', (_sentence, text, place, why) => {
    const result = importOpenslo(text, 'objectives.yaml')
    expect(result.kind).toBe('refused')
    const [{ line, column, why: said }] = result.remarks
    expect(said).toContain(why)
    if (!text.includes('&l0')) expect(`${line}:${column}`).toBe(place)
  })
})

function bomb(): string {
  const lines = Array.from({ length: 20 }, (_, at) => `l${at + 1}: &l${at + 1} [*l${at}, *l${at}]`)
  return `${SLO}l0: &l0 [x]\n${lines.join('\n')}\n`
}

describe('cohortd import openslo', () => {
  test.each<[sentence: string, args: readonly string[], code: number, told: string]>([
    ['ends with 1 where the file cannot be read', ['/nowhere/objectives.yaml'], 1, 'ENOENT'],
    ['ends with 2 without a file', [], 2, 'one FILE is needed'],
    ['ends with 2 with two files', ['a', 'b'], 2, 'one FILE is needed'],
    ['ends with 2 where a flag is unknown', ['a', '--now'], 2, "'--now'"],
    [
      'ends with 1 where the file is of another kind',
      [join(import.meta.dirname, '../../config/cohortd.yaml')],
      1,
      ':1: no apiVersion',
    ],
  ])('%s', (_sentence, args, code, told) => {
    const { said, terminal } = listener()
    expect(importOpensloCommand(args, terminal)).toBe(code)
    expect(said.out).toBe('')
    expect(said.err).toContain(told)
  })
})
