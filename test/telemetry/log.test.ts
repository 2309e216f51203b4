import { describe, expect, test } from 'vitest'
import { renderLine } from '../../src/telemetry/log.ts'

describe('a log line for people', () => {
  test('has the time of day, the level, the message and the details', () => {
    const record = { level: 30, time: '2026-01-01T12:34:56.789Z', msg: 'listening', listener: 'api', port: 9464 }
    expect(renderLine(record)).toBe('12:34:56.789 INFO  listening listener=api port=9464\n')
  })

  test('shows nested details as JSON, and a level that has no name as it is', () => {
    expect(renderLine({ level: 35, time: '2026-01-01T00:00:00.000Z', msg: 'x', err: { code: 1 } })).toBe(
      '00:00:00.000 35    x err={"code":1}\n',
    )
  })
})
