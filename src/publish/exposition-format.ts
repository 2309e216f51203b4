// Which of the two text formats a scraper gets, and the lines they are made of.
// Hides what differs between text 0.0.4 and OpenMetrics 1.0: names in headers, units, the end mark.
import type { MetricFamily } from './catalogue.ts'

export type ExpositionFormat = 'text' | 'openmetrics'

/** Prometheus 3 refuses a scrape whose content type it does not know, so these are exact. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** The format for an Accept header: OpenMetrics 1.0 where it is named and not liked less than text, else text 0.0.4. */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  let openMetrics = 0
  let text = 0
  for (const range of (accept ?? '').split(',')) {
    const [media, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const version = parameter(parameters, 'version')
    const quality = qualityOf(parameter(parameters, 'q'))
    if (media === 'application/openmetrics-text' && (version === null || version === '1.0.0'))
      openMetrics = Math.max(openMetrics, quality)
    if (media === 'text/plain' && (version === null || version === '0.0.4')) text = Math.max(text, quality)
  }
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'text'
}

function parameter(parameters: readonly string[], name: string): string | null {
  const found = parameters.find((part) => part.startsWith(`${name}=`))
  return found === undefined ? null : found.slice(name.length + 1).replaceAll('"', '')
}

function qualityOf(text: string | null): number {
  if (text === null) return 1
  const quality = Number(text)
  return quality >= 0 && quality <= 1 ? quality : 0
}

/** The comment lines above a family's samples. */
export function familyHeader(name: string, family: MetricFamily, format: ExpositionFormat): string {
  if (format === 'text') return `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n`
  const base = family.type === 'counter' ? name.replace(/_total$/, '') : name
  const unit = family.unit === null ? '' : `# UNIT ${base} ${family.unit}\n`
  return `# TYPE ${base} ${family.type}\n${unit}# HELP ${base} ${escapeHelp(family.help).replaceAll('"', '\\"')}\n`
}

/** What closes the page. */
export function pageEnd(format: ExpositionFormat): string {
  return format === 'openmetrics' ? '# EOF\n' : ''
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** A label's value between its quotes. */
export function escapeLabelValue(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value
}

/** `name="value"` pairs joined by commas, escaped. */
export function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabelValue(value)}"`)
    .join(',')
}

/**
 * Label names for cohort segments: what a label name may not hold becomes "_", and a name that another label of the
 * page has already (experiment, sli, window, another segment, ...) gets "segment_" before it or a number after it.
 */
export function segmentLabelNames(segments: readonly string[], taken: Iterable<string>): string[] {
  const used = new Set(taken)
  return segments.map((segment) => {
    const plain = segment.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(\d|$)/, '_$1')
    const base = used.has(plain) || plain.startsWith('__') ? `segment_${plain}` : plain
    let name = base
    for (let number = 2; used.has(name); number++) name = `${base}_${number}`
    used.add(name)
    return name
  })
}
