// The rule file that `cohortd rules prometheus` writes, as Prometheus reads it, and what its alerts make of series.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ROOT } from '../../bin/launch.js'
import { runPromtool } from './promtool/promtool.ts'

const folder = mkdtempSync(join(tmpdir(), 'cohortd-rules-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function cohortd(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'bin/cohortd.js'), ...args], { cwd: ROOT, encoding: 'utf8' })
}

function promtool(...args: readonly string[]): string {
  const { status, stdout, stderr } = runPromtool(args, { cwd: folder })
  expect({ status, said: `${stdout}${stderr}` }).toMatchObject({ status: 0 })
  return stdout
}

function save(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Writes the rules of a configuration; gives the path of the file. */
function rulesOf(config: string, name: string): string {
  const { status, stdout, stderr } = cohortd('rules', 'prometheus', '--config', config)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return save(name, stdout)
}

test.each([
  ['the built-in example', join(ROOT, 'config/cohortd.yaml'), 24],
  ['every kind of SLI', join(ROOT, 'test/migration/fixtures/rules.yaml'), 30],
])('promtool finds nothing wrong with the rules of %s', (_sentence, config, atLeast) => {
  const said = promtool('check', 'rules', rulesOf(config, 'checked.yml'))
  expect(said).toMatch(/SUCCESS: \d+ rules found/)
  expect(Number(/SUCCESS: (\d+) rules/.exec(said)?.[1])).toBeGreaterThanOrEqual(atLeast)
})

test('a configuration made of OpenSLO documents gives rules that promtool takes', () => {
  const made = cohortd('import', 'openslo', join(ROOT, 'test/migration/fixtures/checkout.yaml'))
  expect(made.status).toBe(0)
  promtool('check', 'rules', rulesOf(save('made.yaml', made.stdout), 'made.yml'))
})

const CONFIG = `
slis:
  - {name: availability, from: spans, bad_when: {span.status: ERROR}}
  - {name: conversion, from: events, good: {event.name: bought}, valid: exposures}
  - {name: cost, from: metrics, numerator: {metric: cost}, denominator: {metric: requests}, numerator_is: amount}
slos:
  - {name: available, sli: availability, objective: 0.999, policy: two}
  - {name: converts, sli: conversion, objective: 0.3, policy: one}
  - {name: cheap, sli: cost, upper_bound: 0.002, policy: one}
policies:
  - name: one
    rules: [{severity: ticket, factor: 1.2, long: 1h, short: 5m}]
  - name: two
    rules:
      - {severity: page, factor: 2, long: 1h, short: 5m}
      - {severity: ticket, factor: 1, long: 6h, short: 30m}
experiments:
  - {id: checkout, runbook_url: "https://runbooks.example.com/checkout"}
  - {id: search, runbook_url: "https://runbooks.example.com/search"}
`

type Series = readonly { readonly series: string; readonly values: string }[]

interface Cohort {
  readonly experiment?: string
  readonly instance?: string
  readonly slo?: string
  readonly sli?: string
  /** By window. */
  readonly burn: Readonly<Record<string, string>>
  readonly sufficient?: string
  /** By outcome, of the counter. */
  readonly events: Readonly<Record<string, string>>
}

/** The series of one cohort on one replica. */
function seriesOf(cohort: Cohort): Series {
  const {
    experiment = 'checkout',
    instance = 'a',
    slo = 'available',
    sli = 'availability',
    sufficient = '1x60',
  } = cohort
  const labels = `job="cohortd",instance="${instance}",experiment="${experiment}",variant="b",service_name="shop"`
  return [
    ...Object.entries(cohort.burn).map(([window, values]) => ({
      series: `cohortd_slo_burn_rate{${labels},slo="${slo}",window="${window}"}`,
      values,
    })),
    { series: `cohortd_slo_sufficient_data{${labels},slo="${slo}"}`, values: sufficient },
    ...Object.entries(cohort.events).map(([outcome, values]) => ({
      series: `cohortd_sli_events_total{${labels},sli="${sli}",outcome="${outcome}"}`,
      values,
    })),
  ]
}

const UP: Series = ['a', 'b'].flatMap((instance) => [
  { series: `up{job="cohortd",instance="${instance}"}`, values: '1x60' },
  { series: `cohortd_store_available{job="cohortd",instance="${instance}"}`, values: '1x60' },
])

function page(burn: string, experiment = 'checkout') {
  return {
    exp_labels: {
      severity: 'page',
      slo: 'available',
      long_window: '1h',
      short_window: '5m',
      experiment,
      variant: 'b',
      service_name: 'shop',
    },
    exp_annotations: {
      summary: `b of ${experiment} burns the error budget of available ${burn} times as fast as allowed over 1h (at least 2 over 1h and 5m)`,
      burn_rate: burn,
      factor: '2',
      runbook_url: `https://runbooks.example.com/${experiment}`,
    },
  }
}

function ticket(slo: 'converts' | 'cheap', burn: string) {
  const what =
    slo === 'cheap'
      ? `is at ${burn} times the upper bound of cheap`
      : `burns the error budget of converts ${burn} times as fast as allowed`
  return {
    exp_labels: {
      severity: 'ticket',
      slo,
      long_window: '1h',
      short_window: '5m',
      experiment: 'search',
      variant: 'b',
      service_name: 'shop',
    },
    exp_annotations: {
      summary: `b of search ${what} over 1h (at least 1.2 over 1h and 5m)`,
      burn_rate: burn,
      factor: '1.2',
      runbook_url: 'https://runbooks.example.com/search',
    },
  }
}

const ENOUGH = { good: '0+60x60', bad: '0+1x60' }
const BURNS = { '1h': '2.5x60', '5m': '3x60' }

describe('burn alerts, by promtool test rules,', () => {
  const rules = rulesOf(save('burn.yaml', CONFIG), 'burn.yml')
  const table: [sentence: string, series: Series, at: string, alerts: unknown[]][] = [
    ['fire where both windows burn', seriesOf({ burn: BURNS, events: ENOUGH }), '20m', [page('2.5')]],
    [
      'do not where the long window alone burns',
      seriesOf({ burn: { ...BURNS, '5m': '1.9x60' }, events: ENOUGH }),
      '20m',
      [],
    ],
    [
      'do not where the short window alone burns',
      seriesOf({ burn: { ...BURNS, '1h': '1.9x60' }, events: ENOUGH }),
      '20m',
      [],
    ],
    ['fire just at the factor', seriesOf({ burn: { '1h': '2x60', '5m': '2x60' }, events: ENOUGH }), '20m', [page('2')]],
    ['do not without enough data', seriesOf({ burn: BURNS, sufficient: '0x60', events: ENOUGH }), '20m', []],
    ['do not below min_bad', seriesOf({ burn: BURNS, events: { ...ENOUGH, bad: '0 0 0 2x57' } }), '20m', []],
    [
      'do not below min_events of their own window',
      seriesOf({ burn: BURNS, events: { good: '0+1x60', bad: '0+1x60' } }),
      '20m',
      [],
    ],
    [
      'fire for what was all there at the first scrape',
      seriesOf({ burn: BURNS, events: { good: '70x60', bad: '5x60' } }),
      '5m',
      [page('2.5')],
    ],
    [
      'see events of all replicas together',
      [
        ...seriesOf({ burn: BURNS, events: { good: '30x60', bad: '2x60' } }),
        ...seriesOf({ instance: 'b', burn: BURNS, events: { good: '30x60', bad: '1x60' } }),
      ],
      '5m',
      [page('2.5')],
    ],
    [
      'fire once for all replicas, each cohort by itself',
      ['a', 'b'].flatMap((instance) => [
        ...seriesOf({ instance, burn: BURNS, events: ENOUGH }),
        ...seriesOf({ instance, experiment: 'search', burn: { ...BURNS, '1h': '7x60' }, events: ENOUGH }),
      ]),
      '20m',
      [page('2.5'), page('7', 'search')],
    ],
    [
      'do not believe a replica that is cut off from its store',
      [
        ...seriesOf({ burn: { '1h': '0.1x60', '5m': '0.1x60' }, events: ENOUGH }),
        ...seriesOf({ instance: 'c', burn: BURNS, events: ENOUGH }),
        { series: 'cohortd_store_available{job="cohortd",instance="c"}', values: '0x60' },
      ],
      '20m',
      [],
    ],
    ['end with the burning', seriesOf({ burn: { '1h': '3x30 1x30', '5m': '3x30 0x30' }, events: ENOUGH }), '40m', []],
    [
      'derive what is bad among exposures',
      seriesOf({
        experiment: 'search',
        slo: 'converts',
        sli: 'conversion',
        burn: { '1h': '1.3x60', '5m': '1.4x60' },
        events: { valid: '0+5x60', good: '0+1x60' },
      }),
      '30m',
      [ticket('converts', '1.3')],
    ],
    [
      'look at an upper bound without counting bad events',
      seriesOf({
        experiment: 'search',
        slo: 'cheap',
        sli: 'cost',
        burn: { '1h': '1.25x60', '5m': '1.4x60' },
        events: { valid: '0+5x60' },
      }),
      '30m',
      [ticket('cheap', '1.25')],
    ],
  ]

  test.each(table)('%s', (_sentence, series, at, alerts) => {
    const file = {
      rule_files: [rules],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: [...UP, ...series],
          alert_rule_test: [{ alertname: 'CohortBurnRate', eval_time: at, exp_alerts: alerts }],
        },
      ],
    }
    promtool('test', 'rules', save('tests.yml', stringify(file)))
  })
})

