// What a recorded line says about time: its signal, when it was received (if it tells), and its items' end times.
import { createHash } from 'node:crypto'
import type { Signal } from '../model/signal.ts'
import { Vocabulary } from '../model/vocabulary.ts'
import { DecodeError } from '../otlp/cursor.ts'
import { LogJsonDecoder } from '../otlp/logs-json.ts'
import { MetricJsonDecoder } from '../otlp/metrics-json.ts'
import { TraceJsonDecoder } from '../otlp/traces-json.ts'
import type { Line } from './lines.ts'

/** The key that `serve --record` writes beside a line's signal: receipt in Unix nanoseconds, as text. */
export const RECEIVED_KEY = 'receivedTimeUnixNano'

const SIGNAL_KEYS: readonly (readonly [string, Signal])[] = [
  ['resourceSpans', 'traces'],
  ['resourceMetrics', 'metrics'],
  ['resourceLogs', 'logs'],
]

/** One line, understood as far as replay needs it. */
export interface RecordedLine {
  readonly line: Line
  /** Null: no export request of any signal, or (without a problem) one with nothing in it. */
  readonly signal: Signal | null
  /** Why the line cannot be decoded; null: it can. */
  readonly problem: string | null
  /** Receipt, Unix milliseconds; null: the line does not tell. */
  readonly receivedMs: number | null
  /** Newest end time of its items, Unix milliseconds; -Infinity without items. */
  readonly newestMs: number
}

const NOTHING = new Vocabulary({ names: [] })

/** Reads lines; `allowedFutureMs` beyond a line's median, an item's end says nothing about the time of the line. */
export class LineReader {
  readonly #traces = new TraceJsonDecoder(NOTHING)
  readonly #metrics = new MetricJsonDecoder(NOTHING)
  readonly #logs = new LogJsonDecoder(NOTHING)
  readonly #allowedFutureMs: number

  constructor(allowedFutureMs: number) {
    this.#allowedFutureMs = allowedFutureMs
  }

  read(line: Line): RecordedLine {
    const unreadable = (problem: string): RecordedLine => ({
      line,
      signal: null,
      problem,
      receivedMs: null,
      newestMs: -Infinity,
    })
    let keys: Record<string, unknown>
    try {
      keys = topLevel(line.bytes)
    } catch (error) {
      return unreadable(`no JSON: ${(error as Error).message}`)
    }
    const signal = SIGNAL_KEYS.find(([key]) => key in keys)?.[1] ?? null
    const received = readReceived(keys[RECEIVED_KEY])
    if (received === undefined) return unreadable(`${RECEIVED_KEY} is no time in nanoseconds`)
    if (signal === null) {
      // A request without anything in it.
      if (Object.keys(keys).every((key) => key === RECEIVED_KEY))
        return { ...unreadable(''), problem: null, receivedMs: received }
      return unreadable('no resourceSpans, resourceMetrics or resourceLogs')
    }
    let times: number[]
    try {
      times = this.#timesOf(signal, line.bytes)
    } catch (error) {
      if (error instanceof DecodeError) return { ...unreadable(error.message), signal }
      throw error
    }
    return {
      line,
      signal,
      problem: null,
      receivedMs: received,
      newestMs: newestPlausible(times, this.#allowedFutureMs),
    }
  }

  /** When the items ended, Unix milliseconds. */
  #timesOf(signal: Signal, bytes: Uint8Array): number[] {
    const times: number[] = []
    const add = (second: number, nanos: number): number => times.push(second * 1000 + nanos / 1e6)
    if (signal === 'traces') this.#traces.decode(bytes, ({ endSecond, endNanos }) => add(endSecond, endNanos))
    else if (signal === 'metrics') this.#metrics.decode(bytes, ({ second, nanos }) => add(second, nanos))
    else this.#logs.decode(bytes, ({ second, nanos }) => add(second, nanos))
    return times
  }
}

/** The newest of the times that is at most `allowedFutureMs` after their median; -Infinity without any. */
export function newestPlausible(times: readonly number[], allowedFutureMs: number): number {
  if (times.length === 0) return -Infinity
  const sorted = Float64Array.from(times).sort()
  const median = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
  return sorted.findLast((time) => time <= median + allowedFutureMs) ?? -Infinity
}

/** Equal for lines that are the same byte for byte, their receipt apart. */
export function identityOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const withoutReceipt = text.replace(/"receivedTimeUnixNano"\s*:\s*("\d*"|\d+)\s*,?/, '')
  return createHash('sha1').update(withoutReceipt, 'latin1').digest('base64')
}

function topLevel(bytes: Buffer): Record<string, unknown> {
  const parsed: unknown = JSON.parse(bytes.toString('utf8'))
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('not an object')
  return parsed as Record<string, unknown>
}

/** Unix milliseconds, null when absent, undefined when it is none. */
function readReceived(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(BigInt(text) / 1000n) / 1000 : undefined
}
