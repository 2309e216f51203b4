// Variants that only the resource tells, for all signals, and rules that change while the engine runs.
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { Matcher } from '../../src/model/matcher.ts'
import type { ResourceVariantRule } from '../../src/model/settings.ts'
import { engineSettings } from './settings.ts'
import { logs, metrics } from './telemetry.ts'
import { EPOCH_MS, variantOf } from './traffic.ts'

const equal = (field: string, operand: string): Matcher => [
  [{ field, anyOf: [{ kind: 'equal', operand, negated: false }] }],
]

function rule(changes: Partial<ResourceVariantRule>): ResourceVariantRule {
  return {
    experiment: 'canary',
    attribute: 'service.version',
    variant: null,
    variants: null,
    others: 'itself',
    where: null,
    ...changes,
  }
}

/** "experiment=variant" of all that was counted of a log record from this resource. */
function variantsOf(
  rules: readonly ResourceVariantRule[],
  resource: Record<string, string>,
  attributes = {},
): string[] {
  const engine = new Engine(engineSettings({ resourceVariants: rules }), EPOCH_MS)
  engine.consume(logs([{ atMs: EPOCH_MS, attributes }], { resource }), EPOCH_MS)
  return engine.experiments().flatMap(({ id, variants }) => variants.map(({ variant }) => `${id}=${variant}`))
}

describe('a rule on resources', () => {
  const named = new Map([
    ['2.0', 'treatment'],
    ['1.9', 'control'],
  ])
  test.each<[string, ResourceVariantRule[], Record<string, string>, string[]]>([
    ['takes the value for the name', [rule({})], { 'service.version': '2.0' }, ['canary=2.0']],
    ['names values', [rule({ variants: named, others: 'none' })], { 'service.version': '1.9' }, ['canary=control']],
    ['leaves out other values', [rule({ variants: named, others: 'none' })], { 'service.version': '1.8' }, []],
    ['or lets them stand for themselves', [rule({ variants: named })], { 'service.version': '1.8' }, ['canary=1.8']],
    [
      'or gives all of them to one variant',
      [rule({ variants: named, others: { variant: 'control' } })],
      { 'service.version': '1.8' },
      ['canary=control'],
    ],
    [
      'which takes no resource that has no value',
      [rule({ variants: named, others: { variant: 'control' } })],
      { 'node.pool': 'gpu' },
      [],
    ],
    ['says nothing without the attribute', [rule({})], {}, []],
    [
      'takes part where its condition holds, by plain and by resource names',
      [
        rule({ where: equal('node.pool', 'gpu') }),
        rule({ experiment: 'b', where: equal('resource.node.pool', 'gpu') }),
      ],
      { 'service.version': '2', 'node.pool': 'gpu' },
      ['canary=2', 'b=2'],
    ],
    [
      'and else does not',
      [rule({ where: equal('node.pool', 'gpu') })],
      { 'service.version': '2', 'node.pool': 'cpu' },
      [],
    ],
    [
      'may give all that matches one variant',
      [rule({ attribute: null, variant: 'treatment', where: equal('node.pool', 'gpu') })],
      { 'node.pool': 'gpu' },
      ['canary=treatment'],
    ],
    [
      'is the first of its experiment that fits',
      [rule({ variants: named, others: 'none' }), rule({})],
      { 'service.version': '2.0' },
      ['canary=treatment'],
    ],
    [
      'leaves to the next what it does not name',
      [
        rule({ variants: named, others: 'none' }),
        rule({ attribute: null, variant: 'stable', where: equal('node.pool', 'gpu') }),
      ],
      { 'service.version': '1.7', 'node.pool': 'gpu' },
      ['canary=stable'],
    ],
  ])('%s', (_sentence, rules, resource, expected) => {
    expect(variantsOf(rules, resource)).toEqual(expected)
  })

  test('is asked only where the record tells no experiment itself', () => {
    expect(variantsOf([rule({})], { 'service.version': '2' }, variantOf('a', 'on'))).toEqual(['a=on'])
  })

  test('stands beside tags of the resource', () => {
    expect(variantsOf([rule({})], { 'service.version': '2', ...variantOf('a', 'on') })).toEqual(['a=on', 'canary=2'])
  })
})

test('rules that change hold from the next request on, with attributes that nobody asked for before', () => {
  const engine = new Engine(engineSettings({ resourceVariants: [rule({})] }), EPOCH_MS)
  const send = () =>
    engine.consume(
      metrics([{ name: 'm', points: [{ atMs: EPOCH_MS, value: 1 }] }], {
        resource: { 'service.version': '2', pool: 'gpu' },
      }),
      EPOCH_MS,
    )
  send()
  engine.setResourceVariants([rule({ experiment: 'pools', attribute: 'pool' })])
  send()
  engine.setResourceVariants([])
  send()
  const seen = engine.experiments().flatMap(({ id, variants }) => variants.map(({ variant }) => `${id}=${variant}`))
  expect(seen).toEqual(['canary=2', 'pools=gpu'])
  expect(engine.items().metrics).toMatchObject({ received: 3, attributed: 2, unattributed: 1 })
})
