// `--set a.b.0.c=value`: single keys of the configuration from the command line.
import type { Located, LocatedMap } from './located.ts'
import type { KeyPath, Place, Problem } from './problem.ts'
import type { Environment } from './substitution.ts'
import { readYaml } from './yaml-reader.ts'

export interface Override {
  /** As it was written before the "=". */
  readonly key: string
  readonly path: KeyPath
  readonly node: Located
}

/** Reads one override. The value is YAML; what is not YAML (`[::1]:4317`) is taken as text. */
export function parseOverride(text: string, env: Environment): { override: Override | null; problems: Problem[] } {
  const equals = text.indexOf('=')
  const key = equals < 0 ? text : text.slice(0, equals)
  const place: Place = { kind: 'override', key }
  const path = parseKeyPath(key)
  if (equals < 0 || path === null) {
    const found = JSON.stringify(text)
    const problem = { place, path: [], found, expected: 'KEY=VALUE such as store.type=memory', suggestion: null }
    return { override: null, problems: [problem] }
  }
  const value = text.slice(equals + 1)
  const read = (source: string) => readYaml({ text: source, env, placeAt: () => place, path })
  const empty: Located = { kind: 'scalar', place, value: null, reference: null }
  if (value.trim() === '') return { override: { key, path, node: empty }, problems: [] }
  const asYaml = read(value)
  const syntaxFailed = asYaml.problems.length > 0 && asYaml.root.kind === 'map' && asYaml.root.entries.size === 0
  const { root, problems } = syntaxFailed ? read(JSON.stringify(value)) : asYaml
  return { override: { key, path, node: root }, problems }
}

/** `slos.0.window`, `slos[0].window`, `slis.0.where."span.kind"`; null where it is no path. */
function parseKeyPath(key: string): KeyPath | null {
  const steps: (string | number)[] = []
  let rest = key
  while (rest !== '' || steps.length === 0) {
    const match = /^(?:"([^"]+)"|\[(\d{1,6})\]|([^."[\]=\s]+))(?:\.(?=.)|(?=\[)|$)/.exec(rest)
    if (match === null) return null
    const [whole, quoted, index, word] = match
    if (index !== undefined) steps.push(Number(index))
    else steps.push(quoted ?? word)
    rest = rest.slice(whole.length)
  }
  return steps.includes('__proto__') ? null : steps
}

/**
 * Puts the override's value into the tree and returns the new root. Missing maps on the way are made; what the
 * built-in defaults hold there is copied first, so that one entry of a default list can be changed.
 */
export function applyOverride(options: { root: Located; override: Override; defaults: Located }): {
  root: Located
  problems: Problem[]
} {
  const { override } = options
  const place: Place = { kind: 'override', key: override.key }
  const problems: Problem[] = []
  const put = (node: Located | undefined, base: Located | undefined, depth: number): Located => {
    if (depth === override.path.length) return override.node
    const step = override.path[depth]
    const given = node !== undefined && !(node.kind === 'scalar' && node.value === null)
    const target = given ? node : (base ?? emptyFor(step, place))
    if (target.kind === 'list') {
      const index = typeof step === 'number' ? step : /^\d{1,6}$/.test(step) ? Number(step) : -1
      if (index < 0 || index > target.items.length) {
        const expected = `an index from 0 to ${target.items.length}`
        problems.push({ place, path: override.path.slice(0, depth), found: String(step), expected, suggestion: null })
        return target
      }
      return { ...target, items: target.items.toSpliced(index, 1, put(target.items[index], undefined, depth + 1)) }
    }
    const map = target.kind === 'map' ? target : emptyMap(place)
    const key = String(step)
    const baseEntry = base?.kind === 'map' ? base.entries.get(key)?.node : undefined
    const child = put(map.entries.get(key)?.node, baseEntry, depth + 1)
    return { ...map, entries: new Map(map.entries).set(key, { keyPlace: place, node: child }) }
  }
  return { root: put(options.root, options.defaults, 0), problems }
}

function emptyFor(step: string | number, place: Place): Located {
  return /^\d+$/.test(String(step)) ? { kind: 'list', place, items: [] } : emptyMap(place)
}

function emptyMap(place: Place): LocatedMap {
  return { kind: 'map', place, entries: new Map() }
}
