import { describe, expect, it } from 'vitest'
import { openApiDocument } from '../../src/api/openapi.ts'
import { ACTIVE_OPERATIONS, LATER_OPERATIONS, OPERATIONS } from '../../src/api/operations.ts'
import { SCHEMAS } from '../../src/api/schemas.ts'
import { EventLog } from '../../src/publish/event-log.ts'
import { testApp } from './app.ts'
import { schemaProblems } from './schema-check.ts'
import { events, stubSource } from './source.ts'

const EXAMPLE: Readonly<Record<string, string>> = { id: 'checkout', variant: 'treatment' }
const filled = (path: string): string => path.replace(/\{(\w+)\}/g, (_, name: string) => EXAMPLE[name])

describe('the OpenAPI document', () => {
  it('is served, names its version, and describes every operation under an id of its own', async () => {
    const { app } = await testApp()
    const document = (await app.inject('/api/v1/openapi.json')).json()
    expect(document).toEqual(structuredClone(openApiDocument('0.1.0')))
    const ids = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>)
      .flatMap((path) => Object.values(path))
      .map((operation) => operation.operationId)
    expect(new Set(ids).size).toBe(OPERATIONS.length)
  })

  it('declares exactly the parameters that its paths have', () => {
    for (const { path, parameters, id } of OPERATIONS) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect([id, parameters.filter((one) => one.in === 'path').map((one) => one.name)]).toEqual([id, inPath])
    }
  })

  it('refers to schemas that there are, and has none that nobody refers to', () => {
    const text = JSON.stringify(openApiDocument('0.1.0'))
    const referred = new Set([...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name))
    expect([...referred].sort()).toEqual(Object.keys(SCHEMAS).sort())
  })

  it('agrees with the server on what there is: each operation has its route, all other methods are refused', async () => {
    const { app } = await testApp()
    for (const path of new Set(OPERATIONS.map((operation) => operation.path))) {
      const methods = OPERATIONS.filter((operation) => operation.path === path).map(
        (operation) => operation.method as string,
      )
      const url = path.replace(/\{(\w+)\}/g, ':$1')
      for (const method of methods) expect(app.hasRoute({ method, url }), `${method} ${path}`).toBe(true)
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const)
        if (!methods.some((one) => one === method))
          expect((await app.inject({ method, url: filled(path) })).statusCode).toBe(405)
    }
  })

  it.each(LATER_OPERATIONS.map((operation) => [operation.method, operation.path] as const))(
    'says of %s %s that it is not active yet, as the server does',
    async (method, path) => {
      const { app } = await testApp()
      const answer = await app.inject({ method, url: filled(path), ...(method === 'POST' ? { payload: 'a=1' } : {}) })
      expect(answer.statusCode).toBe(501)
      expect(answer.json().detail).toContain('not active yet')
      const described = openApiDocument('0.1.0').paths[path][method.toLowerCase()]
      expect(described).toMatchObject({ 'x-status': 'not-active-yet', responses: { 501: {} } })
    },
  )

  it.each(
    ACTIVE_OPERATIONS.filter((operation) => operation.answers[0].schema !== null).map(
      (operation) => [operation.path, operation] as const,
    ),
  )('describes what GET %s answers', async (path, operation) => {
    const eventLog = new EventLog({ limit: 10 })
    eventLog.append(events(1, 2).map(({ id }) => ({ id, json: fullEvent(id) })))
    const { app } = await testApp(stubSource({ eventLog }))
    const answer = await app.inject(filled(path))
    const described = operation.answers.find((one) => one.status === answer.statusCode)
    expect(described?.contentType).toBe(String(answer.headers['content-type']).split(';')[0])
    expect(schemaProblems({ $ref: `#/components/schemas/${described?.schema}` }, answer.json())).toEqual([])
  })

  it('describes refusals', async () => {
    const { app } = await testApp(stubSource({ notReady: () => ['x'], unhealthy: () => ['x'] }))
    for (const url of ['/nowhere', '/api/v1/events?limit=0', '/api/v1/silences'])
      expect(schemaProblems({ $ref: '#/components/schemas/Problem' }, (await app.inject(url)).json())).toEqual([])
    expect(schemaProblems({ $ref: '#/components/schemas/Readiness' }, (await app.inject('/readyz')).json())).toEqual([])
    expect(schemaProblems({ $ref: '#/components/schemas/Health' }, (await app.inject('/healthz')).json())).toEqual([])
  })
})

function fullEvent(id: string): string {
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: '/cohortd',
    type: 'cohortd.burn.firing',
    subject: 'checkout/treatment',
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    data: {},
  })
}
