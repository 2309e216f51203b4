// Finds, reads and checks the configuration. The only place of the daemon that reads environment variables.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Settings } from '../model/settings.ts'
import { compile } from './compile.ts'
import { defaultLists } from './defaults.ts'
import { inactiveSentences } from './inactive.ts'
import type { Located } from './located.ts'
import { applyOverride, parseOverride } from './overrides.ts'
import { readPieces } from './pieces.ts'
import type { Problem } from './problem.ts'
import { formatPath } from './problem.ts'
import { checkReferences } from './references.ts'
import type { Environment } from './substitution.ts'
import { readYaml } from './yaml-reader.ts'

const DEFAULT_PATH = './config/cohortd.yaml'

export interface LoadOptions {
  /** `--config`: must exist where given. */
  readonly configPath?: string | undefined
  /** Each `key.path=value`, as `--set` has it; later ones win. */
  readonly overrides?: readonly string[]
  readonly env?: Environment
  readonly cwd?: string
  /** Text of a file by absolute path; throws with code ENOENT where there is none. */
  readonly readFile?: (path: string) => string
}

export interface Loaded {
  /** The file that was read, as it was named; null: built-in defaults. */
  readonly file: string | null
  /** Null exactly when there are problems. */
  readonly settings: Settings | null
  readonly problems: readonly Problem[]
  /** What deserves attention though it is right, a sentence each. */
  readonly notes: readonly string[]
}

/** Loads the configuration: `configPath`, else COHORTD_CONFIG, else ./config/cohortd.yaml if it exists, else the defaults. Never throws for what a user can get wrong. */
export function loadSettings(options: LoadOptions = {}): Loaded {
  const env = options.env ?? process.env
  const source = readSource(options, env)
  const problems: Problem[] = [...source.problems]
  let tree: Located = { kind: 'map', place: { kind: 'builtin' }, entries: new Map() }
  if (source.text !== null) {
    const file = source.file ?? ''
    const placeAt = (line: number, column: number) => ({ kind: 'file', file, line, column }) as const
    const read = readYaml({ text: source.text, env, placeAt, path: [] })
    tree = read.root
    problems.push(...read.problems)
  }
  for (const text of options.overrides ?? []) {
    const { override, problems: unreadable } = parseOverride(text, env)
    problems.push(...unreadable)
    if (override === null) continue
    const applied = applyOverride({ root: tree, override, defaults: defaultLists() })
    tree = applied.root
    problems.push(...applied.problems)
  }
  const { pieces, problems: wrong } = readPieces(tree)
  const unread = new Set(problems.map(({ path }) => formatPath(path)))
  problems.push(...wrong.filter(({ path }) => !unread.has(formatPath(path))))
  problems.push(...checkReferences(pieces, { tree, known: problems }))
  if (problems.length > 0) return { file: source.file, settings: null, problems, notes: [] }
  const { settings, notes } = compile(pieces, inactiveSentences(pieces, tree))
  return { file: source.file, settings, problems, notes }
}

interface Source {
  readonly file: string | null
  readonly text: string | null
  readonly problems: readonly Problem[]
}

function readSource(options: LoadOptions, env: Environment): Source {
  const named = options.configPath ?? (env['COHORTD_CONFIG'] || undefined)
  const file = named ?? DEFAULT_PATH
  const readFile = options.readFile ?? ((path: string) => readFileSync(path, 'utf8'))
  try {
    return { file, text: readFile(resolve(options.cwd ?? process.cwd(), file)), problems: [] }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (named === undefined && code === 'ENOENT') return { file: null, text: null, problems: [] }
    const found = code === 'ENOENT' ? 'no such file' : `a file that cannot be read (${(error as Error).message})`
    const place = { kind: 'file', file, line: 1, column: 1 } as const
    return { file, text: null, problems: [{ place, path: [], found, expected: 'a configuration', suggestion: null }] }
  }
}
