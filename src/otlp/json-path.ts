// Where in a JSON text a byte stands, for error messages: found by reading again, so that reading right costs nothing.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MAX_NAME = 40

/** An object or array that is open where the reading stops. */
interface Frame {
  /** Null for an array. */
  name: string | null
  index: number
}

/**
 * The path of the value at or around `offset`, as in `resourceSpans[0].scopeSpans[2].spans`; `$` for the whole text.
 * The bytes before `offset` must be the beginning of a JSON text.
 */
export function jsonPath(bytes: Uint8Array, offset: number): string {
  const frames: Frame[] = []
  let text = ''
  for (let at = 0; at < offset; at++) {
    const top = frames.at(-1)
    switch (bytes[at]) {
      case QUOTE: {
        const end = stringEnd(bytes, at)
        if (end > offset) return pathOf(frames)
        text = Buffer.from(bytes.subarray(at + 1, end - 1)).toString('utf8')
        at = end - 1
        break
      }
      case 0x3a: // :
        if (top !== undefined) top.name = text.length > MAX_NAME ? `${text.slice(0, MAX_NAME)}…` : text
        break
      case 0x7b: // {
        frames.push({ name: '', index: 0 })
        break
      case 0x5b: // [
        frames.push({ name: null, index: 0 })
        break
      case 0x7d: // }
      case 0x5d: // ]
        frames.pop()
        break
      case 0x2c: // ,
        if (top?.name === null) top.index++
        else if (top !== undefined) top.name = ''
        break
    }
  }
  return pathOf(frames)
}

function pathOf(frames: readonly Frame[]): string {
  let path = ''
  for (const { name, index } of frames) {
    if (name === null) path += `[${index}]`
    else if (name !== '') path += path === '' ? name : `.${name}`
  }
  return path === '' ? '$' : path
}

/** The position behind the string that begins at `start`; beyond the bytes when it has no end. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at + 1
}
