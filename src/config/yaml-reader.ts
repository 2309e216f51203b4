// From YAML text to a located tree: aliases and merge keys expanded, references substituted, everything bounded.
// Hides the yaml package from the rest of the room.

import type { Document, Node, YAMLError, YAMLMap } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'
import type { Located, LocatedEntry, LocatedMap } from './located.ts'
import type { KeyPath, Place, Problem } from './problem.ts'
import type { Environment } from './substitution.ts'
import { substitute } from './substitution.ts'

/** Beyond this a file is no configuration; a Kubernetes ConfigMap ends there too. */
const LARGEST_BYTES = 1_048_576
/** Values after the expansion of aliases: what stops a file that doubles itself with every line. */
const MOST_VALUES = 200_000
const DEEPEST = 40

export interface YamlSource {
  readonly text: string
  readonly env: Environment
  /** Place of an offset's line and column (both from 1). */
  readonly placeAt: (line: number, column: number) => Place
  /** Where the value will stand, for problems. */
  readonly path: KeyPath
}

/** The text's one document. With problems the tree holds what could be read; an empty text is an empty map. */
export function readYaml(source: YamlSource): { root: Located; problems: Problem[] } {
  const problems: Problem[] = []
  const report = (
    place: Place,
    path: KeyPath,
    found: string,
    expected: string,
    suggestion: string | null = null,
  ): void => {
    problems.push({ place, path, found, expected, suggestion })
  }
  const start = source.placeAt(1, 1)
  const nothing: Located = { kind: 'map', place: start, entries: new Map() }
  if (source.text.length > LARGEST_BYTES) {
    report(start, source.path, `${source.text.length} characters`, `at most ${LARGEST_BYTES}`)
    return { root: nothing, problems }
  }
  const lines = new LineCounter()
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return source.placeAt(Math.max(1, line), Math.max(1, col))
  }
  try {
    const documents = parseAllDocuments(source.text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false })
    if (!Array.isArray(documents) || documents.length === 0) return { root: nothing, problems }
    for (const document of documents)
      for (const error of [...document.errors, ...document.warnings])
        report(placeOf(error.pos[0]), source.path, ...syntaxPhrases(error))
    if (documents.length > 1)
      report(placeOf(documents[1].range[0]), source.path, 'a second YAML document', 'one document in a file')
    const builder = new TreeBuilder({ env: source.env, placeOf, report })
    const contents = (documents[0] as Document).contents
    if (contents === null || documents[0].errors.length > 0) return { root: nothing, problems }
    return { root: builder.build(contents, source.path), problems }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report(start, source.path, 'values nested without end', `at most ${DEEPEST} levels`)
    return { root: nothing, problems }
  }
}

function syntaxPhrases(error: YAMLError): [found: string, expected: string] {
  if (error.code === 'TAB_AS_INDENT') return ['a tab as indentation', 'spaces']
  return [`text that is not YAML (${error.message})`, 'valid YAML 1.2']
}

interface BuilderOptions {
  readonly env: Environment
  readonly placeOf: (offset: number) => Place
  readonly report: (place: Place, path: KeyPath, found: string, expected: string, suggestion?: string | null) => void
}

class TreeBuilder {
  readonly #options: BuilderOptions
  /** By name, the last one above: what an alias means at its place. */
  readonly #anchors = new Map<string, Node>()
  #values = 0

  constructor(options: BuilderOptions) {
    this.#options = options
  }

  build(node: Node | null, path: KeyPath, depth = 0, fallback: Place = this.#options.placeOf(0)): Located {
    const place = node?.range ? this.#options.placeOf(node.range[0]) : fallback
    const nothing: Located = { kind: 'scalar', place, value: null, reference: null }
    if (depth > DEEPEST) return this.#refuse(nothing, path, 'values nested too deeply', `at most ${DEEPEST} levels`)
    if (++this.#values > MOST_VALUES) {
      if (this.#values > MOST_VALUES + 1) return nothing
      return this.#refuse(nothing, path, 'too many values (aliases counted where they stand)', `at most ${MOST_VALUES}`)
    }
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source)
      if (target !== undefined) return { ...this.build(target, path, depth + 1), place }
      return this.#refuse(nothing, path, `the alias *${node.source}`, `an anchor &${node.source} above it`)
    }
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)
      this.#anchors.set(node.anchor, node)
    if (isMap(node)) return this.#map(node, path, depth, place)
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.build(item as Node | null, [...path, index], depth + 1, place))
      return { kind: 'list', place, items }
    }
    return isScalar(node) ? this.#scalar(node.value, node.type !== 'PLAIN', path, place) : nothing
  }

  #refuse(node: Located, path: KeyPath, found: string, expected: string): Located {
    this.#options.report(node.place, path, found, expected)
    return node
  }

  #scalar(value: unknown, quoted: boolean, path: KeyPath, place: Place): Located {
    if (typeof value === 'string' && value.includes('$')) {
      const { mistakes, ...scalar } = substitute(value, { quoted, env: this.#options.env })
      for (const { found, expected, suggestion } of mistakes)
        this.#options.report(place, path, found, expected, suggestion)
      return { kind: 'scalar', place, ...scalar }
    }
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return { kind: 'scalar', place, value, reference: null }
    const nothing: Located = { kind: 'scalar', place, value: null, reference: null }
    return this.#refuse(nothing, path, 'a value of another YAML version or type', 'text, a number, true, false or null')
  }

  #map(node: YAMLMap, path: KeyPath, depth: number, place: Place): LocatedMap {
    const entries = new Map<string, LocatedEntry>()
    const merged: Located[] = []
    for (const { key: keyNode, value: valueNode } of node.items) {
      const key = keyText(keyNode)
      const keyPlace = keyPlaceOf(keyNode, place, this.#options.placeOf)
      if (key === null || key === '__proto__') {
        this.#options.report(
          keyPlace,
          path,
          key === null ? 'a key that is no text' : `the key "${key}"`,
          'a name as key',
        )
        continue
      }
      const value = this.build(valueNode as Node | null, [...path, key], depth + 1, keyPlace)
      if (key === '<<') merged.push(value)
      else if (entries.has(key)) {
        const found = `the key ${JSON.stringify(key)} a second time`
        this.#options.report(keyPlace, [...path, key], found, 'every key at most once in a map')
      } else entries.set(key, { keyPlace, node: value })
    }
    for (const source of merged) this.#merge(entries, source, path)
    return { kind: 'map', place, entries }
  }

  /** https://yaml.org/type/merge.html: own keys win, then the earlier of several maps. */
  #merge(entries: Map<string, LocatedEntry>, source: Located, path: KeyPath): void {
    const maps = source.kind === 'list' ? source.items : [source]
    for (const map of maps) {
      if (map.kind !== 'map') {
        this.#options.report(
          map.place,
          [...path, '<<'],
          'a merge key without a map',
          'an alias of a map, or a list of such',
        )
        continue
      }
      for (const [key, entry] of map.entries) if (!entries.has(key)) entries.set(key, entry)
    }
  }
}

/** A number or truth value as key is meant as it was written: the version 2.0 is not 2. */
function keyText(key: unknown): string | null {
  if (!isScalar(key)) return null
  if (typeof key.value === 'string') return key.value
  return typeof key.value === 'number' || typeof key.value === 'boolean' ? (key.source ?? String(key.value)) : null
}

function keyPlaceOf(key: unknown, fallback: Place, placeOf: (offset: number) => Place): Place {
  return (isScalar(key) || isMap(key) || isSeq(key) || isAlias(key)) && key.range ? placeOf(key.range[0]) : fallback
}