describe('alerts on the daemon, by promtool test rules,', () => {
  const rules = rulesOf(save('daemon.yaml', CONFIG), 'daemon.yml')
  const items = (outcome: string, reason: string, values: string) => ({
    series: `cohortd_receiver_items_total{job="cohortd",instance="a",signal="traces",transport="grpc",outcome="${outcome}",reason="${reason}"}`,
    values,
  })
  const table: [alert: string, series: Series, labels: Readonly<Record<string, string>> | null, summary: string][] = [
    [
      'CohortdAbsent',
      [],
      { severity: 'page', job: 'cohortd' },
      'Prometheus has no target of the job cohortd: experiments run unwatched',
    ],
    ['CohortdAbsent', UP, null, ''],
    [
      'CohortdRefusesTelemetry',
      [items('refused', 'late', '0+60x60'), items('attributed', '', '0+60x60')],
      { severity: 'ticket', signal: 'traces', reason: 'late' },
      'cohortd refuses traces as late: 1 items a second',
    ],
    [
      'CohortdAttributesNothing',
      [items('unattributed', '', '0+60x60'), items('attributed', '', '7x60')],
      { severity: 'ticket', signal: 'traces' },
      'no traces that cohortd receives belong to an experiment: do they carry tags?',
    ],
    ['CohortdAttributesNothing', [items('unattributed', '', '0+60x60'), items('attributed', '', '0+1x60')], null, ''],
    [
      'CohortdTelemetryPends',
      [
        items('attributed', '', '0+60x60'),
        { series: 'cohortd_receiver_pending_items{job="cohortd",instance="a",signal="traces"}', values: '400x60' },
      ],
      { severity: 'ticket', signal: 'traces' },
      'more traces wait for the trace or unit that tells their experiment than came in five minutes: 400 items',
    ],
  ]

  test.each(table)('%s is as expected (%#)', (alert, series, labels, summary) => {
    const expected = labels === null ? [] : [{ exp_labels: labels, exp_annotations: { summary } }]
    const file = {
      rule_files: [rules],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: series,
          alert_rule_test: [{ alertname: alert, eval_time: '45m', exp_alerts: expected }],
        },
      ],
    }
    promtool('test', 'rules', save('tests.yml', stringify(file)))
  })
})
