import { describe, expect, test } from 'vitest'
import { renderEvent } from '../../src/watch/render.ts'

const data = {
  experiment: 'redesign',
  variant: 'treatment',
  slo: 'availability',
  severity: 'page',
  factor: 2,
  gate: 'rollback',
  long: { window: '1h', burn_rate: 24.39, events: 123, bad: 3 },
  short: { window: '5m', burn_rate: 30, events: 100, bad: 3 },
  shared: false,
  runbook_url: null,
}
const event = (type: string, more: object = {}): string =>
  JSON.stringify({
    type,
    subject: 'redesign/treatment/shop',
    time: '2026-11-23T10:00:05.000Z',
    data: { ...data, ...more },
  })

describe('an event as a line', () => {
  const cases: Record<string, [string, string]> = {
    'a firing alert has its numbers': [
      event('cohortd.burn.firing'),
      '10:00:05  FIRING      redesign/treatment/shop  page availability  burn 1h 24.4x, 5m 30x (rule: 2x)  3 bad of 123  gates rollback',
    ],
    'a shared one says so': [
      event('cohortd.burn.updated', { shared: true, gate: null }),
      '10:00:05  updated     redesign/treatment/shop  page availability  burn 1h 24.4x, 5m 30x (rule: 2x)  3 bad of 123  shared with the control',
    ],
    'a resolved one has its reason, and a window without data says so': [
      event('cohortd.burn.resolved', { gate: null, reason: 'no_traffic', short: { window: '5m', burn_rate: null } }),
      '10:00:05  resolved    redesign/treatment/shop  page availability  burn 1h 24.4x, 5m no data (rule: 2x)  3 bad of 123  no traffic',
    ],
    'the runbook is named': [
      event('cohortd.burn.firing', {
        gate: null,
        long: undefined,
        short: undefined,
        runbook_url: 'https://x.example/r',
      }),
      '10:00:05  FIRING      redesign/treatment/shop  page availability  https://x.example/r',
    ],
    'an event of an unknown kind shows its plain fields': [
      JSON.stringify({
        type: 'cohortd.verdict.changed',
        subject: 'a/b',
        data: { verdict: 'rollback', from: 'hold', more: {} },
      }),
      'verdict.changed  a/b  verdict=rollback  from=hold',
    ],
    'control characters of attribute values do not reach the terminal': [
      JSON.stringify({ type: 'cohortd.experiment.discovered', subject: 'a\u001b[2J\u202e/b' }),
      'discovered  a\uFFFD[2J\uFFFD/b',
    ],
    'what is no event is shown as it is': ['not json', '?           not json'],
    'long values are cut': [
      JSON.stringify({ type: 'cohortd.experiment.discovered', subject: 'x'.repeat(500) }),
      `discovered  ${'x'.repeat(79)}…`,
    ],
  }
  test.each(Object.entries(cases))('%s', (_name, [json, line]) => {
    expect(renderEvent(json)).toBe(line)
  })
})
