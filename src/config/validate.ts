// Runs zod over the configuration piece by piece and turns its issues into problems. What is wrong is reported, then taken out
// and the rest looked at again, so that one mistake does not hide another.
import type { z } from 'zod'
import { maskPasswords } from '../model/url.ts'
import { CONDITION_KEYS } from './conditions.ts'
import type { Located } from './located.ts'
import { placeOf, placeOfKey, scalarAt } from './located.ts'
import type { KeyPath, Problem } from './problem.ts'
import { describeValue } from './problem.ts'
import { nearest } from './suggest.ts'

export interface Piece<T> {
  /** Null where nothing usable remains. */
  readonly value: T | null
  readonly problems: readonly Problem[]
}

type Issue = z.core.$ZodIssue
type Steps = (string | number)[]

const MOST_ATTEMPTS = 50
const SECRET_KEYS: ReadonlySet<string | number> = new Set(['secret', 'password'])
/** Its last word is a common name of attributes. */
const UNIT_KEY: KeyPath = ['cohorts', 'units', 'key']

/** Checks one piece of the configuration, `raw`, which stands at `path` of the tree. */
export function validate<S extends z.ZodType>(
  schema: S,
  piece: { readonly raw: unknown; readonly path: KeyPath; readonly root: Located },
): Piece<z.output<S>> {
  const remaining: { value: unknown } = { value: structuredClone(piece.raw) }
  const problems: Problem[] = []
  const removed: Steps[] = []
  const retyped = new Set<string>()
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const result = schema.safeParse(remaining.value, { error: expectedPhrase })
    if (result.success) return { value: result.data, problems }
    const earlier = [...removed]
    let progress = false
    for (const issue of result.error.issues.flatMap(resolveUnion)) {
      const path = issue.path as Steps
      if (retype(remaining, path, piece, retyped)) progress = true
      else {
        if (!earlier.some((gone) => followsFrom(issue, gone))) problems.push(...toProblems(issue, piece))
        const gone = remove(remaining, issue)
        removed.push(...gone)
        progress ||= gone.length > 0
      }
    }
    if (!progress) break
  }
  return { value: null, problems }
}

/** A reference takes the type its key asks for: the other reading is tried once. */
function retype(
  remaining: { value: unknown },
  path: Steps,
  piece: { readonly path: KeyPath; readonly root: Located },
  retyped: Set<string>,
): boolean {
  const reference = scalarAt(piece.root, [...piece.path, ...path])?.reference ?? null
  const key = JSON.stringify(path)
  if (reference === null || retyped.has(key)) return false
  retyped.add(key)
  if (path.length === 0) remaining.value = reference.alternative
  else {
    const parent = valueAt(remaining.value, path.slice(0, -1))
    if (typeof parent !== 'object' || parent === null) return false
    Object.assign(parent, { [path[path.length - 1]]: reference.alternative ?? undefined })
  }
  return true
}

/** Takes what the issue is about out of the value; gives the paths of what was taken. */
function remove(remaining: { value: unknown }, issue: Issue): Steps[] {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => [...(issue.path as Steps), key])
    return keys.filter((path) => removeKey(remaining.value, path))
  }
  const path = wholeCondition(issue.path as Steps)
  while (path.length > 0) {
    if (typeof path[path.length - 1] === 'string' && removeKey(remaining.value, path)) return [path]
    path.pop()
  }
  return []
}

/** A condition goes as a whole: without one of its parts it would say something else. */
function wholeCondition(path: Steps): Steps {
  const at = path.findIndex((step) => typeof step === 'string' && CONDITION_KEYS.has(step))
  return at < 0 ? [...path] : path.slice(0, at + 1)
}

function removeKey(value: unknown, path: Steps): boolean {
  const parent = valueAt(value, path.slice(0, -1))
  const key = path[path.length - 1]
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent) || !Object.hasOwn(parent, key))
    return false
  return Reflect.deleteProperty(parent, key)
}

