import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { configurationReference } from '../../src/config/reference.ts'

/** Validates as editors do; Fastify's validator is Ajv, which refuses a schema that is not one. */
async function accepts(value: unknown): Promise<boolean> {
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
  const { $schema: _draft, ...body } = jsonSchema()
  app.post('/', { schema: { body } }, () => 'ok')
  const { statusCode } = await app.inject({
    method: 'POST',
    url: '/',
    payload: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  })
  await app.close()
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
  ])('accepts %s', async (_sentence, path) => {
    expect(await accepts(file(path))).toBe(true)
  })

  it.each([
    ['an unknown key', { recievers: {} }],
    ['an objective of 99.9', { slos: [{ name: 'x', sli: 'latency', objective: 99.9 }] }],
    ['a missing key', { slos: [{ name: 'x', sli: 'latency' }] }],
    ['a duration without a unit', { shutdown_timeout: 10 }],
    ['an SLI from somewhere else', { slis: [{ name: 'a', from: 'span' }] }],
  ])('refuses %s', async (_sentence, value) => {
    expect(await accepts(value)).toBe(false)
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
    expect(page).toMatch(/`alerts\.webhooks` .*\(not active yet\)/)
  })
})
