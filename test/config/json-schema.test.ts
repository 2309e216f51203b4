import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { configurationReference } from '../../src/config/reference.ts'
import { loadText } from './load-text.ts'

const app = Fastify({
  ajv: {
    customOptions: {
      coerceTypes: false,
      removeAdditional: false,
      useDefaults: false,
      validateSchema: true,
      allowUnionTypes: true,
    },
  },
})

beforeAll(async () => {
  const { $schema: _draft, ...body } = jsonSchema()
  app.post('/', { schema: { body } }, () => 'ok')
  await app.ready()
})

afterAll(() => app.close())

/** Validates as editors do; Fastify's validator is Ajv, which refuses a schema that is not one. */
async function accepts(value: unknown): Promise<boolean> {
  const { statusCode } = await app.inject({
    method: 'POST',
    url: '/',
    payload: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  })
  return statusCode === 200
}

const word = fc.constantFrom('a', 'b.c', 'span.kind', 'event.name', 'severity', 'resource.a')
const operand = fc.oneof(
  fc.constantFrom('SERVER', 'ERROR', '>=5', '/x/', 5, true),
  fc.record({ present: fc.boolean() }),
  fc.constant(null),
)
const map = fc.dictionary(word, fc.oneof(operand, fc.array(operand, { maxLength: 2 })), { maxKeys: 2 })
const condition = fc.oneof({ weight: 4, arbitrary: map }, fc.array(map, { maxLength: 2 }))
const part = fc.record(
  { metric: fc.constantFrom('m', ''), part: fc.constantFrom('value', 'count', 'sum', 'mean'), where: condition },
  { requiredKeys: ['metric'] },
)
const measuring = {
  good_below: fc.constantFrom(0.7, 0, '300ms', 'x'),
  percentiles: fc.constantFrom([], [0.5], [5]),
}
const judging = { where: condition, bad_when: condition, ignore_when: condition }

/** An SLI over `from` with any of the keys. */
function sliFrom(from: string, keys: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc.record({ name: fc.constant('x'), from: fc.constant(from), ...keys }, { requiredKeys: ['name', 'from'] })
}

