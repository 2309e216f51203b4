import { describe, expect, it } from 'vitest'
import { COHORT_METRICS, GLOBAL_METRICS } from '../../src/publish/catalogue.ts'
import { DAEMON_METRICS } from '../../src/publish/catalogue-daemon.ts'
import { eventsReference } from '../../src/publish/events-reference.ts'
import { metricsReference } from '../../src/publish/metrics-reference.ts'
import { OtlpSnapshots } from '../../src/publish/otlp-snapshot.ts'
import { StreamTable } from '../../src/streams/stream-table.ts'
import { reading, slo } from './readings.ts'

describe('the reference pages', () => {
  it('name every metric', () => {
    const page = metricsReference()
    for (const name of [COHORT_METRICS, GLOBAL_METRICS, DAEMON_METRICS].flatMap((families) => Object.keys(families)))
      expect(page).toContain(`| \`${name}\` |`)
    expect(page).not.toMatch(/undefined|\[object/)
  })

  it('list under OTLP what is exported, and every finding on a time series', async () => {
    const page = metricsReference()
    const rowsOf = (header: string) => {
      const [rows] = page.split(`\n| ${header} |`)[1].split('\n\n')
      return [...rows.matchAll(/^\| `?(\w+)`? \|/gm)].map(([, name]) => name).sort()
    }
    const variant = { experiment: 'a', variant: 'b', verdict: 'hold', processExposures: 1, uniqueUnits: 1 }
    const slos = [slo('a'), slo('b', { objective: null, upperBound: 1 })]
    const { globals } = await new OtlpSnapshots().take(reading({ variants: [variant], slos }))
    expect(rowsOf('at /metrics')).toEqual(
      [...Object.keys(COHORT_METRICS), ...globals.map(({ name }) => name), 'cohortd_experiment_verdict'].sort(),
    )
    const { counters } = new StreamTable({ limit: 1, expiryMs: 1, viewStartMs: 0, youngMs: Infinity })
    expect(rowsOf('finding')).toEqual([...Object.keys(counters), 'unusable_amounts'].sort())
  })

  it('give an example of each event that is one', () => {
    const page = eventsReference()
    const examples = [...page.matchAll(/^## (\S+)\n[^`]*(?:`[^`\n]+`[^`]*)*```json\n([\s\S]*?)\n```/gm)]
    expect(examples.length).toBe(9)
    for (const [, type, json] of examples) {
      const event = JSON.parse(json) as Record<string, unknown>
      expect(event).toMatchObject({ specversion: '1.0', type, source: '/cohortd', datacontenttype: 'application/json' })
    }
  })
})
