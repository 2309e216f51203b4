// What a replay tells, in few lines for people: alerts as they came, then every variant with what was measured.
import { BEGIN_S } from './recording.ts'

interface Sli {
  sli: string
  events: number
  good: number | null
  windows: Record<string, { events: number; good_ratio: number | null; ratio?: number | null }>
  percentiles: Record<string, number> | null
  mean?: number | null
  estimated?: true
  baseline: { good_ratio: number | null; ratio?: number | null } | null
}
interface Variant {
  variant: string
  exposures: number
  unique_units: number | null
  verdict: { verdict: string }
  cohorts: { segments: Record<string, string>; slis: Sli[] }[]
}
interface Line {
  type: string
  time: string
  data: Record<string, unknown>
  experiments: { id: string; variants: Variant[] }[]
}

/** The story of the lines that `cohortd replay` prints. */
export function storyOf(output: string): string {
  const lines = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  return `${lines.flatMap((line) => (line.type === 'report' ? reportStory(line) : eventStory(line))).join('\n')}\n`
}

function eventStory({ type, time, data }: Line): string[] {
  if (!type.startsWith('cohortd.burn.')) return []
  const since = new Date(time).getTime() / 1000 - BEGIN_S
  const minutes = `${Math.floor(since / 60)}:${String(Math.floor(since % 60)).padStart(2, '0')}`
  const what = [data['severity'], data['shared'] === true ? 'shared with the control' : null].filter(Boolean).join(', ')
  return [`${minutes} ${type.slice('cohortd.burn.'.length)}: ${data['slo']} of ${data['variant']} (${what})`]
}

function reportStory({ experiments }: Line): string[] {
  return experiments.flatMap(({ id, variants }) => ['', id, ...variants.flatMap(variantStory)])
}

function variantStory({ variant, exposures, unique_units: units, verdict, cohorts }: Variant): string[] {
  const people = exposures > 0 ? `, ${exposures} exposures${units === null ? '' : ` of ${units} units`}` : ''
  const slis = cohorts.flatMap(({ segments, slis: all }) =>
    all.filter(({ events }) => events > 0).map((sli) => `    ${Object.values(segments).join(' ')} ${sliStory(sli)}`),
  )
  return [`  ${variant}: ${verdict.verdict}${people}`, ...slis]
}

function sliStory({ sli, events, good, windows, percentiles, mean, estimated, baseline }: Sli): string {
  const longest = Object.values(windows).at(-1)
  return [
    `${sli}:`,
    good === null ? `${shown(longest?.ratio)} each, for ${shown(events)}` : `${shown(good)} good of ${shown(events)}`,
    good === null || events === 0 ? '' : `(${shown((100 * good) / events)} %)`,
    ...Object.entries(percentiles ?? {}).map(([at, value]) => `p${shown(Number(at) * 100)} ${shown(value)}`),
    mean === undefined || mean === null ? '' : `mean ${shown(mean)}`,
    estimated ? 'estimated' : '',
    baseline === null ? '' : `(before: ${shown(baseline.ratio ?? baseline.good_ratio)})`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? 'nothing' : String(Number(value.toPrecision(4)))
}
