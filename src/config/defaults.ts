// What holds where the configuration says nothing and the schema alone cannot say it: the lists, as they would be written.

import type { Located, LocatedEntry } from './located.ts'
import { DEFAULT_SEGMENTS, DEFAULT_TAGS } from './schema/cohorts.ts'

export const DEFAULT_SLIS = [
  {
    name: 'availability',
    from: 'spans',
    where: { 'span.kind': ['SERVER', 'CONSUMER'] },
    bad_when: [{ 'span.status': 'ERROR' }, { 'http.response.status_code': '>=500' }],
  },
  {
    name: 'latency',
    from: 'spans',
    where: { 'span.kind': ['SERVER', 'CONSUMER'] },
    value: 'duration',
    good_below: '300ms',
    percentiles: [0.5, 0.9, 0.95, 0.99],
  },
]

/** Each holds only where its SLI exists and says what is good or bad. */
export const DEFAULT_SLOS = [
  { name: 'availability', sli: 'availability', objective: 0.999, window: '30d', policy: 'experiment' },
  { name: 'fast', sli: 'latency', objective: 0.99, window: '30d', policy: 'experiment' },
]

/** The default lists as a tree, for overrides that change a single entry of one. */
export function defaultLists(): Located {
  const cohorts = { tags: DEFAULT_TAGS, segments: DEFAULT_SEGMENTS, control: ['control', 'baseline'] }
  return located({ cohorts, slis: DEFAULT_SLIS, slos: DEFAULT_SLOS })
}

function located(value: unknown): Located {
  const place = { kind: 'builtin' } as const
  if (Array.isArray(value)) return { kind: 'list', place, items: value.map(located) }
  if (typeof value !== 'object' || value === null)
    return { kind: 'scalar', place, value: value as string | number, reference: null }
  const entries = Object.entries(value).map(([key, child]): [string, LocatedEntry] => {
    return [key, { keyPlace: place, node: located(child) }]
  })
  return { kind: 'map', place, entries: new Map(entries) }
}
