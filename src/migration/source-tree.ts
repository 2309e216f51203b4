// A foreign YAML file as a tree that remembers what was taken from it. Hides how "nothing is dropped silently" is kept: whoever carries
// a value over marks it as used, and what nobody has used is listed at the end, with the reason that was given for it or for what it stands in.
import type { Document, Node } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'

/** A larger file is no collection of objectives. */
const LARGEST_CHARACTERS = 1_048_576
/** Values after the expansion of aliases, over all documents. */
const MOST_VALUES = 100_000
const DEEPEST = 40

export type Scalar = string | number | boolean | null

/** Something to say of a place in the file. */
export interface Remark {
  /** From 1. */
  readonly line: number
  readonly column: number
  /** `spec.objectives[0].target`; empty for the document itself. */
  readonly path: string
  /** Whether the value is missing in the result, is said there in another way, must be looked at by a person, or spoils the whole file. */
  readonly kind: 'left_out' | 'changed' | 'look' | 'refused'
  readonly why: string
}

export class SourceNode {
  readonly path: string
  readonly line: number
  readonly column: number
  /** A scalar's value; null for maps and lists. */
  readonly value: Scalar
  readonly kind: 'map' | 'list' | 'scalar'
  readonly #children = new Map<string, SourceNode>()
  #isUsed = false
  #why: string | null = null

  constructor(kind: SourceNode['kind'], place: { path: string; line: number; column: number }, value: Scalar = null) {
    this.kind = kind
    this.path = place.path
    this.line = place.line
    this.column = place.column
    this.value = value
  }

  /** Whether there was no child of that key yet. */
  add(key: string, child: SourceNode): boolean {
    if (this.#children.has(key)) return false
    this.#children.set(key, child)
    return true
  }

  /** The value at a key of a map; null where there is none or this is no map. */
  get(key: string): SourceNode | null {
    return this.kind === 'map' ? (this.#children.get(key) ?? null) : null
  }

  /** The same through several maps. */
  at(...keys: readonly string[]): SourceNode | null {
    return keys.reduce<SourceNode | null>((node, key) => node?.get(key) ?? null, this)
  }

  /** Keys of a map. */
  keys(): string[] {
    return this.kind === 'map' ? [...this.#children.keys()] : []
  }

  /** Values of a list; none where this is no list. */
  items(): SourceNode[] {
    return this.kind === 'list' ? [...this.#children.values()] : []
  }

  /** The text at a key; null where there is none. */
  text(key: string): string | null {
    const value = this.#read(key, 'text', (found) => typeof found === 'string' && found.trim() !== '')
    return value === null ? null : String(value)
  }

  /** The finite number at a key; null where there is none. */
  number(key: string): number | null {
    const value = this.#read(key, 'a number', (found) => typeof found === 'number' && Number.isFinite(found))
    return value === null ? null : Number(value)
  }

  /** The truth value at a key; null where there is none. */
  flag(key: string): boolean | null {
    const value = this.#read(key, 'true or false', (found) => typeof found === 'boolean')
    return value === null ? null : value === true
  }

  #read(key: string, expected: string, fits: (value: Scalar) => boolean): Scalar {
    const node = this.get(key)
    if (node === null) return null
    if (node.kind === 'scalar' && fits(node.value)) return node.value
    node.leaveOut(`${expected} is expected here`)
    return null
  }

  /** Marks it as carried over. */
  use(): void {
    this.#isUsed = true
  }

  /** Marks values at keys as carried over. */
  useAll(...keys: readonly string[]): void {
    for (const key of keys) this.get(key)?.use()
  }

  /** Gives the reason for everything in it that is not used; a reason given earlier stays. */
  leaveOut(why: string): void {
    this.#why ??= why
  }

  /** Says something of it. */
  remark(kind: Remark['kind'], why: string): Remark {
    return { line: this.line, column: this.column, path: this.path, kind, why }
  }

  /** A remark on every leaf that nobody has used: scalars, empty maps and empty lists. */
  unused(inherited = 'a cohortd configuration has no counterpart'): Remark[] {
    const why = this.#why ?? inherited
    if (this.#children.size > 0) return [...this.#children.values()].flatMap((child) => child.unused(why))
    return this.#isUsed ? [] : [this.remark('left_out', why)]
  }
}

/** All documents of a YAML text that are not empty; `refused` says why it cannot be read. */
export function readSourceTrees(text: string): { documents: SourceNode[]; refused: Remark[] } {
  const refuse = (line: number, column: number, why: string): { documents: SourceNode[]; refused: Remark[] } => ({
    documents: [],
    refused: [{ line: Math.max(1, line), column: Math.max(1, column), path: '', kind: 'refused', why }],
  })
  if (text.length > LARGEST_CHARACTERS)
    return refuse(1, 1, `${text.length} characters; at most ${LARGEST_CHARACTERS} are read`)
  const lines = new LineCounter()
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
    if (!Array.isArray(parsed)) return { documents: [], refused: [] }
    const errors = parsed.flatMap((document) => document.errors)
    if (errors.length > 0) {
      const { line, col } = lines.linePos(errors[0].pos[0])
      return refuse(line, col, `this is not YAML: ${errors[0].message}`)
    }
    const builder = new SourceBuilder(lines)
    const documents = parsed.flatMap((document: Document) =>
      document.contents === null || isEmptyScalar(document.contents) ? [] : [builder.build(document.contents)],
    )
    return { documents, refused: builder.refused }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return refuse(1, 1, 'values are nested without end')
  }
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && node.value === null
}

class SourceBuilder {
  readonly refused: Remark[] = []
  readonly #lines: LineCounter
  /** By name, the last one above: what an alias means at its place. */
  readonly #anchors = new Map<string, Node>()
  #values = 0

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  build(node: unknown, path = '', depth = 0, offset = 0): SourceNode {
    const at = (node as Node | null)?.range?.[0] ?? offset
    const { line, col } = this.#lines.linePos(at)
    const place = { path, line: Math.max(1, line), column: Math.max(1, col) }
    const isTooMuch = ++this.#values > MOST_VALUES
    if (isTooMuch || depth > DEEPEST) {
      const nothing = new SourceNode('scalar', place)
      const why = isTooMuch ? `more than ${MOST_VALUES} values` : `values nested more than ${DEEPEST} deep`
      if (this.refused.length === 0) this.refused.push(nothing.remark('refused', why))
      return nothing
    }
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)
      this.#anchors.set(node.anchor, node)
    const content: unknown = isAlias(node) ? this.#anchors.get(node.source) : node
    if (content === undefined)
      this.refused.push(new SourceNode('scalar', place).remark('refused', 'an alias of nothing'))
    if (isMap(content)) {
      const map = new SourceNode('map', place)
      for (const { key, value } of content.items) {
        const name = isScalar(key) ? String(key.value) : String(key)
        const keyAt = isScalar(key) ? (key.range?.[0] ?? at) : at
        map.add(name, this.build(value, joined(path, name), depth + 1, keyAt))
      }
      return map
    }
    if (isSeq(content)) {
      const list = new SourceNode('list', place)
      for (const [index, item] of content.items.entries())
        list.add(String(index), this.build(item, `${path}[${index}]`, depth + 1, at))
      return list
    }
    return new SourceNode('scalar', place, scalarOf(isScalar(content) ? content.value : null))
  }
}

function scalarOf(value: unknown): Scalar {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return value === null || value === undefined ? null : `${value as bigint}`
}

function joined(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}
