// Lines of a file as bytes, one in memory at a time. Split at line feeds alone: JSON text may hold every other line separator.
import { createReadStream } from 'node:fs'

export interface NumberedLine {
  /** From 1. */
  readonly number: number
  /** Without the line feed. */
  readonly bytes: Buffer
  /** Whether a line feed ended it; only the last line of a file may lack one. */
  readonly ended: boolean
}

const NEWLINE = 0x0a
/** A row is some KB; what is longer than this is no archive. */
const MAX_LINE_BYTES = 256 * 1024 * 1024

/** The file is not what was asked for; the message names the line, says what is wrong and what to do. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}

export async function* readLines(path: string): AsyncGenerator<NumberedLine> {
  let parts: Buffer[] = []
  let heldBytes = 0
  let number = 1
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      yield { number, bytes: Buffer.concat([...parts, bytes.subarray(from, end)]), ended: true }
      number++
      from = end + 1
      parts = []
      heldBytes = 0
    }
    parts.push(bytes.subarray(from))
    heldBytes += bytes.length - from
    if (heldBytes > MAX_LINE_BYTES)
      throw new ArchiveError(`line ${number} is longer than ${MAX_LINE_BYTES} bytes: this is no archive of cohortd`)
  }
  if (heldBytes > 0) yield { number, bytes: Buffer.concat(parts), ended: false }
}
