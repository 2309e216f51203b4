// The daemon's log: JSON lines for machines, readable lines for a terminal, both on standard output.
import { Writable } from 'node:stream'
import { type Logger, pino } from 'pino'

export type Log = Logger
export type LogFormat = 'json' | 'text'

/** A log at `level`. Text lines are "12:00:00.000 INFO message key=value". */
export function openLog(options: { format: LogFormat; level: string }): Log {
  const settings = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (options.format === 'json')
    return pino(
      { ...settings, formatters: { level: (label) => ({ level: label }) } },
      pino.destination({ fd: 1, sync: true }),
    )
  return pino(settings, textLines())
}

function textLines(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      process.stdout.write(renderLine(JSON.parse(chunk.toString()) as Record<string, unknown>))
      done()
    },
  })
}

/** One log record as a line for people. */
export function renderLine(record: Record<string, unknown>): string {
  const { time, level, msg, ...rest } = record
  const at = typeof time === 'string' ? time.slice(11, 23) : ''
  const label = (pino.levels.labels[Number(level)] ?? String(level)).toUpperCase().padEnd(5)
  const details = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `${at} ${label} ${String(msg)}${details.join('')}\n`
}
