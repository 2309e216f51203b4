// Lines of recordings: several files read side by side, without holding more of each than its current line.
import { createReadStream } from 'node:fs'

/** A non-empty line with where it stands. */
export interface Line {
  readonly file: string
  /** From 1. */
  readonly number: number
  readonly bytes: Buffer
}

const NEWLINE = 0x0a
/** Some editors begin a UTF-8 file with it; it belongs to no line. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const MAX_LINE_BYTES = 512 * 1024 * 1024

/** A file that cannot be read; the message names it and says why. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile'
}

/** The lines of a file in order. Split at line feeds alone, as JSON lines are; blank ones are passed over. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let rest: Buffer[] = []
  let restBytes = 0
  let number = 0
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer
      let from = number === 0 && restBytes === 0 && bytes.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        rest.push(bytes.subarray(from, end))
        from = end + 1
        number++
        const line = Buffer.concat(rest)
        rest = []
        restBytes = 0
        if (!isBlank(line)) yield { file, number, bytes: line }
      }
      rest.push(bytes.subarray(from))
      restBytes += bytes.length - from
      if (restBytes > MAX_LINE_BYTES)
        throw new UnreadableFile(`${file}:${number + 1}: a line of more than ${MAX_LINE_BYTES} bytes`)
    }
  } catch (error) {
    throw error instanceof UnreadableFile ? error : new UnreadableFile(`${file}: ${(error as Error).message}`)
  }
  const last = Buffer.concat(rest)
  if (!isBlank(last)) yield { file, number: number + 1, bytes: last }
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

/** Merges sequences: of their current items always the one with the lowest rank is next; equal ranks in the order given. */
export async function* mergeByRank<Item>(
  sources: readonly AsyncIterator<Item>[],
  rank: (item: Item) => number,
): AsyncGenerator<Item> {
  const heads = await Promise.all(sources.map((source) => source.next()))
  for (;;) {
    let lowest = -1
    heads.forEach((head, at) => {
      if (!head.done && (lowest < 0 || rank(head.value) < rank((heads[lowest] as IteratorYieldResult<Item>).value)))
        lowest = at
    })
    if (lowest < 0) return
    yield (heads[lowest] as IteratorYieldResult<Item>).value
    heads[lowest] = await sources[lowest].next()
  }
}
