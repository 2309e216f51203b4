// Which room may know which. The direction is the order of the data; only the composition sees everything.
import { posix } from 'node:path'
import { type SourceFile, withoutComments } from './source-files.ts'

const PURE = ['model', 'runtime']

/** Folders that put rooms together, as the files directly in src/ do. */
const COMPOSITION = ['daemon', 'commands']

/** What each room may import beside itself. */
const KNOWN_ROOMS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  runtime: [],
  sketch: PURE,
  stats: PURE,
  otlp: PURE,
  cohort: PURE,
  slices: [...PURE, 'sketch'],
  streams: PURE,
  units: [...PURE, 'sketch'],
  engine: [...PURE, 'sketch', 'stats', 'otlp', 'cohort', 'slices', 'streams', 'units'],
  config: PURE,
  ingest: [...PURE, 'otlp'],
  store: PURE,
  publish: PURE,
  forward: PURE,
  api: PURE,
  telemetry: PURE,
  ui: PURE,
  watch: PURE,
  // Reads and writes state by the verbs of the store's port.
  archive: [...PURE, 'store'],
  migration: PURE,
  // Shows a running daemon as `cohortd watch` does.
  demo: [...PURE, 'watch'],
  // Drives an engine over a recording, without sockets.
  replay: [...PURE, 'otlp', 'engine'],
}

/** Rooms that compute and nothing else: no file, socket, process or thread. Hashing is computing. */
export const ROOMS_WITHOUT_IO = [
  'model',
  'sketch',
  'stats',
  'otlp',
  'cohort',
  'slices',
  'streams',
  'units',
  'migration',
  'engine',
]
const PURE_NODE_MODULES = ['node:crypto', 'node:buffer', 'node:util']

/** Any import of node:http but one of types. */
const WHOLE_HTTP = /\bimport\b(?!\s+type\b)\s*(?:[^'"`]*?\bfrom\s*|\(\s*)?(['"`])node:http\1/g

interface Import {
  readonly line: number
  readonly specifier: string
}

/** Every import that points the wrong way, and every room that nobody has placed. */
export function importViolations(files: readonly SourceFile[]): string[] {
  return files.filter(({ path }) => path.startsWith('src/')).flatMap(violationsOf)
}

function violationsOf(file: SourceFile): string[] {
  const room = roomOf(file.path)
  const imports = importsOf(file.text)
  const ioredis = imports
    .filter(({ specifier }) => specifier === 'ioredis' && !/^src\/(store|publish)\/redis/.test(file.path))
    .map(({ line }) => `${file.path}:${line} imports ioredis, which only store/redis and publish/redis may`)
  const everywhere = [...ioredis, ...wholeHttp(file)]
  if (room === null) return everywhere
  const known = KNOWN_ROOMS[room]
  if (known === undefined) return [`${file.path}: the room ${room} is not in the list of rooms`]
  return [...everywhere, ...imports.flatMap((found) => wrongImport(file.path, room, known, found))]
}

function wholeHttp({ path, text }: SourceFile): string[] {
  const source = withoutComments(text)
  return [...source.matchAll(WHOLE_HTTP)].map(
    ({ index }) =>
      `${path}:${lineAt(source, index)} touches all that node:http exports, which loads 14 MB; process.getBuiltinModule does not`,
  )
}

function wrongImport(path: string, room: string, known: readonly string[], { line, specifier }: Import): string[] {
  if (specifier.startsWith('node:'))
    return ROOMS_WITHOUT_IO.includes(room) && !PURE_NODE_MODULES.includes(specifier)
      ? [`${path}:${line} imports ${specifier}, but ${room} does no I/O`]
      : []
  if (!specifier.startsWith('.')) return []
  const target = posix.join(posix.dirname(path), specifier)
  if (!target.startsWith('src/')) return [`${path}:${line} imports ${specifier}, which is outside src/`]
  const other = roomOf(target)
  if (other === null) return [`${path}:${line} imports ${target}: no room may know how the rooms are composed`]
  return other === room || known.includes(other)
    ? []
    : [`${path}:${line} imports ${target}: ${room} may not know ${other}`]
}

/** Static and dynamic imports, re-exports, and files started as threads. */
export function importsOf(text: string): Import[] {
  const source = withoutComments(text)
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*(?=.\.))(['"`])([^'"`\n]+)\1/g
  return [...source.matchAll(pattern)].map((match) => ({
    line: lineAt(source, match.index),
    specifier: match[2],
  }))
}

function lineAt(source: string, index: number): number {
  return source.slice(0, index).split('\n').length
}

/** Null for the composition. */
function roomOf(path: string): string | null {
  const parts = path.split('/')
  return parts.length > 2 && !COMPOSITION.includes(parts[1]) ? parts[1] : null
}
