// A cohortd configuration as YAML text with comments: what is given as text never becomes anything but a comment or a value.
import { stringify } from 'yaml'
import type { SourceNode } from './source-tree.ts'

/** An entry of a list, or (null) only what is said in its place. */
export interface ListEntry {
  readonly comments: readonly string[]
  readonly entry: Readonly<Record<string, unknown>> | null
}

/** A list under its key, comments above their entries. */
export function listText(key: string, entries: readonly ListEntry[]): string {
  const isEmpty = entries.every(({ entry }) => entry === null)
  const parts = entries.map(({ comments, entry }) => {
    const above = commentText(comments, '  ')
    const below =
      entry === null
        ? ''
        : stringify([entry], { lineWidth: 0, aliasDuplicateObjects: false }).replaceAll(/^(?=.)/gm, '  ')
    return above + below
  })
  return isEmpty ? `${parts.join('')}${key}: []\n` : `${key}:\n${parts.join('')}`
}

/** Lines of a comment; texts may have several lines. */
export function commentText(comments: readonly string[], indent: string): string {
  return comments
    .flatMap(commentLines)
    .map((line) => `${indent}# ${line}`.trimEnd() + '\n')
    .join('')
}

/** Text as lines without control characters. */
export function commentLines(text: string): string[] {
  return text
    .trimEnd()
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => line.replaceAll(/\p{Cc}/gu, ' '))
}

/** displayName and description of an object, as comments. */
export function titleOf(node: SourceNode): string[] {
  return [node.get('metadata')?.text('displayName') ?? null, node.get('spec')?.text('description') ?? null].flatMap(
    (text) => (text === null ? [] : commentLines(text)),
  )
}

/** Marks what titleOf() gives as carried over. */
export function useTitle(node: SourceNode): void {
  useText(node.get('metadata'), 'displayName')
  useText(node.get('spec'), 'description')
}

/** Marks the text at a key, if there is one, as carried over. */
export function useText(node: SourceNode | null, key: string): void {
  if (typeof node?.text(key) === 'string') node.useAll(key)
}
