// Leaves of a YAML text, found by the yaml package alone, and the text with one of them changed.
import { isMap, isScalar, isSeq, parseAllDocuments } from 'yaml'

export interface Leaf {
  readonly document: number
  /** As the importer writes it. */
  readonly path: string
  readonly keys: readonly (string | number)[]
  readonly line: number
  readonly value: unknown
  /** Where its text stands. */
  readonly from: number
  readonly to: number
}

export function leavesOf(text: string): Leaf[] {
  const leaves: Leaf[] = []
  for (const [document, { contents }] of documentsOf(text).entries()) {
    const visit = (node: unknown, path: string, keys: readonly (string | number)[]): void => {
      if (isMap(node) && node.items.length > 0)
        for (const { key, value } of node.items) {
          const name = String(isScalar(key) ? key.value : key)
          const step = /^[A-Za-z_][\w-]*$/.test(name) ? `${path === '' ? '' : '.'}${name}` : `[${JSON.stringify(name)}]`
          visit(value, `${path}${step}`, [...keys, name])
        }
      else if (isSeq(node) && node.items.length > 0)
        for (const [index, item] of node.items.entries()) visit(item, `${path}[${index}]`, [...keys, index])
      else if (isScalar(node) || isMap(node) || isSeq(node)) {
        const [from, to] = node.range ?? [0, 0]
        const value: unknown = isScalar(node) ? node.value : null
        leaves.push({ document, path, keys, line: text.slice(0, from).split('\n').length, value, from, to })
      }
    }
    visit(contents, '', [])
  }
  return leaves
}

function documentsOf(text: string) {
  const documents = parseAllDocuments(text)
  if (!Array.isArray(documents)) throw new Error('no documents')
  return documents
}

/** The text with another value of the same type at the leaf. */
export function withOther(text: string, { from, to, value }: Leaf): string {
  const isBlock = text[from] === '|'
  return `${text.slice(0, from)}${otherThan(value)}${isBlock ? '\n' : ''}${text.slice(to)}`
}

function otherThan(value: unknown): string {
  if (typeof value === 'boolean') return String(!value)
  if (typeof value === 'number') return String(value < 1 ? value / 2 : value * 2)
  return typeof value === 'string' ? 'another' : '[another]'
}
