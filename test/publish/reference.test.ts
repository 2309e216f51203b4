import { describe, expect, it } from 'vitest'
import { COHORT_METRICS, GLOBAL_METRICS } from '../../src/publish/catalogue.ts'
import { DAEMON_METRICS } from '../../src/publish/catalogue-daemon.ts'
import { eventsReference } from '../../src/publish/events-reference.ts'
import { metricsReference } from '../../src/publish/metrics-reference.ts'

describe('the reference pages', () => {
  it('name every metric', () => {
    const page = metricsReference()
    for (const name of [COHORT_METRICS, GLOBAL_METRICS, DAEMON_METRICS].flatMap((families) => Object.keys(families)))
      expect(page).toContain(`| \`${name}\` |`)
    expect(page).not.toMatch(/undefined|\[object/)
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
