// Good and bad events by cohort, SLI and window: counted naively from a list of parts, and read from a replica's report; both as plain lines,
// so that they can be compared and shown.
import { formatSeconds } from '../../src/model/duration.ts'
import type { ExperimentReport } from '../../src/model/report.ts'
import { isSplitService } from './generate.ts'
import { SETTINGS, SLICES } from './settings.ts'
import type { Part } from './traffic.ts'

/** By "experiment/variant/service sli window": "good+bad". Nothing where both are 0. */
export type Counts = ReadonlyMap<string, string>

interface Tally {
  good: number
  bad: number
}

/** Counts as a report tells them of SLIs that have good and bad events. */
function tallyOf({ good, bad }: { good: number | null; bad: number | null }): Tally {
  return { good: good ?? Number.NaN, bad: bad ?? Number.NaN }
}

/** What a report must tell at the end of the second. */
export function countNaively(parts: Iterable<Part>, second: number): Counts {
  const tallies = new Map<string, Tally>()
  for (const part of parts) {
    if (isSplitService(part.service)) continue
    for (const [sli, { name }] of SETTINGS.slis.entries())
      for (const window of windowsWith(part.second, second))
        add(tallies, `${part.experiment}/${part.variant}/${part.service} ${name} ${window}`, part.good[sli])
  }
  return linesOf(tallies)
}

/** Windows go back to the beginning of a slice of their granularity. */
function windowsWith(second: number, now: number): string[] {
  const windows = ['ever']
  for (const [at, window] of SLICES.windows.entries())
    if (second > SLICES.windowStart(at, now) && second <= now) windows.push(formatSeconds(window))
  return windows
}

function add(tallies: Map<string, Tally>, key: string, isGood: boolean): void {
  let tally = tallies.get(key)
  if (tally === undefined) tallies.set(key, (tally = { good: 0, bad: 0 }))
  if (isGood) tally.good++
  else tally.bad++
}

export function countsOf(reports: readonly ExperimentReport[]): Counts {
  const tallies = new Map<string, Tally>()
  for (const { cohort, service, sli } of slisOf(reports)) {
    if (isSplitService(service)) continue
    tallies.set(`${cohort} ${sli.sli} ever`, tallyOf(sli))
    for (const [window, counts] of Object.entries(sli.windows))
      tallies.set(`${cohort} ${sli.sli} ${window}`, tallyOf(counts))
  }
  return linesOf(tallies)
}

/** Of spans that waited for another request to tell their trace: how often each was counted, by service. */
export function splitCountsOf(reports: readonly ExperimentReport[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { service, sli } of slisOf(reports))
    if (isSplitService(service) && sli.sli === SETTINGS.slis[0].name)
      counts.set(service, (counts.get(service) ?? 0) + sli.events)
  return counts
}

function slisOf(reports: readonly ExperimentReport[]): { cohort: string; service: string; sli: Sli }[] {
  return reports.flatMap(({ id, variants }) =>
    variants.flatMap(({ variant, cohorts }) =>
      cohorts.flatMap(({ segments, slis }) => {
        const service = segments['service.name']
        return slis.map((sli) => ({ cohort: `${id}/${variant}/${service}`, service, sli }))
      }),
    ),
  )
}

type Sli = ExperimentReport['variants'][number]['cohorts'][number]['slis'][number]

function linesOf(tallies: ReadonlyMap<string, Tally>): Counts {
  const lines = [...tallies].filter(([, { good, bad }]) => good + bad > 0)
  return new Map(lines.map(([key, { good, bad }]) => [key, `${good} good ${bad} bad`]))
}

/** A line for each count that differs. */
export function differences(expected: Counts, actual: Counts, whose: string): string[] {
  const keys = new Set([...expected.keys(), ...actual.keys()])
  return [...keys].flatMap((key) => {
    const [wanted, told] = [expected.get(key) ?? 'nothing', actual.get(key) ?? 'nothing']
    return wanted === told ? [] : [`${key}: ${whose} tells ${told}, and ${wanted} is right`]
  })
}
