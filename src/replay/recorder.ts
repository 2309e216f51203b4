// Writes what the daemon receives as a recording: one JSON export request a line, with its time of receipt.
// Requests that cannot be decoded are left out, since they cannot be said in JSON.
import { createWriteStream, type WriteStream } from 'node:fs'
import type { ExportRequest } from '../model/signal.ts'
import { DecodeError } from '../otlp/cursor.ts'
import { toJson } from '../otlp/transcode.ts'
import { RECEIVED_KEY } from './recording.ts'

/** Beyond this many bytes not yet written, recording gives up rather than fill the memory. */
const MAX_BACKLOG_BYTES = 256 * 1024 * 1024

/** Appends to a file. A file that cannot be written stops the recording, never the daemon. */
export class Recorder {
  readonly #file: WriteStream
  readonly #complain: (message: string) => void
  #stopped = false

  constructor(path: string, complain: (message: string) => void) {
    this.#complain = complain
    this.#file = createWriteStream(path, { flags: 'a' })
    this.#file.on('error', (error) => this.#giveUp(error.message))
  }

  /** Appends a request that was counted (or recognised as a retry) at `receivedMs`. */
  record(request: ExportRequest, receivedMs: number): void {
    if (this.#stopped || request.body.length === 0) return
    const line = lineOf(request, receivedMs)
    if (line === null) return
    this.#file.write(line)
    if (this.#file.writableLength > MAX_BACKLOG_BYTES) this.#giveUp('the disk is too slow')
  }

  /** Resolves when everything is in the file. */
  stop(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    this.#stopped = true
    return new Promise((resolve) => this.#file.end(resolve))
  }

  #giveUp(reason: string): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#complain(`recording stopped: ${reason}`)
    this.#file.destroy()
  }
}

/** Null for an empty request, and for one that is broken in a part that counting does not read. */
function lineOf(request: ExportRequest, receivedMs: number): string | null {
  if (request.encoding === 'json') return withReceipt(oneLine(request.body), receivedMs)
  try {
    return withReceipt(toJson(request.signal, request.body), receivedMs)
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}

/** JSON has no raw line breaks within texts, so those between its tokens can become spaces. */
function oneLine(body: Uint8Array): string {
  return Buffer.from(body)
    .toString('utf8')
    .replaceAll(/[\r\n]/g, ' ')
    .trim()
}

/** Null for an empty request. */
function withReceipt(json: string, receivedMs: number): string | null {
  const rest = json.slice(json.indexOf('{') + 1).trimStart()
  if (rest.startsWith('}')) return null
  return `{"${RECEIVED_KEY}":"${Math.round(receivedMs * 1000)}000",${rest}\n`
}