const sli = fc.oneof(
  sliFrom('spans', { ...judging, good: condition, value: fc.constantFrom('duration', 'attribute:a'), ...measuring }),
  sliFrom('metrics', { ...judging, metric: fc.constant('m'), ...measuring }),
  sliFrom('metrics', { numerator: part, denominator: part, numerator_is: fc.constantFrom('good', 'amount', 'x') }),
  sliFrom('events', {
    ...judging,
    good: condition,
    value: fc.constantFrom('duration', 'attribute:a'),
    valid: fc.oneof(
      fc.constantFrom('exposures', 'events', 'spans'),
      fc.record({ from: fc.constantFrom('spans', 'events', 'x'), where: condition }, { requiredKeys: ['from'] }),
      condition,
    ),
    attribution: fc.oneof(
      fc.constantFrom('24h', 0, '1ms'),
      fc.record({ by: fc.constantFrom('trace', 'unit'), once_per_unit: fc.boolean() }, { requiredKeys: [] }),
    ),
  }),
  sliFrom('ingest', {}),
)
const slo = fc.record(
  { name: fc.constant('s'), sli: fc.constant('x'), objective: fc.constant(0.9), upper_bound: fc.constantFrom(3, 0) },
  { requiredKeys: ['name', 'sli'] },
)
const resourceVariant = fc.record(
  {
    experiment: fc.constant('e'),
    attribute: fc.constantFrom('v', 'resource.v'),
    variants: fc.dictionary(fc.constantFrom('1', '2.0'), fc.constantFrom('c', 't'), { maxKeys: 2 }),
    others: fc.constantFrom('itself', 'none'),
    variant: fc.constant('t'),
    where: condition,
  },
  { requiredKeys: ['experiment'] },
)
/** Right and wrong ones, of the keys that say what is counted. */
const configuration = fc.record(
  {
    slis: fc.array(sli, { minLength: 1, maxLength: 1 }),
    slos: fc.array(slo, { maxLength: 1 }),
    cohorts: fc.record(
      {
        resource_variants: fc.array(resourceVariant, { maxLength: 1 }),
        units: fc.record({ key: fc.constantFrom('', 'k'), sample: fc.constantFrom(1024, 5) }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['slis'] },
)

function file(path: string): unknown {
  return parseDocument(readFileSync(new URL(path, import.meta.url), 'utf8')).toJS()
}

describe('the JSON Schema', () => {
  it('is draft-7', () => {
    expect(jsonSchema()).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      additionalProperties: false,
    })
  })

  it.each([
    ['the example with every section', 'fixtures/surface-example.yaml'],
    ['the default file', '../../config/cohortd.yaml'],
    ['the file of the container image', '../../config/container.yaml'],
  ])('accepts %s', async (_sentence, path) => {
    expect(await accepts(file(path))).toBe(true)
  })

  it.each([
    ['an unknown key', { recievers: {} }],
    ['an objective of 99.9', { slos: [{ name: 'x', sli: 'latency', objective: 99.9 }] }],
    ['a missing key', { slos: [{ name: 'x', sli: 'latency' }] }],
    ['a duration without a unit', { shutdown_timeout: 10 }],
    ['an SLI from somewhere else', { slis: [{ name: 'a', from: 'span' }] }],
    ['an SLO with both promises', { slos: [{ name: 'x', sli: 'latency', objective: 0.9, upper_bound: 3 }] }],
    ['an amount of nothing', { slis: [{ name: 'a', from: 'metrics', numerator: { part: 'sum' } }] }],
    ['an unknown part', { slis: [{ name: 'a', from: 'metrics', numerator: { metric: 'm', part: 'mean' } }] }],
    ['a key of other SLIs', { slis: [{ name: 'a', from: 'ingest', percentiles: [0.5] }] }],
    ['events compared with another signal', { slis: [{ name: 'a', from: 'events', valid: { from: 'metrics' } }] }],
    [
      'events compared by a misspelt key',
      { slis: [{ name: 'a', from: 'events', valid: { from: 'spans', wher: {} } }] },
    ],
    ['attribution by something else', { slis: [{ name: 'a', from: 'events', attribution: { by: 'user' } }] }],
    ['a resource variant of nothing', { cohorts: { resource_variants: [{ attribute: 'v' }] } }],
    ['a resource variant without values', { cohorts: { resource_variants: [{ experiment: 'a', variants: {} }] } }],
    ['too small a sample of units', { cohorts: { units: { sample: 10 } } }],
  ])('refuses %s', async (_sentence, value) => {
    expect(await accepts(value)).toBe(false)
  })

  it('accepts what the loader accepts', async () => {
    let loaded = 0
    await fc.assert(
      fc.asyncProperty(configuration, async (value) => {
        if (loadText(JSON.stringify(value)).problems.length > 0) return
        loaded++
        expect(await accepts(value)).toBe(true)
      }),
      { numRuns: 400, seed: 7 },
    )
    expect(loaded).toBeGreaterThan(80)
  })

  it('describes every key', () => {
    const silent: string[] = []
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      for (const [key, child] of Object.entries(node)) {
        if (key === 'properties' && !path.includes('additionalProperties'))
          for (const [name, property] of Object.entries(child as Record<string, { description?: string }>))
            if (property.description === undefined) silent.push(`${path}.${name}`)
        visit(child, `${path}.${key}`)
      }
    }
    visit(jsonSchema(), '')
    expect(silent).toEqual([])
  })
})

describe('the reference page', () => {
  it('has a row or a heading for every section and marks what is not active yet', () => {
    const page = configurationReference()
    for (const key of Object.keys(jsonSchema()['properties'] as object)) expect(page).toContain(`### \`${key}\``)
    expect(page).toContain('| `receivers.otlp.max_in_flight` | size | `256MiB` |')
    expect(page).toContain('| `slos[].upper_bound` | number |')
    expect(page).toContain('| `cohorts.units.key` | text | `""` |')
    expect(page).toMatch(/`alerts\.webhooks` .*\(not active yet\)/)
  })
})
