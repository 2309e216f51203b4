// Habits of the code that a machine can check: where time and chance come from, sizes, heads, forbidden shortcuts.
import { ROOMS_WITHOUT_IO } from './imports.ts'
import { type SourceFile, withoutComments } from './source-files.ts'

const MAX_LINES = 400

interface Ban {
  readonly pattern: RegExp
  readonly says: string
  readonly in: RegExp
  readonly butNotIn: RegExp
}

const NOWHERE = /^$/
const SOURCES = /^src\//
const COMPUTING = new RegExp(`^src/(${ROOMS_WITHOUT_IO.join('|')})/`)
const CODE = /^(src|test|bench|bin)\//

const BANS: readonly Ban[] = [
  {
    pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/,
    says: 'reads a clock, which only runtime/ may',
    in: SOURCES,
    butNotIn: /^src\/runtime\//,
  },
  {
    pattern: /\bsetTimeout\b|\bsetInterval\b/,
    says: 'sets a timer, which only runtime/ may',
    in: SOURCES,
    butNotIn: /^src\/runtime\//,
  },
  {
    // Rooms with I/O let others run between two pieces of a large piece of work.
    pattern: /\bsetImmediate\b/,
    says: 'yields to the event loop, which a room that computes may not',
    in: COMPUTING,
    butNotIn: NOWHERE,
  },
  {
    pattern: /\bMath\.random\b/,
    says: 'draws a random number, which only runtime/ may',
    in: SOURCES,
    butNotIn: /^src\/runtime\//,
  },
  {
    pattern: /\brandomUUID\b|\brandomBytes\b|\bgetRandomValues\b/,
    says: 'draws a random number, which a room that computes may not',
    in: COMPUTING,
    butNotIn: NOWHERE,
  },
  {
    pattern: /\bprocess\.env\b/,
    says: 'reads the environment, which only config/ and main.ts may',
    in: SOURCES,
    butNotIn: /^src\/(config\/.*|main\.ts)$/,
  },
  {
    pattern: /\b(test|it|describe)\.(skip|only|todo)(If)?\b/,
    says: 'leaves tests out',
    in: /^test\//,
    butNotIn: /^test\/architecture/,
  },
  { pattern: /\bas unknown as\b/, says: 'forces a type', in: CODE, butNotIn: /^test\/architecture/ },
]

const LEFT_OVER = /\b(TODO|FIXME|XXX)\b/
const EMPTY_NAME = /\/(utils?|helpers?|common|types|misc|interfaces|enums|classes)(\/|\.[jt]s$)/

/** Every break of a habit, as "path:line what". */
export function habitViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [...bannedWords(file), ...leftOvers(file), ...shapeViolations(file)])
}

function bannedWords(file: SourceFile): string[] {
  const bans = BANS.filter((ban) => ban.in.test(file.path) && !ban.butNotIn.test(file.path))
  if (bans.length === 0) return []
  return withoutComments(file.text)
    .split('\n')
    .flatMap((line, index) =>
      bans.filter(({ pattern }) => pattern.test(line)).map(({ says }) => `${file.path}:${index + 1} ${says}`),
    )
}

function leftOvers(file: SourceFile): string[] {
  if (file.path.startsWith('test/architecture')) return []
  return file.text
    .split('\n')
    .flatMap((line, index) => (LEFT_OVER.test(line) ? [`${file.path}:${index + 1} is unfinished`] : []))
}

function shapeViolations({ path, text }: SourceFile): string[] {
  const violations: string[] = []
  const lines = text.split('\n').length - 1
  if (lines > MAX_LINES) violations.push(`${path} has ${lines} lines, more than ${MAX_LINES}`)
  if (CODE.test(path) && !path.endsWith('.test.ts') && !/^(#!.*\n)?(\/\/|\/\*)/.test(text))
    violations.push(`${path} does not say at its head what it is`)
  if (EMPTY_NAME.test(`/${path}`)) violations.push(`${path} has a name that does not say what is in it`)
  return violations
}
