// An ApiSource made by hand, and an observer that notes what it was told.
import type { ApiObserver, ApiSource } from '../../src/api/source.ts'
import type { PublishedEvent } from '../../src/model/event.ts'
import type { CohortReport, ExperimentReport, SloReport } from '../../src/model/report.ts'
import { EventLog } from '../../src/publish/event-log.ts'

export function event(id: string): PublishedEvent {
  return { id, json: JSON.stringify({ specversion: '1.0', id, type: 'cohortd.burn.firing' }) }
}

/** Events numbered from..to at one tick each. */
export function events(from: number, to: number): PublishedEvent[] {
  return Array.from({ length: to - from + 1 }, (_, at) => event(`${from + at}-0`))
}

export function sloReport(more: Partial<SloReport> = {}): SloReport {
  return {
    slo: 'availability',
    objective: 0.999,
    burn: { '5m': 2.5, '1h': null },
    sufficient: true,
    events: 60,
    events_required: 50,
    error_budget_remaining: 0.4,
    alert: null,
    ...more,
  }
}

export function cohortReport(service: string, slos: SloReport[]): CohortReport {
  const windows = { '5m': { events: 60, good: 59, bad: 1, good_ratio: 59 / 60 } }
  const slis = [{ sli: 'availability', events: 60, good: 59, bad: 1, windows, percentiles: null, baseline: null }]
  return { segments: { 'service.name': service }, slis, slos }
}

export function experimentReport(
  id: string,
  cohorts: CohortReport[] = [cohortReport('shop', [sloReport()])],
): ExperimentReport {
  const verdict = {
    verdict: 'hold' as const,
    reasons: [{ code: 'no_verdict_yet', message: 'not yet' }],
    sufficient: true,
    events: 60,
    events_required: 50,
  }
  return {
    id,
    state: 'running',
    since: '2026-01-01T00:00:00.000Z',
    control: 'control',
    hypothesis: null,
    owner: 'payments',
    runbook_url: null,
    variants: [{ variant: 'treatment', exposures: 0, unique_units: null, units: null, verdict, cohorts }],
    comparisons: [],
    contamination: null,
    warnings: [{ code: 'variant_limit', message: 'too many' }],
  }
}

export interface StubSource extends ApiSource {
  readonly eventLog: EventLog
}

export function stubSource(
  more: Partial<ApiSource> & { readonly reports?: readonly ExperimentReport[] } = {},
): StubSource {
  const reports = more.reports ?? [experimentReport('checkout')]
  return {
    version: '0.1.0',
    configHash: 'sha256:abc',
    eventSource: '/cohortd',
    tick: () => ({ evaluatedMs: 1_767_225_600_000, ageSeconds: 0.5 }),
    experiments: () =>
      reports.map(({ id, state, since, control, hypothesis, owner, runbook_url, variants, warnings }) => ({
        id,
        state,
        since,
        control,
        hypothesis,
        owner,
        runbook_url,
        variants: variants.map(({ variant, verdict }) => ({ variant, verdict })),
        warnings,
      })),
    items: () => ({
      traces: { received: 3, attributed: 2, unattributed: 0, pending: 0, duplicate: 0, refused: { late: 1 } },
      metrics: {},
      logs: {},
    }),
    experiment: (id) => reports.find((report) => report.id === id) ?? null,
    alerts: () => [
      {
        experiment: 'checkout',
        variant: 'treatment',
        segments: { 'service.name': 'shop' },
        slo: 'availability',
        severity: 'page',
        since: '2026-01-01T00:00:00.000Z',
        shared: false,
      },
    ],
    metrics: () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', chunks: pieces(['a 1\n', 'b 2\n']) }),
    unhealthy: () => [],
    notReady: () => [],
    isLoaded: () => true,
    degraded: () => [],
    ...more,
    eventLog: (more.eventLog as EventLog | undefined) ?? new EventLog({ limit: 100 }),
  }
}

export async function* pieces(texts: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

export class NotingObserver implements ApiObserver {
  open = 0
  readonly dropped: string[] = []
  readonly failures: string[] = []
  streams(open: number): void {
    this.open = open
  }
  streamDropped(reason: string): void {
    this.dropped.push(reason)
  }
  failed(error: unknown, route: string): void {
    this.failures.push(`${route}: ${String(error)}`)
  }
}
