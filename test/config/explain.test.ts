import { describe, expect, it } from 'vitest'
import { outageSeconds, renderUnderstanding, smallestAlert } from '../../src/config/explain.ts'
import { BUILT_IN_POLICIES } from '../../src/config/policies.ts'
import { loadText } from './load-text.ts'

describe('what check understood', () => {
  it('is told in sentences', () => {
    const text = [
      'receivers: {otlp: {protocols: {grpc: , http: {endpoint: "[::1]:0", cors: {allowed_origins: ["*"]}}}, retry_window: 0s}}',
      'store: {type: memory}',
      'cohorts: {segments: [], tags: [{prefix: variant_of.}]}',
      'alerts: {webhooks: [{url: "http://h/"}]}',
      'slis:',
      '  - {name: size, where: [{span.kind: SERVER, http.route: "/^.api/"}, {resource.x: {present: true}}], value: attribute:bytes, good_below: 1000, bad_when: {span.status: "!=OK"}, good: {n: "<5"}, percentiles: [0.5, 0.999]}',
      'slos: [{name: small, sli: size, objective: 0.95, window: 7d, policy: experiment}]',
      'experiments: [{id: b}, {id: a, control: off}]',
      'exporters: {otlp: {endpoint: "http://h:4317"}}',
    ].join('\n')
    const page = renderUnderstanding(loadText(text))
    expect(page.replace(/sha256:[0-9a-f]{64}/, 'sha256:...')).toBe(`Configuration
  from  cohortd.yaml
  hash  sha256:...

Listens on
  OTLP/gRPC  off
  OTLP/HTTP  [::1]:any free port, browsers from *
  API        127.0.0.1:9464
  limits     64MiB a request, 256MiB at once

Keeps
  state             in memory, lost at the end of the process
  acknowledges      once it has counted in memory
  events            the latest 10000
  retried requests  counted twice

Cohorts
  experiment              NAME where there is variant_of.NAME, the variant is its value
  split by                nothing else
  control                 control, else baseline (unless the experiment says)
  untagged items inherit  from a tagged item of their trace, for 10s
  units                   by feature_flag.context.id, hashed; of each experiment up to 65536, else a sample
  taken                   what ended at most 1m ago and at most 1m ahead
  at most                 500 experiments, of each 50 variants and 1000 cohorts, idle for 1d

SLIs
  size              spans where span.kind is SERVER and http.route matches /^.api/, or resource.x is present with bytes; bad when span.status is not OK, or not (n < 5), or the value is 1000 or more; p50, p99.9
  flag_evaluations  events where event.name is feature_flag.evaluation or feature_flag; bad when error.type is present

SLO small: 95 % of size good over 7d, policy experiment
  ticket  at 1.5x in 1h and 5m: after 4.5 min of full outage, not before 50 events with 4 bad
  page    at 2x in 1h and 5m: after 6 min of full outage, not before 50 events with 5 bad; speaks for rollback

Experiments
  a       control off
  b       declared
  others  discovered from traffic

Sends
  results as OTLP metrics  to http://h:4317 every 10s

Not active yet
  alerts.webhooks is not active yet: no webhook is called
`)
  })

  it.each([
    [
      'a Redis with everything',
      'url: "rediss://joe:hunter2@r.example:6379/1?password=hunter2", username: ops, password: hunter2, tls: {ca_file: ca.pem, cert_file: c.pem, key_file: k.pem, server_name: redis}, key_prefix: shop, replica_id: west-1',
      `Keeps
  state             in Redis at rediss://joe:***@r.example:6379/1?password=*** as ops with a password, under keys that begin with shop
  TLS to Redis      certificates for redis are checked against ca.pem; its own is c.pem
  this replica      west-1
  acknowledges      once the state above holds what it counted
  events            the latest 10000
  retried requests  recognised for 5m`,
    ],
    [
      'a Redis Cluster',
      'cluster: ["redis://:hunter2@127.0.0.1:1", "redis://127.0.0.1:2"], password: hunter2, tls: {insecure_skip_verify: true}',
      `Keeps
  state             in the Redis Cluster with redis://:***@127.0.0.1:1, redis://127.0.0.1:2 with a password, under keys that begin with cohortd
  TLS to Redis      any certificate is accepted
  acknowledges      once the state above holds what it counted`,
    ],
    [
      'Redis behind Sentinels',
      'sentinels: ["redis://127.0.0.1:1"], master: m, tls: {}',
      `Keeps
  state             in Redis, the master m of the Sentinels at redis://127.0.0.1:1, under keys that begin with cohortd
  TLS to Redis      certificates are checked against the authorities of the system
  acknowledges      once the state above holds what it counted`,
    ],
  ])('tells where %s is, and no password', (_sentence, keys, told) => {
    const page = renderUnderstanding(loadText(`store: {type: redis, ${keys}}\nack: durable`))
    expect(page).toContain(told)
    expect(page).not.toContain('hunter2')
  })

  it('is empty where there are problems', () => {
    expect(renderUnderstanding(loadText('ack: x'))).toBe('')
  })

  it('tells how long a full outage takes to fire: the figures of the Workbook at 99.9 %', () => {
    const rules = BUILT_IN_POLICIES.get('workbook')?.rules ?? []
    expect(rules.map((rule) => Math.round(outageSeconds(rule, 0.999)))).toEqual([52, 130, 259, 259])
  })

  it('tells the fewest bad events that reach the factor', () => {
    const [rule] = BUILT_IN_POLICIES.get('workbook')?.rules ?? []
    const policy = { name: 'p', rules: [rule], minEvents: 50, minBad: 3 }
    expect(smallestAlert(rule, { objective: 0.999, policy })).toEqual({ events: 50, bad: 3 })
    expect(smallestAlert(rule, { objective: 0.99, policy })).toEqual({ events: 50, bad: 8 })
  })
})
