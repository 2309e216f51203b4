import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../src/config/problem.ts'
import { loadText, settingsOf } from './load-text.ts'

const PLAIN_REDIS = { username: null, password: null, tls: null, keyPrefix: 'cohortd', replicaName: null }
const EXAMPLE = readFileSync(new URL('fixtures/surface-example.yaml', import.meta.url), 'utf8')

describe('the example with every section', () => {
  it('loads without a problem and says what is not active yet', () => {
    const { problems, notes, settings } = loadText(EXAMPLE)
    expect(renderProblems(problems)).toBe('')
    expect(notes).toEqual([])
    expect(settings?.inactive).toEqual([
      'experiments[].allocation: sample ratios are shown, not tested yet (checkout-redesign)',
      'experiments[].guardrails is not active yet: variants are not compared with the control (checkout-redesign)',
      'experiments[].success is not active yet: it is not judged (checkout-redesign)',
      'experiments[].min_duration is not active yet: no variant is promoted (checkout-redesign)',
      'experiments[].alpha is not active yet: variants are not compared with the control (checkout-redesign)',
      'exporters.forward is not active yet: received telemetry is not sent on',
      'alerts.webhooks is not active yet: no webhook is called',
      'alerts.alertmanagers is not active yet: no Alertmanager is told',
    ])
  })

  it('is the defaults where it says the same', () => {
    const { engine, ...rest } = settingsOf(EXAMPLE)
    const usual = settingsOf('')
    expect(engine.slis.map(({ name, from }) => `${name} from ${from}`)).toEqual([
      'availability from spans',
      'latency from spans',
      'request_latency from metrics',
      'cpu from metrics',
      'cost_per_request from ratio',
      'conversion from events',
    ])
    expect({ ...engine, slis: engine.slis.slice(0, 2) }).toEqual({
      ...usual.engine,
      experiments: [
        {
          id: 'checkout-redesign',
          hypothesis: 'one page instead of three raises conversion without slowing checkout',
          owner: 'payments',
          runbookUrl: 'https://runbooks.example.com/checkout-redesign',
          control: 'control',
          allocation: { control: 0.5, treatment: 0.5 },
        },
      ],
    })
    expect(rest.exporters).toEqual({ otlp: { endpoint: 'http://127.0.0.1:14317', intervalMs: 10_000 } })
    expect([rest.receivers, rest.api, rest.store]).toEqual([usual.receivers, usual.api, usual.store])
  })

  it.each([
    [
      'Redis alone',
      'store: {type: redis, url: "redis://127.0.0.1:6379/0", username: a, password: b, tls: {ca_file: ca, cert_file: c, key_file: k, server_name: s, insecure_skip_verify: true}, key_prefix: p, replica_id: r}',
      {
        servers: { kind: 'standalone', url: 'redis://127.0.0.1:6379/0' },
        username: 'a',
        password: 'b',
        tls: { caFile: 'ca', certFile: 'c', keyFile: 'k', serverName: 's', insecureSkipVerify: true },
        keyPrefix: 'p',
        replicaName: 'r',
      },
    ],
    [
      'a Redis Cluster',
      'store: {type: redis, cluster: ["redis://h:1", "rediss://h:2/0"]}',
      { ...PLAIN_REDIS, servers: { kind: 'cluster', urls: ['redis://h:1', 'rediss://h:2/0'] } },
    ],
    [
      'Redis Sentinels',
      'store: {type: redis, sentinels: ["redis://h:1"], master: m, path: ./data/cohortd.db}',
      { ...PLAIN_REDIS, servers: { kind: 'sentinel', urls: ['redis://h:1'], master: 'm' } },
    ],
    [
      'Redis over TLS of the usual kind',
      'store: {type: redis, url: "redis://h:1", tls: {}}',
      {
        ...PLAIN_REDIS,
        servers: { kind: 'standalone', url: 'redis://h:1' },
        tls: { caFile: null, certFile: null, keyFile: null, serverName: null, insecureSkipVerify: false },
      },
    ],
  ])('may ask for %s', (_sentence, text, redis) => {
    const { store, inactive } = settingsOf(text)
    expect(store).toEqual({ type: 'redis', redis })
    expect(inactive).toEqual([])
  })

  it('takes a password that is empty for none', () => {
    const text = 'store: {type: redis, url: "redis://h:1", password: "${env:REDIS_PASSWORD:-}"}'
    expect(settingsOf(text).store).toMatchObject({ redis: { password: null } })
    expect(settingsOf(text, { env: { REDIS_PASSWORD: '007' } }).store).toMatchObject({ redis: { password: '007' } })
  })

  it.each([
    ['acknowledges from memory', '', 'memory'],
    ['acknowledges once SQLite holds it', 'ack: durable', 'durable'],
    ['acknowledges once Redis holds it', 'ack: durable\nstore: {type: redis, url: "redis://h:1"}', 'durable'],
  ])('%s', (_sentence, text, ack) => {
    expect(settingsOf(text)).toMatchObject({ ack, inactive: [] })
  })

  it.each([
    [
      'a Redis that is not used',
      'store: {url: "redis://h:1"}',
      'store.url has no effect: store.type is sqlite, not redis',
    ],
    [
      'Sentinels that are not used',
      'store: {type: memory, sentinels: ["redis://h:1"]}',
      'store.sentinels has no effect: store.type is memory, not redis',
    ],
    [
      'a Redis on another machine without TLS',
      'store: {type: redis, cluster: ["redis://u:secret@r1:1", "redis://[::1]:2", "rediss://r2:3"]}',
      'the connection to Redis at r1:1 is not encrypted',
    ],
    [
      'certificates that nobody checks',
      'store: {type: redis, url: "redis://r1:1", tls: {insecure_skip_verify: true}}',
      'any certificate of Redis is accepted (store.tls.insecure_skip_verify)',
    ],
  ])('is told of %s', (_sentence, text, note) => {
    expect(loadText(text).notes).toEqual([note])
  })

  it.each([
    'store: {type: redis, url: "redis://127.0.0.1:1"}',
    'store: {type: redis, url: "rediss://r1:1"}',
    'store: {type: redis, url: "redis://r1:1", tls: {}}',
  ])('needs no word about %s', (text) => {
    expect(loadText(text).notes).toEqual([])
  })

  it.each([
    ['api: {tls: {cert_file: c, key_file: k}}', 'api.tls is not active yet: connections are not encrypted'],
    [
      'receivers: {otlp: {protocols: {grpc: {tls: {cert_file: c, key_file: k, client_ca_file: a}}}}}',
      'receivers.otlp.protocols.grpc.tls is not active yet: connections are not encrypted',
    ],
  ])('%s is accepted and told', (text, sentence) => {
    expect(settingsOf(text).inactive).toEqual([sentence])
  })

  it('takes telemetry of its own and browsers', () => {
    const text =
      'telemetry: {log_level: debug, otlp: {endpoint: 127.0.0.1:4327}}\n' +
      'receivers: {otlp: {protocols: {http: {cors: {allowed_origins: ["https://*.example.com"]}}}}}'
    const settings = settingsOf(text)
    expect(settings.logLevel).toBe('debug')
    expect(settings.selfTelemetry).toEqual({ endpoint: 'http://127.0.0.1:4327', intervalMs: 60_000 })
    expect(settings.receivers.corsOrigins).toEqual(['https://*.example.com'])
  })
})
