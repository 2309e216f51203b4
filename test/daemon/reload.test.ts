// What takes effect of a configuration that was read again, what is told, and what the outcome is counted as.
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../src/config/fingerprint.ts'
import type { Problem } from '../../src/config/problem.ts'
import { differenceOf, Reloader } from '../../src/daemon/reload.ts'
import type { EngineSettings, ResourceVariantRule, Settings } from '../../src/model/settings.ts'
import { SelfMetrics } from '../../src/publish/self-metrics.ts'
import { engineSettings } from '../engine/settings.ts'

function rule(attribute: string, variants: readonly (readonly [string, string])[] = []): ResourceVariantRule {
  const where = [[{ field: 'resource.service.name', anyOf: [{ kind: 'pattern', pattern: /^shop-/ } as const] }]]
  return { experiment: 'canary', attribute, variant: null, variants: new Map(variants), others: 'itself', where }
}

/** Equal ones share no object. */
function settings(engine: Partial<EngineSettings> = {}, changed: Partial<Settings> = {}): Settings {
  return {
    engine: engineSettings({ resourceVariants: [rule('service.version')], ...engine }),
    receivers: {
      grpc: null,
      http: { host: '127.0.0.1', port: 4318 },
      maxRequestBytes: 1000,
      maxInFlightBytes: 1000,
      corsOrigins: [],
    },
    api: { host: '127.0.0.1', port: 9464 },
    store: { type: 'sqlite', path: 'a.db' },
    ack: 'memory',
    exporters: { otlp: null },
    selfTelemetry: null,
    logLevel: 'info',
    shutdownTimeoutMs: 1000,
    eventLogLimit: 10,
    inactive: [],
    configHash: 'sha256:begun',
    ...changed,
  }
}

