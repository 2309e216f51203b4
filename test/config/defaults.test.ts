import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../src/config/load.ts'
import { renderProblems } from '../../src/config/problem.ts'
import { loadText, settingsOf, spanSlisOf } from './load-text.ts'

function missing(): never {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

function forbidden(): never {
  throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
}

function hash(text: string): string {
  return settingsOf(text).configHash
}

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

describe('the configuration', () => {
  it('without a file is the built-in defaults', () => {
    const { file, settings, notes } = loadSettings({ env: {}, cwd: '/nowhere', readFile: missing })
    expect(file).toBeNull()
    expect(notes).toEqual([])
    expect(settings).toMatchObject({
      receivers: {
        grpc: { host: '127.0.0.1', port: 4317 },
        http: { host: '127.0.0.1', port: 4318 },
        maxRequestBytes: 64 * 1024 ** 2,
        maxInFlightBytes: 256 * 1024 ** 2,
        corsOrigins: [],
      },
      api: { host: '127.0.0.1', port: 9464 },
      store: { type: 'sqlite', path: './data/cohortd.db' },
      exporters: { otlp: null },
      selfTelemetry: null,
      logLevel: 'info',
      shutdownTimeoutMs: 10_000,
      eventLogLimit: 10_000,
      inactive: [],
      engine: {
        segments: ['service.name'],
        controls: ['control', 'baseline'],
        inheritMs: 10_000,
        limits: {
          experiments: 500,
          variantsPerExperiment: 50,
          cohortsPerExperiment: 1000,
          idleExpiryMs: 86_400_000,
          pendingBytes: 64 * 1024 ** 2,
        },
        allowedLatenessMs: 60_000,
        allowedFutureMs: 60_000,
        retryWindowMs: 300_000,
        experiments: [],
      },
    })
    expect(spanSlisOf(settings!).map(({ name, goodBelow }) => [name, goodBelow])).toEqual([
      ['availability', null],
      ['latency', 0.3],
    ])
    expect(
      settings?.engine.slos.map(({ name, policy }) => [name, policy.name, policy.minEvents, policy.minBad]),
    ).toEqual([
      ['availability', 'experiment', 50, 3],
      ['fast', 'experiment', 50, 3],
    ])
  })

  it('of a checkout is the built-in defaults, spelled out', () => {
    expect(settingsOf(read('config/cohortd.yaml'))).toEqual(settingsOf(''))
  })

  it('of the container image differs in addresses and the place of its state', () => {
    const { settings, problems, notes } = loadText(read('config/container.yaml'))
    expect(renderProblems(problems)).toBe('')
    const usual = settingsOf('')
    const [grpc, http, api] = [4317, 4318, 9464].map((port) => ({ host: '0.0.0.0', port }))
    expect(settings).toEqual({
      ...usual,
      receivers: { ...usual.receivers, grpc, http },
      api,
      store: { type: 'sqlite', path: '/data/cohortd.db' },
    })
    expect(notes).toEqual([
      'OTLP/gRPC listens on 0.0.0.0, beyond this machine, without authentication',
      'OTLP/HTTP listens on 0.0.0.0, beyond this machine, without authentication',
      'the API listens on 0.0.0.0, beyond this machine, without authentication',
    ])
  })
})

describe('the file', () => {
  const files: Record<string, string> = {
    '/srv/config/cohortd.yaml': 'events: {keep: 1}',
    '/srv/named.yaml': 'events: {keep: 2}',
    '/etc/option.yaml': 'events: {keep: 3}',
  }
  const readFile = (path: string) => files[path] ?? missing()
  const env = { COHORTD_CONFIG: 'named.yaml' }

  it.each([
    ['is the one of --config first', { configPath: '/etc/option.yaml', env }, '/etc/option.yaml', 3],
    ['is the one of COHORTD_CONFIG next', { env }, 'named.yaml', 2],
    ['is ./config/cohortd.yaml next', { env: {} }, './config/cohortd.yaml', 1],
    ['is that one too where COHORTD_CONFIG is empty', { env: { COHORTD_CONFIG: '' } }, './config/cohortd.yaml', 1],
  ])('%s', (_sentence, options, file, keep) => {
    const loaded = loadSettings({ ...options, cwd: '/srv', readFile })
    expect([loaded.file, loaded.settings?.eventLogLimit]).toEqual([file, keep])
  })

  it.each([
    ['by --config', { configPath: 'gone.yaml', env: {} }],
    ['by COHORTD_CONFIG', { env: { COHORTD_CONFIG: 'gone.yaml' } }],
  ])('must exist where it is named %s', (_sentence, options) => {
    const { settings, problems } = loadSettings({ ...options, cwd: '/srv', readFile })
    expect(settings).toBeNull()
    expect(renderProblems(problems)).toBe('gone.yaml:1:1: (root): found no such file, expected a configuration\n')
  })

  it('that cannot be read is a problem even where nobody named it', () => {
    const { problems } = loadSettings({ env: {}, cwd: '/srv', readFile: forbidden })
    expect(renderProblems(problems)).toContain('permission denied')
  })
})

describe('a small configuration', () => {
  it('keeps the default SLOs that its own SLIs can carry, and says which it leaves out', () => {
    const { settings, notes } = loadText('slis: [{name: availability, bad_when: {span.status: ERROR}}]')
    expect(settings?.engine.slos.map(({ name }) => name)).toEqual(['availability'])
    expect(notes).toEqual(['the default SLO fast is left out: no SLI latency says what is good or bad'])
  })

  it('whose own latency has no bound loses only the SLO on it', () => {
    const text = 'slis: [{name: latency, value: duration, percentiles: [0.5]}, {name: availability, good: {ok: true}}]'
    expect(settingsOf(text).engine.slos.map(({ name }) => name)).toEqual(['availability'])
  })

  it.each([
    ['counts events of a metric', 'metric: a, bad_when: {b: c}', ['availability']],
    ['is a ratio that may be one of good ones', 'numerator: {metric: a}, denominator: {metric: b}', ['availability']],
    ['is an amount', 'numerator: {metric: a}, denominator: {metric: b}, numerator_is: amount', []],
  ])('keeps a default SLO or not where its SLI %s', (_sentence, keys, kept) => {
    const { engine } = settingsOf(`slis: [{name: availability, from: metrics, ${keys}}]`)
    expect(engine.slos.map(({ name }) => name)).toEqual(kept)
  })

  it('with SLOs alone keeps the default SLIs', () => {
    const { engine } = settingsOf('slos: [{name: tight, sli: availability, objective: 0.9999}]')
    expect(engine.slis.map(({ name }) => name)).toEqual(['availability', 'latency'])
    expect(engine.slos).toMatchObject([{ name: 'tight', windowSeconds: 2_592_000, policy: { name: 'experiment' } }])
  })

  it('may have no SLO and no SLI at all', () => {
    expect(settingsOf('slos: []').engine.slos).toEqual([])
    expect(loadText('slis: []').notes[0]).toBe('no SLI is active: exposures are seen, but nothing is counted')
  })

  it('that names one protocol keeps the other, and turns one off with an empty value', () => {
    const only = settingsOf('receivers: {otlp: {protocols: {grpc: {endpoint: "[::]:1"}}}}').receivers
    expect([only.grpc, only.http]).toEqual([
      { host: '::', port: 1 },
      { host: '127.0.0.1', port: 4318 },
    ])
    expect(settingsOf('receivers: {otlp: {protocols: {grpc: }}}').receivers).toMatchObject({ grpc: null })
  })

  it('reads sizes in bytes and binary units', () => {
    const text = 'receivers: {otlp: {max_request_size: 1000000, max_in_flight: 1.5GiB}}'
    expect(settingsOf(text).receivers).toMatchObject({ maxRequestBytes: 1_000_000, maxInFlightBytes: 1.5 * 1024 ** 3 })
  })

  it('that asks of spans what only other records have is told so', () => {
    const { notes } = loadText('slos: []\nslis: [{name: a, good: {severity: ERROR}, where: {event.name: x}}]')
    expect(notes).toEqual([
      'SLI a asks for event.name, which spans do not have',
      'SLI a asks for severity, which spans do not have',
    ])
  })

  it.each([
    [
      'points',
      'from: metrics, metric: m, where: {span.kind: SERVER, severity: ERROR}',
      ['span.kind', 'severity'],
      'data points',
    ],
    [
      'points of a ratio',
      'from: metrics, numerator: {metric: m}, denominator: {metric: n, where: {event.name: b}}',
      ['event.name'],
      'data points',
    ],
    ['events', 'from: events, ignore_when: {span.status: OK}', ['span.status'], 'events'],
    [
      'spans that events are compared with',
      'from: events, good: {event.name: a}, valid: {from: spans, where: {event.name: b, span.root: true}}',
      ['event.name'],
      'spans',
    ],
    [
      'events that events are compared with',
      'from: events, good: {event.name: a}, valid: {span.root: true}',
      ['span.root'],
      'events',
    ],
  ])('that asks of %s what they do not have is told so', (_sentence, keys, fields, records) => {
    const { notes } = loadText(`slos: []\nslis: [{name: a, ${keys}}]`)
    expect(notes).toEqual(fields.map((field) => `SLI a asks for ${field}, which ${records} do not have`))
  })

  it('turns things off with 0', () => {
    const text = 'receivers: {otlp: {retry_window: 0}}\ncohorts: {inherit_from_trace: 0s, segments: [], control: []}'
    expect(settingsOf(text).engine).toMatchObject({ retryWindowMs: 0, inheritMs: 0, segments: [], controls: [] })
  })

  it('may give its own policy', () => {
    const text =
      'policies: [{name: own, rules: [{severity: page, factor: 3, long: 2h, short: 10m, gate: rollback}], min_bad: 5}]\n' +
      'slos: [{name: x, sli: latency, objective: 0.9, window: 7d, policy: own}]'
    expect(settingsOf(text).engine.slos).toEqual([
      {
        name: 'x',
        sli: 'latency',
        objective: 0.9,
        upperBound: null,
        windowSeconds: 604_800,
        policy: {
          name: 'own',
          rules: [{ severity: 'page', factor: 3, longSeconds: 7200, shortSeconds: 600, gate: 'rollback' }],
          minEvents: 50,
          minBad: 5,
        },
      },
    ])
  })

  it('reaches the highest factor exactly', () => {
    const text =
      'policies: [{name: p, rules: [{severity: page, factor: 10, long: 1h, short: 5m}]}]\nslos: [{name: x, sli: latency, objective: 0.9, policy: p}]'
    expect(settingsOf(text).engine.slos[0].policy.rules[0].factor).toBe(10)
  })
})

describe('the hash of a configuration', () => {
  it('tells what is counted, not where it listens or how it was written', () => {
    expect(hash('')).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(hash('api: {endpoint: 127.0.0.1:0}')).toBe(hash(''))
    expect(hash('cohorts: {allowed_lateness: 1m}')).toBe(hash(''))
    expect(hash('cohorts: {allowed_lateness: 61s}')).not.toBe(hash(''))
    const pattern = (text: string) => hash(`slis: [{name: a, bad_when: {x: ${text}}}]`)
    expect(pattern('/a/')).not.toBe(pattern('/b/'))
  })
})
