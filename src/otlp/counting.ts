// How many items does a request hold? Answered without looking into them.
import type { Cursor } from './cursor.ts'
import type { JsonCursor } from './json-cursor.ts'
import type { ByteNames } from './names.ts'

const OPEN_OBJECT = 0x7b

/** Counts the fields that lie at the end of a path of tags, from its step `depth` on. */
export function countFields(cursor: Cursor, path: readonly number[], depth = 0): number {
  let count = 0
  while (cursor.position < cursor.end) {
    const tag = cursor.tag()
    if (tag !== path[depth] || depth === path.length - 1) {
      cursor.skip(tag)
      if (tag === path[depth]) count++
    } else {
      const outer = cursor.enter()
      count += countFields(cursor, path, depth + 1)
      cursor.leave(outer)
    }
  }
  return count
}

/** Within each element at the end of a path: an object under a name, and in it the array whose elements are counted. */
export interface InnerElements {
  readonly inner: ByteNames
  readonly elements: ByteNames
}

/** Counts the objects in the arrays that lie at the end of a path of member names, from its step `depth` on; of `inner` where it is given. */
export function countElements(
  cursor: JsonCursor,
  path: readonly ByteNames[],
  inner: InnerElements | null = null,
  depth = 0,
): number {
  if (depth === path.length) {
    if (cursor.peek() !== OPEN_OBJECT) cursor.fail('expected an object')
    if (inner !== null) return countInner(cursor, inner)
    cursor.skip()
    return 1
  }
  let count = 0
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    if (!isMember(cursor, path[depth])) cursor.skip()
    else if (!cursor.passNull()) {
      for (let another = cursor.enterArray(); another; another = cursor.nextElement())
        count += countElements(cursor, path, inner, depth + 1)
    }
  }
  return count
}

function countInner(cursor: JsonCursor, { inner, elements }: InnerElements): number {
  let count = 0
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    if (!isMember(cursor, inner)) cursor.skip()
    else if (!cursor.passNull()) count += countElements(cursor, [elements])
  }
  return count
}

/** Whether the member name just read is among the given. */
export function isMember(cursor: JsonCursor, names: ByteNames): boolean {
  return names.find(cursor.text, cursor.textStart, cursor.textEnd) >= 0
}
