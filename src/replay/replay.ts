// Runs recordings through the daemon's own engine, on the data's clock. Deterministic to the byte.

import { Engine } from '../engine/engine.ts'
import type { EngineSettings } from '../model/settings.ts'
import { mergeByRank, readLines } from './lines.ts'
import { identityOf, LineReader, type RecordedLine } from './recording.ts'

export interface ReplayOptions {
  readonly settings: EngineSettings
  readonly files: readonly string[]
  /** How long the clock goes on after the last line. */
  readonly afterMs: number
  /** Takes a line of output, without its line feed; what it promises is waited for. */
  readonly write: (line: string) => void | Promise<void>
  /** Told of what could not be counted: "file:line: why". */
  readonly complain: (message: string) => void
}

/**
 * Writes each event as a line of JSON, and the report as the last one. The clock of a line is its receipt where it
 * tells; otherwise the newest end time so far. Rejects with UnreadableFile where a file cannot be read.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const { settings } = options
  const reader = new LineReader(settings.allowedFutureMs)
  const sources = options.files.map((file) => readAll(file, reader))
  let engine: Engine | null = null
  let nowMs = -Infinity
  for await (const recorded of mergeByRank(sources, rankOf)) {
    const clock = rankOf(recorded)
    if (Number.isFinite(clock)) nowMs = Math.max(nowMs, clock)
    engine ??= newEngine(settings, Number.isFinite(nowMs) ? nowMs : 0)
    feed({ engine, recorded, nowMs: Number.isFinite(nowMs) ? nowMs : 0, options })
    await flush(engine, options.write)
  }
  engine ??= newEngine(settings, 0)
  if (Number.isFinite(nowMs)) engine.advanceTo(nowMs + options.afterMs)
  await flush(engine, options.write)
  await options.write(JSON.stringify(engine.report()))
}

/**
 * How long before its first line a recording is taken to begin: a cumulative time series that began later is counted from its beginning,
 * since whoever recorded it saw it begin. Longer than the usual interval of metric exports.
 */
const VIEW_BEFORE_MS = 120_000

function newEngine(settings: EngineSettings, startMs: number): Engine {
  return new Engine(settings, startMs, { viewStartMs: startMs - VIEW_BEFORE_MS })
}

async function* readAll(file: string, reader: LineReader): AsyncGenerator<RecordedLine> {
  for await (const line of readLines(file)) yield reader.read(line)
}

function rankOf({ receivedMs, newestMs }: RecordedLine): number {
  return receivedMs ?? newestMs
}

function feed(step: { engine: Engine; recorded: RecordedLine; nowMs: number; options: ReplayOptions }): void {
  const { engine, recorded, options } = step
  const { line, signal, problem } = recorded
  if (problem !== null) {
    engine.advanceTo(step.nowMs)
    engine.refuse(signal ?? 'traces', 'replay', 'malformed')
    options.complain(`${line.file}:${line.number}: ${problem}`)
  } else if (signal !== null) {
    const request = {
      signal,
      transport: 'replay',
      encoding: 'json',
      body: line.bytes,
      identity: identityOf(line.bytes),
    } as const
    engine.consume(request, step.nowMs)
  }
}

async function flush(engine: Engine, write: ReplayOptions['write']): Promise<void> {
  for (const event of engine.takeEvents()) await write(event.json)
}
