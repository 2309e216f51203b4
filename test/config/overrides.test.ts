import { describe, expect, it } from 'vitest'
import { problemsOf, settingsOf, spanSlisOf } from './load-text.ts'

function withSet(...overrides: string[]) {
  return settingsOf('', { overrides })
}

describe('--set', () => {
  it('changes one key and leaves its neighbours', () => {
    const { receivers } = withSet('receivers.otlp.protocols.http.endpoint=127.0.0.1:0')
    expect(receivers.http).toEqual({ host: '127.0.0.1', port: 0 })
    expect(receivers.grpc).toEqual({ host: '127.0.0.1', port: 4317 })
  })

  it('wins over the file, the later over the earlier', () => {
    const overrides = ['store.type=sqlite', 'store.type=memory']
    expect(settingsOf('store: {type: sqlite, path: /x}', { overrides }).store).toEqual({ type: 'memory' })
  })

  it('takes an IPv6 address as it is', () => {
    expect(withSet('api.endpoint=[::1]:0').api).toEqual({ host: '::1', port: 0 })
  })

  it('takes maps and lists as YAML', () => {
    expect(withSet('cohorts.segments=[a, b.c]').engine.segments).toEqual(['a', 'b.c'])
    expect(withSet('exporters.otlp={endpoint: "http://h:1", interval: 5s}').exporters.otlp).toEqual({
      endpoint: 'http://h:1',
      intervalMs: 5000,
    })
  })

  it('changes one entry of a list of the file, by dots or brackets', () => {
    const text = 'slos: [{name: x, sli: latency, objective: 0.9}, {name: y, sli: latency, objective: 0.9}]'
    const { engine } = settingsOf(text, { overrides: ['slos.0.objective=0.8', 'slos[1].window=1h'] })
    expect(engine.slos.map(({ objective, windowSeconds }) => [objective, windowSeconds])).toEqual([
      [0.8, 2_592_000],
      [0.9, 3600],
    ])
  })

  it('changes one entry of a default list', () => {
    expect(withSet('slos.1.objective=0.95').engine.slos.map(({ objective }) => objective)).toEqual([0.999, 0.95])
  })

  it('appends to a list by its next index, and begins one', () => {
    expect(withSet('cohorts.segments.1=region').engine.segments).toEqual(['service.name', 'region'])
    expect(withSet('experiments.0.id=e').engine.experiments).toMatchObject([{ id: 'e' }])
  })

  it('reaches keys with dots in quotes', () => {
    const [sli] = spanSlisOf(withSet('slis.0.where."span.kind"=CLIENT'))
    expect(sli.where).toEqual([[{ field: 'span.kind', anyOf: [{ kind: 'equal', operand: 'CLIENT', negated: false }] }]])
  })

  it('without a value takes a key back to its default', () => {
    expect(settingsOf('ack: durable', { overrides: ['ack='] }).ack).toBe('memory')
    expect(withSet('receivers.otlp.protocols.grpc=').receivers.grpc).toBeNull()
  })

  it('does not touch what an alias shares', () => {
    const text = 'slos: [&x {name: x, sli: latency, objective: 0.9}, {<<: *x, name: y}]'
    const { engine } = settingsOf(text, { overrides: ['slos.0.objective=0.8'] })
    expect(engine.slos.map(({ objective }) => objective)).toEqual([0.8, 0.9])
  })

  it('substitutes references', () => {
    expect(settingsOf('', { overrides: ['store.path=${env:DIR}/c.db'], env: { DIR: '/d' } }).store).toEqual({
      type: 'sqlite',
      path: '/d/c.db',
    })
  })

  it.each([
    ['storetype', '--set storetype: (root): found "storetype", expected KEY=VALUE such as store.type=memory'],
    ['=x', '--set : (root): found "=x", expected KEY=VALUE such as store.type=memory'],
    ['store..type=x', '--set store..type: (root): found "store..type=x", expected KEY=VALUE such as store.type=memory'],
    [
      'stor.type=memory',
      '--set stor.type: stor: found an unknown key, expected one of receivers, api, store, ack, cohorts, slis, slos, policies, experiments, exporters, alerts, telemetry, events, shutdown_timeout (did you mean store?)',
    ],
    [
      'store.type=memry',
      '--set store.type: store.type: found "memry", expected one of memory, sqlite, redis (did you mean memory?)',
    ],
    ['slos.7.objective=0.9', '--set slos.7.objective: slos: found 7, expected an index from 0 to 2'],
    ['slos.first.objective=0.9', '--set slos.first.objective: slos: found first, expected an index from 0 to 2'],
    [
      'store.path=${env:NOPE}',
      '--set store.path: store.path: found ${env:NOPE}, expected the environment variable NOPE to be set, or a default as in ${env:NOPE:-value}',
    ],
  ])('%s is a problem', (override, expected) => {
    expect(problemsOf('', { overrides: [override] })).toEqual([expected])
  })
})
