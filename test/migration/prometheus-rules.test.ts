// The rule file: what stands in it, that it names only what the daemon exposes, and that it agrees with the files in deploy/.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../../bin/launch.js'
import { rulesCommand } from '../../src/commands/rules.ts'
import { COHORT_LABELS, COHORT_METRICS, GLOBAL_METRICS, type MetricFamily } from '../../src/publish/catalogue.ts'
import { DAEMON_METRICS } from '../../src/publish/catalogue-daemon.ts'
import { listener } from './terminal.ts'

interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

const FAMILIES: Readonly<Record<string, MetricFamily>> = { ...COHORT_METRICS, ...GLOBAL_METRICS, ...DAEMON_METRICS }
const CONFIG = join(import.meta.dirname, 'fixtures/rules.yaml')

function written(...args: readonly string[]): string {
  const { said, terminal } = listener()
  expect(rulesCommand(['prometheus', '--config', CONFIG, ...args], terminal)).toBe(0)
  expect(said.err).toBe('')
  return said.out.replaceAll(CONFIG, 'rules.yaml')
}

function rulesOf(text: string): Rule[] {
  const { groups }: { groups: { rules: Rule[] }[] } = parse(text)
  return groups.flatMap(({ rules }) => rules)
}

const text = written()
const rules = rulesOf(text)
const burnAlerts = rules.filter(({ alert }) => alert === 'CohortBurnRate')

/** Alerts of an SLO by severity and long window. */
function alertOf(slo: string, long: string): Rule {
  const found = burnAlerts.filter(({ labels }) => labels?.['slo'] === slo && labels['long_window'] === long)
  expect(found).toHaveLength(1)
  return found[0]
}

test('the file is as it is written beside the configuration', () => {
  expect(text).toBe(readFileSync(join(import.meta.dirname, 'fixtures/rules.rules.txt'), 'utf8'))
})

test('every rule of every policy is one alert, told apart by its labels', () => {
  expect(burnAlerts.map(({ labels }) => JSON.stringify(labels))).toHaveLength(4 + 2 + 2 + 2 + 1)
  expect(new Set(burnAlerts.map(({ labels }) => JSON.stringify(labels))).size).toBe(burnAlerts.length)
})

describe('guards', () => {
  const by = 'experiment, variant, service_name, k8s_pod_name'
  const valid = (sli: string, window: string, outcome = '') =>
    `sum by (${by}) (cohortd:sli_events:increase${window}{sli="${sli}"${outcome === '' ? '' : `,outcome="${outcome}"`}})`

  test.each<[sentence: string, slo: string, long: string, guards: string[]]>([
    ['min_bad in the longest window of a policy', 'available', '3d', [`${valid('availability', '3d', 'bad')} >= 3`]],
    [
      'min_events too in a shorter one',
      'available',
      '6h',
      [`${valid('availability', '6h')} >= 50`, `${valid('availability', '6h', 'bad')} >= 3`],
    ],
    [
      'what is derived, as the difference of its counters',
      'converts',
      '30m',
      [
        `${valid('conversion', '30m', 'valid')} >= 100`,
        `${valid('conversion', '30m', 'valid')} - ${valid('conversion', '30m', 'good')} >= 5`,
      ],
    ],
    ['no bad events of an amount', 'cheap', '30m', [`${valid('cost', '30m', 'valid')} >= 100`]],
    ['nothing where a policy asks for nothing', 'arrives', '30m', []],
  ])('%s', (_sentence, slo, long, guards) => {
    const conditions = alertOf(slo, long).expr.split('\nand ')
    expect(conditions.slice(3)).toEqual(guards)
    expect(conditions[2]).toBe(`max by (${by}) (cohortd:slo_sufficient_data:max{slo="${slo}"}) == 1`)
  })

  test('every window that is asked for is recorded', () => {
    const asked = new Set(
      burnAlerts.flatMap(({ expr }) => [...expr.matchAll(/cohortd:\w+:\w+/g)].map(([name]) => name)),
    )
    expect(asked.size).toBeGreaterThan(5)
    const recorded = rules.map(({ record }) => record)
    expect([...asked].filter((name) => !recorded.includes(name))).toEqual([])
  })
})

test('an SLO with an upper bound says so, and names that look like templates stay names', () => {
  expect(alertOf('cheap', '1h').annotations?.['summary']).toContain('times the upper bound of cheap over 1h')
  const odd = burnAlerts.find(({ labels }) => labels?.['slo']?.includes('go'))
  expect(odd?.labels?.['slo']).toBe('{{ "orders \\"{{go}} through" }}')
  expect(odd?.expr).toContain('slo="orders \\"{{go}} through"')
})

test('only metrics and labels of the catalogue are asked for', () => {
  const names = rules.flatMap(({ expr }) => [
    ...expr.matchAll(/(?<![:\w])((?:cohortd|process|nodejs)_\w+)(\{[^}]*\})?/g),
  ])
  expect(names.length).toBeGreaterThan(30)
  for (const [, name, selector] of names) {
    const family = FAMILIES[name] ?? FAMILIES[name.replace(/_(bucket|sum|count)$/, '')]
    expect(family, name).toBeDefined()
    const labels = [...(name in COHORT_METRICS ? COHORT_LABELS : []), ...family.labels]
    for (const [, label] of (selector ?? '').matchAll(/(\w+)="/g)) expect(labels, name).toContain(label)
  }
})

test.each(['alerts.yml', 'replicas.yml'])('rules that deploy/prometheus/%s has too are the same', (file) => {
  const shipped = rulesOf(readFileSync(join(ROOT, 'deploy/prometheus', file), 'utf8'))
  const squeezed = ({ expr, for: held, labels }: Rule) => ({ expr: expr.replaceAll(/\s+/g, ' '), for: held, labels })
  const own = new Map(rules.map((rule) => [rule.record ?? rule.alert, rule]))
  // Burn alerts are what the file has in its place.
  const left = shipped.filter(({ alert }) => alert !== 'CohortErrorBudgetBurn')
  expect(left.length).toBeGreaterThanOrEqual(3)
  for (const rule of left) {
    const same = own.get(rule.record ?? rule.alert)
    expect(same === undefined ? `${rule.record ?? rule.alert} is missing` : squeezed(same)).toEqual(squeezed(rule))
  }
})

test('--job names the scrape job', () => {
  const own = rulesOf(written('--job', 'a "b"')).map(({ expr }) => expr)
  expect(own.filter((expr) => expr.includes('up{job="a \\"b\\""}'))).toHaveLength(3)
  expect(own.filter((expr) => expr.includes('job="cohortd"'))).toEqual([])
})

test.each<[sentence: string, args: readonly string[], told: string]>([
  ['no target', [], 'rules of what? prometheus is known'],
  ['another target', ['grafana'], 'grafana is not known'],
  ['two targets', ['prometheus', 'grafana'], 'prometheus grafana is not known'],
  ['an unknown flag', ['prometheus', '--now'], "'--now'"],
  ['a bad configuration', ['prometheus', '--set', 'ack=x'], 'ack: found "x"'],
])('ends with 2 for %s', (_sentence, args, told) => {
  const { said, terminal } = listener()
  expect(rulesCommand(args, terminal)).toBe(2)
  expect(said.out).toBe('')
  expect(said.err).toContain(told)
})
