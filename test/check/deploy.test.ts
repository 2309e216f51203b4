// The examples in deploy/ and the Dockerfile: they name only metrics that exist and files that are there.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../../bin/launch.js'
import { COHORT_LABELS, COHORT_METRICS, GLOBAL_METRICS, type MetricFamily } from '../../src/publish/catalogue.ts'
import { DAEMON_METRICS } from '../../src/publish/catalogue-daemon.ts'

const FAMILIES: Readonly<Record<string, MetricFamily>> = { ...COHORT_METRICS, ...GLOBAL_METRICS, ...DAEMON_METRICS }
const DASHBOARD = 'deploy/grafana/dashboards/cohortd.json'
const RULES = 'deploy/prometheus/alerts.yml'

interface Panel {
  readonly type: string
  readonly title: string
  readonly id: number
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}

const dashboard: { panels: Panel[]; templating: { list: { definition?: string }[] } } = JSON.parse(read(DASHBOARD))
const rules: { groups: { rules: { expr: string }[] }[] } = parse(read(RULES))

const queries: string[] = [
  ...dashboard.panels.flatMap(({ targets }) => (targets ?? []).map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
  ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
]

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

describe('queries of the dashboard and of the alert rules', () => {
  test('are found', () => {
    expect(queries.length).toBeGreaterThan(15)
  })

  test.each(queries)('%s asks for metrics and labels that the daemon has', (query) => {
    for (const [, name, selector] of query.matchAll(/\b((?:cohortd|process|nodejs)_\w+)(\{[^}]*\})?/g)) {
      const family = FAMILIES[name] ?? FAMILIES[name.replace(/_(bucket|sum|count)$/, '')]
      expect(family, name).toBeDefined()
      const labels = [...(name in COHORT_METRICS ? COHORT_LABELS : []), ...family.labels, 'job', 'instance']
      for (const [, label] of (selector ?? '').matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g))
        expect(labels, query).toContain(label)
    }
  })
})

test('panels of the dashboard have their own ids and do not overlap', () => {
  const { panels } = dashboard
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const overlapping = panels.flatMap((a, index) =>
    panels
      .slice(index + 1)
      .filter(({ gridPos: b }) => {
        const { x, y, w, h } = a.gridPos
        return x < b.x + b.w && b.x < x + w && y < b.y + b.h && b.y < y + h
      })
      .map((b) => `${a.title} and ${b.title}`),
  )
  expect(overlapping).toEqual([])
})

test('the compose file mounts and builds from files that are there', () => {
  const compose: { services: Record<string, { volumes?: string[]; build?: { context: string; dockerfile: string } }> } =
    parse(read('deploy/compose.yaml'))
  const mounted = Object.values(compose.services)
    .flatMap(({ volumes }) => volumes ?? [])
    .filter((volume) => volume.startsWith('.'))
    .map((volume) => join('deploy', volume.split(':')[0]))
  const { build } = compose.services.cohortd
  expect(mounted).toHaveLength(3)
  for (const path of [...mounted, join('deploy', build?.context ?? '', build?.dockerfile ?? '')])
    expect(existsSync(join(ROOT, path)), path).toBe(true)
})

test('the Dockerfile copies files that are there and that .dockerignore lets through', () => {
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
    sources.split(' '),
  )
  expect(copied.length).toBeGreaterThan(5)
  for (const path of copied) {
    expect(existsSync(join(ROOT, path)), path).toBe(true)
    expect(allowed, path).toContain(path.split('/')[0])
  }
})