function valueAt(value: unknown, path: KeyPath): unknown {
  let at: unknown = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string | number, unknown>)[step]
  }
  return at
}

/** Whether the issue is only there because something was taken out: that very key, or one that it is `about` ('entries': any of its own). */
function followsFrom(issue: Issue, gone: Steps): boolean {
  const path = issue.path as Steps
  if (isSame(gone, path)) return true
  const about: unknown = issue.code === 'custom' ? issue.params?.['about'] : null
  const parent = gone.slice(0, -1)
  if (about === 'entries') return isSame(parent, path)
  const near = isSame(parent, path) || isSame(parent, path.slice(0, -1))
  return near && Array.isArray(about) && about.includes(gone[gone.length - 1])
}

function isSame(a: KeyPath, b: KeyPath): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index])
}

/** Of a union, the issues of the alternative that was probably meant: the one that fits best. */
function resolveUnion(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const branches = issue.errors.map((branch) => branch.flatMap(resolveUnion))
  const best = branches.reduce((a, b) => (misfit(b) < misfit(a) ? b : a))
  return best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
}

function misfit(issues: readonly Issue[]): number {
  let total = 0
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') total += 3 * issue.keys.length
    else total += issue.path.length === 0 ? 100 : 2
  }
  return total
}

const TYPE_NAMES: Readonly<Record<string, string>> = { object: 'a map', record: 'a map', array: 'a list' }

/** What zod itself asks for, as the phrase after "expected"; the values' own schemas bring theirs along. */
function expectedPhrase(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') return TYPE_NAMES[String(issue.expected)] ?? String(issue.expected)
  if (issue.code === 'unrecognized_keys') return shapeKeys(issue.inst).join(', ')
  if (issue.code === 'too_small') return 'at least one entry'
  if (issue.code === 'invalid_union' && Array.isArray(issue.options)) {
    const words = issue.options.filter((option) => typeof option === 'string')
    return `one of ${words.join(', ')}`
  }
  return 'another value'
}

function shapeKeys(schema: unknown): string[] {
  const isObject = typeof schema === 'object' && schema !== null && 'shape' in schema
  return isObject ? Object.keys(schema.shape as object) : []
}

function toProblems(
  issue: Issue,
  piece: { readonly raw: unknown; readonly path: KeyPath; readonly root: Located },
): Problem[] {
  const path = [...piece.path, ...(issue.path as Steps)]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) =>
      unknownKey({ path: [...path, key], known: issue.message.split(', '), root: piece.root }),
    )
  const value = valueAt(piece.raw, issue.path as Steps)
  const found = describeFound(value, path, piece.root)
  const given: unknown = issue.code === 'custom' ? issue.params?.['suggestion'] : null
  const suggestion = issue.code === 'invalid_union' ? nearest(String(value), issue.message.split(/[ ,]+/)) : given
  const shown = typeof suggestion === 'string' && !isSecret(path) ? suggestion : null
  return [
    {
      place: placeOf(piece.root, path),
      path,
      found,
      expected: issue.message,
      suggestion: shown,
    },
  ]
}

/** The problem of a key that is not among the known ones. */
export function unknownKey(options: { path: KeyPath; known: readonly string[]; root: Located }): Problem {
  const key = String(options.path.at(-1))
  return {
    place: placeOfKey(options.root, options.path),
    path: options.path,
    found: 'an unknown key',
    expected: `one of ${options.known.join(', ')}`,
    suggestion: nearest(key, options.known),
  }
}

/** The value in words; secrets stay unsaid, references are named. */
export function describeFound(value: unknown, path: KeyPath, root: Located): string {
  const reference = scalarAt(root, path)?.reference ?? null
  const visible = typeof value === 'string' ? maskPasswords(value) : value
  const described = isSecret(path) && value !== undefined ? 'a value not shown' : describeValue(visible)
  return reference === null ? described : `${described} (from ${reference.text})`
}

function isSecret(path: KeyPath): boolean {
  return path.some((step) => SECRET_KEYS.has(step)) || UNIT_KEY.every((step, index) => path[index] === step)
}
