import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventLog } from '../../src/publish/event-log.ts'
import { testApp } from './app.ts'
import { events, experimentReport, pieces, stubSource } from './source.ts'

const VERDICT = '/api/v1/experiments/checkout/variants/treatment/verdict'

describe('the API', () => {
  it('lists experiments and gives the full report of one', async () => {
    const { app } = await testApp()
    const list = (await app.inject('/api/v1/experiments')).json()
    expect(list.evaluated_at).toBe('2026-01-01T00:00:00.000Z')
    expect(list.experiments.map((one: { id: string }) => one.id)).toEqual(['checkout'])
    const report = (await app.inject('/api/v1/experiments/checkout')).json()
    expect(report).toEqual({
      evaluated_at: '2026-01-01T00:00:00.000Z',
      config_hash: 'sha256:abc',
      items: stubSource().items(),
      ...experimentReport('checkout'),
    })
  })

  it('answers a verdict for known and unknown names, always 200', async () => {
    const { app } = await testApp()
    const known = await app.inject(VERDICT)
    expect(known.statusCode).toBe(200)
    expect(known.json()).toMatchObject({
      verdict: 'hold',
      sufficient: true,
      events: 60,
      events_required: 50,
      data_age_seconds: 0.5,
    })
    const variant = (await app.inject(VERDICT.replace('treatment', 'other'))).json()
    expect(variant).toMatchObject({
      verdict: 'hold',
      sufficient: false,
      reasons: [{ code: 'unknown_variant' }],
      evidence: null,
    })
    const unknown = await app.inject(VERDICT.replace('checkout', 'other'))
    expect(unknown.statusCode).toBe(200)
    expect(unknown.json().reasons[0].code).toBe('unknown_experiment')
  })

  it('answers before the first evaluation, with null for what is not known yet', async () => {
    const { app } = await testApp(stubSource({ tick: () => null, reports: [] }))
    expect((await app.inject(VERDICT)).json()).toMatchObject({ evaluated_at: null, data_age_seconds: null })
    expect((await app.inject('/api/v1/experiments')).json()).toEqual({ evaluated_at: null, experiments: [] })
  })

  it('finds experiments of any name', async () => {
    const id = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      fc.constantFrom(
        'a/b',
        'a%2Fb',
        'a%252Fb',
        '%',
        'a b',
        'a+b',
        '?#;:@&=,$',
        '../..',
        'a//b',
        'ü',
        '*',
        ':id',
        '{id}',
      ),
      fc.constant('x'.repeat(8000)),
    )
    await fc.assert(
      fc.asyncProperty(id, async (name) => {
        fc.pre(name.isWellFormed() && name !== '.' && name !== '..')
        const { app } = await testApp(stubSource({ reports: [experimentReport(name)] }))
        const answer = await app.inject(`/api/v1/experiments/${encodeURIComponent(name)}`)
        expect(answer.statusCode, answer.body).toBe(200)
        expect(answer.json().id).toBe(name)
        await app.close()
      }),
      { numRuns: 60 },
    )
  })

  it('gives numbers that are not finite as null', async () => {
    const report = {
      ...experimentReport('checkout'),
      comparisons: [{ ratio: Number.NaN, upper: Number.POSITIVE_INFINITY }],
    }
    const { app } = await testApp(stubSource({ reports: [report] }))
    expect((await app.inject('/api/v1/experiments/checkout')).json().comparisons).toEqual([
      { ratio: null, upper: null },
    ])
  })

  it('lists the alerts that fire', async () => {
    const { app } = await testApp()
    expect((await app.inject('/api/v1/alerts')).json().alerts).toMatchObject([
      { slo: 'availability', severity: 'page' },
    ])
  })

  it('pages through the event log without a gap', async () => {
    const log = new EventLog({ limit: 100 })
    log.append(events(1, 7))
    const { app } = await testApp(stubSource({ eventLog: log }))
    const seen: string[] = []
    let next = ''
    for (let more = true; more; ) {
      const page = (await app.inject(`/api/v1/events?limit=3${next}`)).json()
      seen.push(...page.events.map((event: { id: string }) => event.id))
      expect(page.gap).toBe(false)
      next = `&after=${page.next}`
      more = page.more
    }
    expect(seen).toEqual(events(1, 7).map((event) => event.id))
    const empty = (await app.inject(`/api/v1/events?limit=3${next}`)).json()
    expect(empty).toEqual({ events: [], next: '7-0', more: false, gap: false })
  })

  it('says that events may be missing before the page where the log no longer reaches back', async () => {
    const log = new EventLog({ limit: 3 })
    log.append(events(1, 9))
    const { app } = await testApp(stubSource({ eventLog: log }))
    expect((await app.inject('/api/v1/events?after=2-0')).json()).toMatchObject({ gap: true, next: '9-0' })
    expect((await app.inject('/api/v1/events?after=6-0')).json()).toMatchObject({ gap: false, next: '9-0' })
  })

  it('has a page of an empty log', async () => {
    const { app } = await testApp()
    expect((await app.inject('/api/v1/events')).json()).toEqual({ events: [], next: null, more: false, gap: false })
  })

  it.each([
    ['after=yesterday', 'after'],
    ['after=', 'after'],
    ['after=1-0&after=2-0', 'after'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1&limit=2', 'limit'],
  ])('refuses the event page ?%s and names the parameter', async (query, parameter) => {
    const { app } = await testApp()
    const answer = await app.inject(`/api/v1/events?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(answer.json()).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400 })
    expect(answer.json().detail).toMatch(new RegExp(`^${parameter}:`))
  })

  it('is ready or not with reasons, and healthy or not with reasons', async () => {
    const { app } = await testApp()
    expect((await app.inject('/readyz')).json()).toEqual({
      ready: true,
      not_ready: [],
      reports: 'loaded',
      degraded: [],
    })
    expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok', problems: [], version: '0.1.0' })
    const { app: bad } = await testApp(
      stubSource({
        notReady: () => ['reports: loading'],
        isLoaded: () => false,
        degraded: () => ['the store is slow'],
        unhealthy: () => ['no tick for 31 s'],
      }),
    )
    const ready = await bad.inject('/readyz')
    expect([ready.statusCode, ready.json()]).toEqual([
      503,
      { ready: false, not_ready: ['reports: loading'], reports: 'loading', degraded: ['the store is slow'] },
    ])
    const health = await bad.inject('/healthz')
    expect([health.statusCode, health.json().problems]).toEqual([503, ['no tick for 31 s']])
  })

  it.each(['/api/v1/experiments', '/api/v1/experiments/checkout', '/api/v1/alerts'])(
    'gives no %s before what is stored is loaded, and says when to come again',
    async (path) => {
      const { app } = await testApp(stubSource({ isLoaded: () => false }))
      const answer = await app.inject(path)
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
      expect(answer.json().detail).toMatch(/loaded/)
    },
  )

  it('says with reports and alerts that the store is degraded', async () => {
    const { app } = await testApp(stubSource({ degraded: () => ['Redis is away'] }))
    const report = (await app.inject('/api/v1/experiments/checkout')).json()
    expect(report.warnings).toContainEqual({ code: 'degraded', message: 'Redis is away' })
    expect((await app.inject('/api/v1/alerts')).json().degraded).toEqual(['Redis is away'])
  })

  it('shows people a page that needs no script and allows none', async () => {
    const { app } = await testApp()
    const page = await app.inject('/')
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.body).not.toMatch(/<script|<style|style=|onclick/)
    for (const [, path] of page.body.matchAll(/href="([^"]+)"/g))
      if (path !== '/api/v1/events/stream') expect((await app.inject(path)).statusCode, path).toBe(200)
  })
})

describe('metrics over HTTP', () => {
  it('pass the Accept header on and answer in the content type they are told', async () => {
    const asked: (string | undefined)[] = []
    const source = stubSource({
      metrics(accept) {
        asked.push(accept)
        return {
          contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
          chunks: pieces(['# EOF\n']),
        }
      },
    })
    const { app } = await testApp(source)
    const answer = await app.inject({ url: '/metrics', headers: { accept: 'application/openmetrics-text' } })
    expect(answer.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(answer.headers.vary).toBe('Accept, Accept-Encoding')
    expect(answer.body).toBe('# EOF\n')
    expect(asked).toEqual(['application/openmetrics-text'])
  })

  it.each([
    ['gzip', true],
    ['gzip, deflate, br', true],
    ['GZIP;q=0.5', true],
    ['*', true],
    ['gzip;q=0', false],
    ['gzip;q=0.0, *', false],
    ['br', false],
    ['', false],
  ])('are gzipped or not for Accept-Encoding "%s"', async (encoding, zipped) => {
    const { app } = await testApp()
    const answer = await app.inject({ url: '/metrics', headers: { 'accept-encoding': encoding } })
    expect(answer.headers['content-encoding']).toBe(zipped ? 'gzip' : undefined)
    const bytes = answer.rawPayload
    expect((zipped ? gunzipSync(bytes) : bytes).toString()).toBe('a 1\nb 2\n')
  })

  it('are not written for HEAD', async () => {
    const source = stubSource({
      metrics: () => ({
        contentType: 'text/plain',
        // oxlint-disable-next-line require-yield
        chunks: (async function* (): AsyncGenerator<Uint8Array> {
          expect.unreachable('nobody reads the body of a HEAD answer')
        })(),
      }),
    })
    const { app, observer } = await testApp(source)
    const answer = await app.inject({ method: 'HEAD', url: '/metrics' })
    expect([answer.statusCode, answer.body]).toEqual([200, ''])
    expect(observer.failures).toEqual([])
  })
})

describe('manners', () => {
  it('let no answer be cached or guessed at', async () => {
    const { app } = await testApp()
    for (const url of [
      '/',
      '/api/v1/experiments',
      '/metrics',
      '/nowhere',
      '/api/v1/silences',
      '/api/v1/events?limit=0',
      '/%zz',
    ]) {
      const { headers } = await app.inject(url)
      expect([url, headers['x-content-type-options'], headers['cache-control']]).toEqual([url, 'nosniff', 'no-store'])
    }
  })

  it('answer unknown paths and ids with 404 as problem details', async () => {
    const { app } = await testApp()
    for (const url of ['/nowhere', '/api/v1', '/api/v1/experiments/other', '/api/v1/experiments/', '//']) {
      const answer = await app.inject(url)
      expect([url, answer.statusCode, answer.json().status]).toEqual([url, 404, 404])
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    }
  })

  it('answer other methods with 405 and name those there are, without reading a body', async () => {
    const { app } = await testApp()
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/alerts',
      headers: { 'content-type': 'application/x-protobuf' },
      payload: Buffer.alloc(1_000_000),
    })
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET, HEAD'])
    expect((await app.inject({ method: 'PUT', url: '/api/v1/query' })).headers.allow).toBe('GET, HEAD, POST')
    expect((await app.inject({ method: 'OPTIONS', url: '/metrics' })).statusCode).toBe(405)
  })

  it('answer HEAD like GET without a body', async () => {
    const { app } = await testApp()
    const answer = await app.inject({ method: 'HEAD', url: '/api/v1/experiments' })
    expect([answer.statusCode, answer.body]).toEqual([200, ''])
    expect((await app.inject({ method: 'HEAD', url: '/api/v1/experiments/other' })).statusCode).toBe(404)
  })

  it.each(['/v1/traces', '/v1/metrics', '/v1/logs'])('tell who sends OTLP to %s of the right port', async (url) => {
    const { app } = await testApp()
    const headers = { 'content-type': 'application/x-protobuf' }
    const answer = await app.inject({ method: 'POST', url, headers, payload: Buffer.from('x') })
    expect(answer.statusCode).toBe(404)
    expect(answer.json().detail).toContain('4318')
  })

  it('refuse a path that cannot be decoded, and an id longer than the head of a request may be', async () => {
    const { app } = await testApp()
    expect((await app.inject('/api/v1/experiments/%zz')).statusCode).toBe(400)
    const long = await app.inject(`/api/v1/experiments/${'x'.repeat(40_000)}`)
    expect([long.statusCode, long.json().title]).toEqual([414, 'URI Too Long'])
  })

  it('tell a client no more of a failure inside than that it happened', async () => {
    const source = stubSource({
      alerts: () => {
        throw new Error('secret detail')
      },
    })
    const { app, observer } = await testApp(source)
    const answer = await app.inject('/api/v1/alerts')
    expect([answer.statusCode, answer.json().detail]).toEqual([500, 'The request failed inside the daemon.'])
    expect(observer.failures).toEqual(['/api/v1/alerts: Error: secret detail'])
  })
})
