// The configuration as a tree in which every value knows where it was written. Hides where a value came from (file, alias,
// override) from whoever only wants the value.
import { CONDITION_KEYS } from './conditions.ts'
import type { KeyPath, Place } from './problem.ts'

export type ScalarValue = string | number | boolean | null

export interface LocatedScalar {
  readonly kind: 'scalar'
  readonly place: Place
  readonly value: ScalarValue
  /** Where the value is wholly one ${env:NAME}: that text, and the value in the other type (text or what YAML makes of it). */
  readonly reference: { readonly text: string; readonly alternative: ScalarValue } | null
}

export interface LocatedMap {
  readonly kind: 'map'
  readonly place: Place
  readonly entries: Map<string, LocatedEntry>
}

export interface LocatedEntry {
  readonly keyPlace: Place
  readonly node: Located
}

export interface LocatedList {
  readonly kind: 'list'
  readonly place: Place
  readonly items: Located[]
}

export type Located = LocatedScalar | LocatedMap | LocatedList

/** The node at the path, or the deepest one on the way to it. */
export function descend(root: Located, path: KeyPath): { node: Located; depth: number } {
  let node = root
  let depth = 0
  for (const step of path) {
    const next = child(node, step)
    if (next === undefined) break
    node = next
    depth++
  }
  return { node, depth }
}

/** Where the value at the path is written; for a missing one, where its nearest existing parent is. */
export function placeOf(root: Located, path: KeyPath): Place {
  return descend(root, path).node.place
}

/** Where the key that ends the path is written. */
export function placeOfKey(root: Located, path: KeyPath): Place {
  const parent = descend(root, path.slice(0, -1)).node
  const key = path.at(-1)
  const entry = parent.kind === 'map' && typeof key === 'string' ? parent.entries.get(key) : undefined
  return entry?.keyPlace ?? placeOf(root, path)
}

/** The scalar at exactly this path, or null. */
export function scalarAt(root: Located, path: KeyPath): LocatedScalar | null {
  const { node, depth } = descend(root, path)
  return depth === path.length && node.kind === 'scalar' ? node : null
}

/** Whether something other than null stands at exactly this path. */
export function isGiven(root: Located, path: KeyPath): boolean {
  const { node, depth } = descend(root, path)
  return depth === path.length && !(node.kind === 'scalar' && node.value === null)
}

function child(node: Located, step: string | number): Located | undefined {
  if (node.kind === 'map' && typeof step === 'string') return node.entries.get(step)?.node
  return node.kind === 'list' && typeof step === 'number' ? node.items[step] : undefined
}

/** Keys whose empty value says something: this protocol does not listen. */
const NULL_IS_OFF: ReadonlySet<string> = new Set(['grpc', 'http'])

/**
 * The values without their places. A key without a value counts as not given, except where that means "off" and inside
 * conditions, where a forgotten value must not widen what matches.
 */
export function plain(node: Located, insideCondition = false): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map((item) => plain(item, insideCondition))
  const values: Record<string, unknown> = {}
  for (const [key, { node: value }] of node.entries) {
    const empty = value.kind === 'scalar' && value.value === null
    if (empty && !insideCondition && !NULL_IS_OFF.has(key)) continue
    values[key] = plain(value, insideCondition || CONDITION_KEYS.has(key))
  }
  return values
}
