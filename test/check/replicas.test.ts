// What is shipped for several replicas: the recording rules treat gauges as gauges and counters as counters, and the Collector's configuration
// in docs/scaling.md hangs together.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../../bin/launch.js'
import { COHORT_METRICS, GLOBAL_METRICS, type MetricFamily } from '../../src/publish/catalogue.ts'
import { DAEMON_METRICS } from '../../src/publish/catalogue-daemon.ts'

const FAMILIES: Readonly<Record<string, MetricFamily>> = { ...COHORT_METRICS, ...GLOBAL_METRICS, ...DAEMON_METRICS }

interface Rule {
  readonly record?: string
  readonly expr: string
}

interface CollectorConfig {
  readonly receivers: Readonly<Record<string, unknown>>
  readonly exporters: Readonly<Record<string, { readonly routing_key: string; readonly resolver: object }>>
  readonly service: {
    readonly pipelines: Readonly<Record<string, { receivers: string[]; processors?: string[]; exporters: string[] }>>
  }
}

const { groups }: { groups: { rules: Rule[] }[] } = parse(read('deploy/prometheus/replicas.yml'))
const rules = groups.flatMap((group) => group.rules)
const recorded = rules.filter(({ record, expr }) => record !== undefined && expr.includes('cohortd_'))

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

describe('rules for replicas', () => {
  test.each(rules)('$expr names metrics that there are', ({ expr }) => {
    for (const [name] of expr.matchAll(/\bcohortd_\w+/g)) expect(FAMILIES[name], name).toBeDefined()
  })

  test.each(recorded)('$record sums up a counter and takes the highest of anything else', ({ record, expr }) => {
    const [, metric] = /\((?:rate\()?(cohortd_\w+)/.exec(expr) ?? []
    const isCounter = FAMILIES[metric].type === 'counter'
    expect(expr).toMatch(isCounter ? /^sum without \(instance\) \(rate\(/ : /^max without \(instance\) \(/)
    expect(record).toMatch(isCounter ? /:rate5m$/ : /:max$/)
    expect(record).toBe(`cohortd:${metric.replace(/^cohortd_|_total$/g, '')}:${isCounter ? 'rate5m' : 'max'}`)
  })
})

describe('the Collector in docs/scaling.md', () => {
  const [, text = ''] = /```yaml\n(# The Collector[\s\S]*?)```/.exec(read('docs/scaling.md')) ?? []
  const config: CollectorConfig = parse(text)

  test('has every component that its pipelines name, and names every one that it has', () => {
    const pipelines = Object.values(config.service.pipelines)
    const named = (kind: 'receivers' | 'exporters'): string[] =>
      [...new Set(pipelines.flatMap((one) => one[kind]))].sort()
    expect(named('receivers')).toEqual(Object.keys(config.receivers).sort())
    expect(named('exporters')).toEqual(Object.keys(config.exporters).sort())
  })

  test('sends the spans of a trace to one replica, by one resolver', () => {
    const { routing_key: key, resolver } = config.exporters['loadbalancing']
    expect(key).toBe('traceID')
    expect(Object.keys(resolver)).toHaveLength(1)
  })
})