function rig(running = settings()) {
  const lines: Record<string, unknown>[] = []
  const applied: (readonly ResourceVariantRule[])[] = []
  const metrics = new SelfMetrics()
  const log = pino(
    { level: 'info', base: null, timestamp: false },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  const engine = { refuses: false }
  const reloader = new Reloader({
    settings: running,
    log,
    metrics,
    appliers: {
      resourceVariants: (rules) => {
        if (engine.refuses) throw new Error('too many rules')
        applied.push(rules)
      },
    },
  })
  const take = (next: Settings): string => reloader.take({ settings: next, problems: [] })
  const counted = (): Record<string, number> => {
    const family = [...metrics.families()].find(({ name }) => name === 'cohortd_config_reloads_total')
    return Object.fromEntries((family?.samples ?? []).map(({ labels, value }) => [labels['outcome'], value]))
  }
  return { reloader, take, applied, lines, counted, engine }
}

describe('the difference of two settings', () => {
  test('is nothing for equal ones, patterns and maps included', () => {
    const [one, other] = [0, 1].map(() => settings({ resourceVariants: [rule('a', [['1', 'x']])] }))
    expect(differenceOf(one, other)).toEqual({ changeable: [], fixed: [] })
  })

  test.each([
    ['attribute', rule('b', [['1', 'x']])],
    ['name of a variant', rule('a', [['1', 'y']])],
    ['value of a variant', rule('a', [['2', 'x']])],
    [
      'condition',
      { ...rule('a', [['1', 'x']]), where: [[{ field: 'f', anyOf: [{ kind: 'pattern', pattern: /^x/ }] }]] },
    ],
    [
      'pattern alone',
      {
        ...rule('a', [['1', 'x']]),
        where: [[{ field: 'resource.service.name', anyOf: [{ kind: 'pattern', pattern: /^shop-/i }] }]],
      },
    ],
  ] as const)('tells of a rule another %s', (_, changed) => {
    const running = settings({ resourceVariants: [rule('a', [['1', 'x']])] })
    expect(differenceOf(running, settings({ resourceVariants: [changed] }))).toEqual({
      changeable: ['resourceVariants'],
      fixed: [],
    })
  })

  test('tells the order of rules, since the first that fits counts', () => {
    const rules = [rule('a'), rule('b')]
    const difference = differenceOf(
      settings({ resourceVariants: rules }),
      settings({ resourceVariants: rules.toReversed() }),
    )
    expect(difference.changeable).toEqual(['resourceVariants'])
  })

  test('names every other setting by its key, and none of it changes while the daemon runs', () => {
    const running = settings()
    const fixed = new Set<string>()
    const { inactive: _, configHash: __, engine, ...others } = running
    const elsewhere = { changed: true } as never
    for (const name of Object.keys(engine).filter((one) => one !== 'resourceVariants')) {
      const { changeable, fixed: keys } = differenceOf(running, {
        ...running,
        engine: { ...engine, [name]: elsewhere },
      })
      expect([name, changeable, keys.length]).toEqual([name, [], 1])
      fixed.add(keys[0])
    }
    for (const name of Object.keys(others)) {
      const { changeable, fixed: keys } = differenceOf(running, { ...running, [name]: elsewhere })
      expect([name, changeable, keys.length]).toEqual([name, [], 1])
      fixed.add(keys[0])
    }
    expect(fixed.size).toBe(Object.keys(engine).length - 1 + Object.keys(others).length)
  })

  test('does not count what is not in effect anyway', () => {
    expect(differenceOf(settings(), settings({}, { inactive: ['webhooks'], configHash: 'sha256:x' }))).toEqual({
      changeable: [],
      fixed: [],
    })
  })
})

describe('a configuration that was read again', () => {
  test('takes effect where only rules of resources have changed', () => {
    const { take, applied, lines, counted, reloader } = rig()
    expect(take(settings({ resourceVariants: [rule('b')] }))).toBe('applied')
    expect(applied).toEqual([[rule('b')]])
    const { configHash } = reloader
    expect(configHash).toBe(fingerprint(engineSettings({ resourceVariants: [rule('b')] })))
    expect(lines).toEqual([
      { level: 30, msg: 'configuration reloaded', changed: ['cohorts.resource_variants'], configHash },
    ])
    expect(counted()).toEqual({ applied: 1, partly: 0, unchanged: 0, refused: 0 })
    expect(take(settings({ resourceVariants: [rule('b')] }))).toBe('unchanged')
    expect(applied).toHaveLength(1)
  })

  test('takes effect in part where more has changed, which is told each time until the restart', () => {
    const { take, applied, lines, counted, reloader } = rig()
    const next = settings({ resourceVariants: [], segments: ['cloud.region'] }, { ack: 'durable' })
    expect(take(next)).toBe('partly')
    expect(applied).toEqual([[]])
    expect(lines.at(-1)).toEqual({
      level: 40,
      msg: 'a restart is needed for what else has changed',
      changed: ['cohorts.segments', 'ack'],
    })
    const hash = reloader.configHash
    expect(take(next)).toBe('partly')
    expect(applied).toHaveLength(1)
    expect(reloader.configHash).toBe(hash)
    expect(lines).toHaveLength(3)
    expect(counted()).toEqual({ applied: 0, partly: 2, unchanged: 0, refused: 0 })
  })

  test('has the hash of what is in effect, not of what waits for a restart', () => {
    const [whole, part] = [rig(), rig()]
    whole.take(settings({ resourceVariants: [] }))
    part.take(settings({ resourceVariants: [], segments: [] }))
    expect(part.reloader.configHash).toBe(whole.reloader.configHash)
    part.take(settings({ resourceVariants: [rule('b')], segments: [] }))
    expect(part.reloader.configHash).not.toBe(whole.reloader.configHash)
  })

  test('is refused as a whole where something is wrong with it', () => {
    const { reloader, applied, lines, counted } = rig()
    const place = { kind: 'file', file: 'cohortd.yaml', line: 3, column: 5 } as const
    const problem: Problem = { place, path: ['slos', 0], found: 'nothing', expected: 'an SLO', suggestion: null }
    const problems = [problem, { ...problem, suggestion: 'slis' }]
    expect(reloader.take({ settings: null, problems })).toBe('refused')
    expect(reloader.configHash).toBe('sha256:begun')
    expect(applied).toEqual([])
    const told = { level: 50, place: 'cohortd.yaml:3:5', key: 'slos[0]', found: 'nothing', expected: 'an SLO' }
    expect(lines).toEqual([
      { ...told, msg: 'configuration problem' },
      { ...told, suggestion: 'slis', msg: 'configuration problem' },
      { level: 50, problems: 2, msg: 'configuration not reloaded: the running one stays in effect' },
    ])
    expect(counted()).toEqual({ applied: 0, partly: 0, unchanged: 0, refused: 1 })
  })

  test('that the engine does not take is refused, and is tried again the next time', () => {
    const { take, applied, lines, reloader, engine } = rig()
    engine.refuses = true
    expect(take(settings({ resourceVariants: [rule('b')] }))).toBe('refused')
    expect(reloader.configHash).toBe('sha256:begun')
    expect(lines).toMatchObject([{ level: 50, key: 'cohorts.resource_variants', reason: 'too many rules' }])
    engine.refuses = false
    expect(take(settings({ resourceVariants: [rule('b')] }))).toBe('applied')
    expect(applied).toHaveLength(1)
  })

  test('tells no values: they may be secret', () => {
    const { take, lines } = rig()
    take(settings({ unitKey: 'hidden' }, { store: { type: 'sqlite', path: 'hidden' } }))
    expect(lines).toHaveLength(1)
    expect(JSON.stringify(lines)).not.toContain('hidden')
  })
})
