// A strict reader of metric pages, written from the format's rules and independent of the writer: it refuses what
// Prometheus or `promtool check metrics` would refuse, and more.

export interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ParsedFamily {
  readonly name: string
  readonly type: string
  readonly unit: string | null
  readonly samples: ParsedSample[]
}

export interface ParsedPage {
  readonly families: ReadonlyMap<string, ParsedFamily>
  /** Value of the series with exactly these labels; undefined where the page has none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

interface OpenFamily {
  name: string
  type: string | null
  unit: string | null
  help: boolean
  samples: ParsedSample[]
}

const TYPE_WORDS = /_(counter|gauge|summary|histogram|untyped|info)$/
const ABBREVIATED = /_(ms|s|m|h|d|sec|b|kb|mb|milliseconds|minutes|hours|days)(_|$)/
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  summary: ['', '_sum', '_count'],
  histogram: ['_bucket', '_sum', '_count'],
}

/** Reads a page or throws an Error that names the line and the rule it breaks. */
export function parseStrictly(page: string, format: 'text' | 'openmetrics'): ParsedPage {
  const openMetrics = format === 'openmetrics'
  if (!page.endsWith('\n')) throw new Error('the page does not end with a line feed')
  const lines = page.slice(0, -1).split('\n')
  if (openMetrics && lines.pop() !== '# EOF') throw new Error('OpenMetrics must end with # EOF')
  const families = new Map<string, ParsedFamily>()
  const series = new Map<string, number>()
  let open: OpenFamily | null = null
  const finish = (): void => {
    if (open === null) return
    checkFamily(open)
    if (families.has(open.name)) throw new Error(`family ${open.name} comes twice`)
    families.set(open.name, { name: open.name, type: open.type!, unit: open.unit, samples: open.samples })
  }
  for (const line of lines) {
    const comment = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line)
    if (line.startsWith('#') && comment === null) throw new Error(`no such comment: ${line}`)
    if (comment !== null) {
      const [, keyword, name, rest] = comment
      if (open === null || open.name !== name || open.samples.length > 0) {
        finish()
        open = { name, type: null, unit: null, help: false, samples: [] }
      }
      applyComment(open, keyword, rest, openMetrics)
      continue
    }
    if (open === null) throw new Error(`sample before any family: ${line}`)
    const sample = parseSample(line)
    checkSample(open, sample, openMetrics)
    const key = seriesKey(sample.name, sample.labels)
    if (series.has(key)) throw new Error(`series comes twice: ${line}`)
    series.set(key, sample.value)
    open.samples.push(sample)
  }
  finish()
  return { families, value: (name, labels = {}) => series.get(seriesKey(name, labels)) }
}

function applyComment(family: OpenFamily, keyword: string, rest: string, openMetrics: boolean): void {
  if (keyword === 'HELP') {
    if (family.help) throw new Error(`HELP of ${family.name} comes twice`)
    family.help = true
  } else if (keyword === 'TYPE') {
    if (family.type !== null) throw new Error(`TYPE of ${family.name} comes twice`)
    if (!(rest in SUFFIXES)) throw new Error(`${family.name}: unknown type ${rest}`)
    family.type = rest
  } else {
    if (!openMetrics) throw new Error('UNIT is for OpenMetrics alone')
    if (!family.name.endsWith(`_${rest}`)) throw new Error(`${family.name} does not end with its unit ${rest}`)
    family.unit = rest
  }
}

function parseSample(line: string): ParsedSample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\S+)$/s.exec(line)
  if (match === null) throw new Error(`no sample: ${line}`)
  const [, name, , inner = '', text] = match
  if (!/^[+-]?(\d+(\.\d+)?(e[+-]?\d+)?)$/i.test(text)) throw new Error(`no finite number: ${line}`)
  return { name, labels: parseLabels(inner, line), value: Number(text) }
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/.exec(rest)
    if (match === null) throw new Error(`labels cannot be read: ${line}`)
    const [all, name, escaped] = match
    if (name.startsWith('__')) throw new Error(`reserved label ${name}`)
    if (Object.hasOwn(labels, name)) throw new Error(`label ${name} comes twice: ${line}`)
    labels[name] = escaped.replace(/\\(["\\n])/g, (_, escape: string) => (escape === 'n' ? '\n' : escape))
    rest = rest.slice(all.length)
  }
  return labels
}

function checkSample(family: OpenFamily, { name, labels, value }: ParsedSample, openMetrics: boolean): void {
  const { type } = family
  if (type === null) throw new Error(`${family.name}: samples before TYPE`)
  const base = openMetrics && type === 'counter' ? `${family.name}_total` : family.name
  const suffix = name.startsWith(base) ? name.slice(base.length) : null
  if (suffix === null || !SUFFIXES[type].includes(suffix))
    throw new Error(`${name} is no sample of ${type} ${family.name}`)
  if ('quantile' in labels !== (type === 'summary' && suffix === '')) throw new Error(`quantile label on ${name}`)
  if ('le' in labels !== (type === 'histogram' && suffix === '_bucket')) throw new Error(`le label on ${name}`)
  if (type === 'counter' && value < 0) throw new Error(`${name} is negative`)
}

function checkFamily({ name, type, help, samples }: OpenFamily): void {
  if (type === null || !help) throw new Error(`${name} lacks TYPE or HELP`)
  if (samples.length === 0) throw new Error(`${name} has no sample`)
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`${name} is not in snake case`)
  if (TYPE_WORDS.test(name) && !name.endsWith('build_info')) throw new Error(`${name} has a type in its name`)
  if (ABBREVIATED.test(name.replace(/_total$/, ''))) throw new Error(`${name} has an abbreviated or non-base unit`)
  if (type !== 'counter' && name.endsWith('_total')) throw new Error(`${name} is no counter`)
  if (type === 'histogram') checkHistogram(name, samples)
  if (type === 'summary' || type === 'histogram') checkContiguous(name, samples)
}

function checkHistogram(name: string, samples: readonly ParsedSample[]): void {
  let last = 0
  for (const { name: sample, labels, value } of samples) {
    if (sample === `${name}_bucket`) {
      if (value < last) throw new Error(`${name}: buckets are not cumulative`)
      last = value
      if (labels.le !== '+Inf' && !labels.le.includes('.')) throw new Error(`${name}: le=${labels.le} is no float`)
    }
    if (sample === `${name}_count`) {
      if (value !== last) throw new Error(`${name}: the last bucket is not the count`)
      last = 0
    }
  }
}

/** All samples of one metric (labels but for quantile and le) stand together, and have one sum and one count. */
function checkContiguous(name: string, samples: readonly ParsedSample[]): void {
  const seen = new Map<string, string[]>()
  let current = ''
  for (const { name: sample, labels } of samples) {
    const { quantile: _quantile, le: _le, ...own } = labels
    const key = seriesKey(name, own)
    if (key !== current && seen.has(key)) throw new Error(`${name}: samples of one metric stand apart`)
    current = key
    const parts = seen.get(key) ?? []
    seen.set(key, [...parts, sample])
  }
  for (const parts of seen.values())
    for (const part of [`${name}_sum`, `${name}_count`])
      if (parts.filter((sample) => sample === part).length !== 1) throw new Error(`${name}: not one ${part}`)
}

function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([name, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
}
