import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { configurationReference } from '../../src/config/reference.ts'
import { configuration } from './arbitrary-configuration.ts'
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
    ['an SLI of every kind', '../../examples/slis/cohortd.yaml'],
    ['events compared with events', '../../examples/kubernetes-canary/cohortd.yaml'],
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
    const loaded = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(configuration, async (value) => {
        const { settings } = loadText(JSON.stringify(value))
        if (settings === null) return
        const kind = 'cohorts' in value ? 'cohorts' : settings.engine.slis[0].from
        loaded.set(kind, (loaded.get(kind) ?? 0) + 1)
        expect(await accepts(value)).toBe(true)
      }),
      { numRuns: 350, seed: 7 },
    )
    for (const kind of ['spans', 'events', 'metrics', 'ratio', 'ingest', 'cohorts'])
      expect([kind, loaded.get(kind) ?? 0]).toEqual([kind, expect.toSatisfy((count: number) => count >= 3)])
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
