// What is wrong with a configuration, where, and what would be right. Everything that refuses a configuration speaks in these.

/** Where a value stands: in a file (line and column from 1), in an override, in the built-in defaults, or nowhere. */
export type Place =
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'override'; readonly key: string }
  | { readonly kind: 'builtin' }

/** Map keys and list indices from the root of the configuration. */
export type KeyPath = readonly (string | number)[]

/** One thing that is wrong, in two phrases that complete "found ..., expected ...". */
export interface Problem {
  readonly place: Place
  readonly path: KeyPath
  /** A phrase: `text "fast"`, `unknown key "windos"`. */
  readonly found: string
  /** A phrase: `a duration such as "30s"`. */
  readonly expected: string
  /** What was probably meant, as it would be written; null: no idea. */
  readonly suggestion: string | null
}

/** A path as people write it: `slis[0].where["span.kind"]`; the root is `(root)`. */
export function formatPath(path: KeyPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  }
  return text === '' ? '(root)' : text
}

/** `cohortd.yaml:3:5`, `--set slos.0.window` or `built-in defaults`. */
export function formatPlace(place: Place): string {
  if (place.kind === 'file') return `${place.file}:${place.line}:${place.column}`
  return place.kind === 'override' ? `--set ${place.key}` : 'built-in defaults'
}

const LONGEST_VALUE = 60

/** A value in the words of `found`, cut where it is long. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return 'something that YAML cannot hold'
  return JSON.stringify(value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}...` : value)
}

/** One line for each problem, newline included, in the order of the file, overrides last; the same text is said once. */
export function renderProblems(problems: readonly Problem[]): string {
  const ordered = problems.toSorted((a, b) => compare(a, b))
  return [...new Set(ordered.map((problem) => `${renderProblem(problem)}\n`))].join('')
}

function renderProblem({ place, path, found, expected, suggestion }: Problem): string {
  const meant = suggestion === null ? '' : ` (did you mean ${suggestion}?)`
  return `${formatPlace(place)}: ${formatPath(path)}: found ${found}, expected ${expected}${meant}`
}

function compare(a: Problem, b: Problem): number {
  const byPlace = order(a.place) - order(b.place) || column(a.place) - column(b.place)
  return byPlace || (formatPath(a.path) < formatPath(b.path) ? -1 : 1)
}

function order(place: Place): number {
  if (place.kind === 'file') return place.line
  return place.kind === 'override' ? Number.MAX_SAFE_INTEGER : 0
}

function column(place: Place): number {
  return place.kind === 'file' ? place.column : 0
}
