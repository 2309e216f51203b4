import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { EngineSettings } from '../../src/model/settings.ts'
import { UnreadableFile } from '../../src/replay/lines.ts'
import { Recorder } from '../../src/replay/recorder.ts'
import { identityOf, newestPlausible } from '../../src/replay/recording.ts'
import { replay } from '../../src/replay/replay.ts'
import { engineSettings, slo } from '../engine/settings.ts'
import { EPOCH_MS, request, span, variantOf } from '../engine/traffic.ts'

const SECOND = 1000

const directory = mkdtempSync(join(tmpdir(), 'cohortd-replay-'))

afterAll(() => rmSync(directory, { recursive: true }))

interface JsonSpan {
  readonly endMs: number
  readonly variant?: string | null
  readonly error?: boolean
  readonly traceId?: string
}

/** One line as the Collector's file exporter writes it. */
function line(spans: readonly JsonSpan[], receivedMs?: number): string {
  const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } })
  return JSON.stringify({
    ...(receivedMs === undefined ? {} : { receivedTimeUnixNano: nanos(receivedMs) }),
    resourceSpans: [
      {
        resource: { attributes: [attribute('service.name', 'shop')] },
        scopeSpans: [
          {
            spans: spans.map(({ endMs, variant = 'treatment', error = false, traceId }) => ({
              kind: 2,
              ...(traceId === undefined ? {} : { traceId }),
              startTimeUnixNano: nanos(endMs - 10),
              endTimeUnixNano: nanos(endMs),
              attributes:
                variant === null
                  ? []
                  : [attribute('experiment.id', 'checkout'), attribute('experiment.variant', variant)],
              status: { code: error ? 2 : 0 },
            })),
          },
        ],
      },
    ],
  })
}

interface Played {
  readonly events: readonly { type: string; time: string; subject: string }[]
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly report: any
  readonly output: string
  readonly complaints: readonly string[]
}

async function play(
  files: readonly (readonly string[])[],
  options: { afterMs?: number; settings?: EngineSettings } = {},
): Promise<Played> {
  const folder = mkdtempSync(join(directory, 'play-'))
  const names = files.map((lines, at) => {
    const name = join(folder, `part ${at}.jsonl`)
    writeFileSync(name, lines.map((one) => `${one}\n`).join(''))
    return name
  })
  return playFiles(names, options)
}

async function playFiles(
  files: readonly string[],
  options: { afterMs?: number; settings?: EngineSettings } = {},
): Promise<Played> {
  const written: string[] = []
  const complaints: string[] = []
  await replay({
    settings: options.settings ?? engineSettings(),
    files,
    afterMs: options.afterMs ?? SECOND,
    write: (text) => void written.push(text),
    complain: (message) => void complaints.push(message),
  })
  const parsed = written.map((text) => JSON.parse(text))
  return { events: parsed.slice(0, -1), report: parsed.at(-1), output: written.join('\n'), complaints }
}

const bad = (count: number, endMs: number): JsonSpan[] => Array.from({ length: count }, () => ({ endMs, error: true }))

describe('the replay clock', () => {
  test('begins at the first line, moves with newer lines, and ticks once more a second after the last', async () => {
    const { events, report } = await play([[line(bad(60, EPOCH_MS + 500)), line([{ endMs: EPOCH_MS + 5500 }])]])
    expect(events.map(({ type, time }) => [type, time])).toEqual([
      ['cohortd.experiment.discovered', '2026-01-01T00:00:01.000Z'],
      ['cohortd.burn.firing', '2026-01-01T00:00:01.000Z'],
    ])
    expect(report.evaluated_at).toBe('2026-01-01T00:00:06.000Z')
  })

  test('goes on for as long as --after says, so that an alert can resolve', async () => {
    const { events, report } = await play([[line(bad(60, EPOCH_MS))]], { afterMs: 600 * SECOND })
    expect(events.map(({ type, time }) => [type, time])).toEqual([
      ['cohortd.experiment.discovered', '2026-01-01T00:00:01.000Z'],
      ['cohortd.burn.firing', '2026-01-01T00:00:01.000Z'],
      ['cohortd.burn.resolved', '2026-01-01T00:05:00.000Z'],
    ])
    expect(report.evaluated_at).toBe('2026-01-01T00:10:00.000Z')
  })

  test('is the receipt where a line tells it: the same items are then late', async () => {
    const { report } = await play([[line([{ endMs: EPOCH_MS }], EPOCH_MS + 90 * SECOND)]])
    expect(report.items.traces).toMatchObject({ received: 1, attributed: 0, refused: { late: 1 } })
    expect(report.evaluated_at).toBe('2026-01-01T00:01:31.000Z')
  })

  test('is not moved by items far after the median of their line, which are refused as future', async () => {
    const { report } = await play([
      [line([{ endMs: EPOCH_MS }, { endMs: EPOCH_MS + SECOND }, { endMs: EPOCH_MS + 100 * SECOND }])],
    ])
    expect(report.items.traces).toMatchObject({ received: 3, attributed: 2, refused: { future: 1 } })
    expect(report.evaluated_at).toBe('2026-01-01T00:00:02.000Z')
  })

  test('judges lateness: a line older than allowed_lateness is refused', async () => {
    const { report } = await play([
      [line([{ endMs: EPOCH_MS + 61 * SECOND }]), line([{ endMs: EPOCH_MS }, { endMs: EPOCH_MS + SECOND }])],
    ])
    expect(report.items.traces).toMatchObject({ received: 3, attributed: 2, refused: { late: 1 } })
  })

  test('newest plausible time: no items say nothing, and a lone clock far ahead is left out', () => {
    expect(newestPlausible([], 60_000)).toBe(-Infinity)
    expect(newestPlausible([1, 2, 3], 60_000)).toBe(3)
    expect(newestPlausible([1, 2, 70_000], 60_000)).toBe(2)
    expect(newestPlausible([1, 70_000], 60_000)).toBe(70_000)
    expect(newestPlausible([1, 130_000], 60_000)).toBe(1)
  })
})

describe('files', () => {
  test('several files are merged by time', async () => {
    const odd = [1, 3, 5].map((second) => line([{ endMs: EPOCH_MS + second * 40 * SECOND }]))
    const even = [0, 2, 4].map((second) => line([{ endMs: EPOCH_MS + second * 40 * SECOND }]))
    const { report } = await play([odd, even])
    expect(report.items.traces).toMatchObject({ received: 6, attributed: 6, refused: {} })
  })

  test('a line that cannot be decoded is named, counted as malformed, and costs nothing else', async () => {
    const { report, complaints } = await play([
      [
        line([{ endMs: EPOCH_MS }]),
        '{"resourceSpans": [',
        '{"other": 1}',
        '{"resourceSpans": "no"}',
        '{}',
        '',
        line([{ endMs: EPOCH_MS }, { endMs: EPOCH_MS }]),
      ],
    ])
    expect(report.items.traces).toMatchObject({ received: 6, attributed: 3, refused: { malformed: 3 } })
    expect(complaints.map((text) => text.replace(/^.*jsonl:/, ''))).toEqual([
      expect.stringMatching(/^2: no JSON/),
      '3: no resourceSpans, resourceMetrics or resourceLogs',
      expect.stringMatching(/^4: .*resourceSpans/),
    ])
  })

  test('a line that comes again byte for byte is a retry', async () => {
    const same = line([{ endMs: EPOCH_MS }])
    const { report } = await play([[same, same]])
    expect(report.items.traces).toMatchObject({ received: 2, attributed: 1, duplicate: 1 })
    const again = Buffer.from(line([{ endMs: EPOCH_MS }], EPOCH_MS + 5))
    expect(identityOf(Buffer.from(line([{ endMs: EPOCH_MS }], EPOCH_MS)))).toBe(identityOf(again))
  })

  test('lines of all signals are counted, and their times move the clock', async () => {
    const time = `${EPOCH_MS + 3000}000000`
    const point = `{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": [{"timeUnixNano": "${time}", "asDouble": 1}]}}]}]}]}`
    const record = `{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "${time}"}, {"observedTimeUnixNano": "${time}"}]}]}]}`
    const { report, complaints } = await play([[line([{ endMs: EPOCH_MS }]), point, record]])
    expect([report.items.traces, report.items.metrics, report.items.logs]).toMatchObject([
      { received: 1, attributed: 1 },
      { received: 1, unattributed: 1 },
      { received: 2, unattributed: 2 },
    ])
    expect([report.evaluated_at, complaints]).toEqual([new Date(EPOCH_MS + 4000).toISOString(), []])
  })

  test('a file that is not there is an error that names it', async () => {
    await expect(playFiles(['/nowhere/recording.jsonl'])).rejects.toThrow(UnreadableFile)
    await expect(playFiles(['/nowhere/recording.jsonl'])).rejects.toThrow('/nowhere/recording.jsonl')
  })

  test('a recording without a last line feed, with CRLF and a byte order mark, or empty', async () => {
    const folder = mkdtempSync(join(directory, 'play-'))
    writeFileSync(
      join(folder, 'crlf'),
      `\uFEFF${line([{ endMs: EPOCH_MS }])}\r\n\r\n${line([{ endMs: EPOCH_MS + 1 }])}`,
    )
    writeFileSync(join(folder, 'empty'), '')
    const { report } = await playFiles([join(folder, 'crlf'), join(folder, 'empty')])
    expect(report.items.traces).toMatchObject({ received: 2, attributed: 2 })
    expect((await playFiles([join(folder, 'empty')])).report).toMatchObject({ type: 'report', experiments: [] })
  })
})

describe('replay', () => {
  test('of what was recorded live gives the live events, byte for byte', async () => {
    const folder = mkdtempSync(join(directory, 'record-'))
    const path = join(folder, 'recording.jsonl')
    const recorder = new Recorder(path, (message) => {
      throw new Error(message)
    })
    const settings = engineSettings({ slos: [slo({ objective: 0.9 })] })
    const live = new Engine(settings, EPOCH_MS)
    const events: string[] = []
    for (let step = 0; step < 600; step++) {
      const nowMs = EPOCH_MS + step * 733
      const burning = step % 200 > 100
      const spans = Array.from({ length: 4 }, (_, at) =>
        span({
          endMs: nowMs - 40 * at,
          durationMs: 20 * at,
          error: burning && at % 2 === 0,
          traceId: `${step}`.padStart(32, 'a'),
          attributes: at === 3 ? {} : variantOf('checkout', at === 0 ? 'control' : 'treatment'),
        }),
      )
      const one = request(spans)
      live.consume(one, nowMs)
      recorder.record(one, nowMs)
      events.push(...live.takeEvents().map(({ json }) => json))
    }
    await recorder.stop()
    live.advanceTo(EPOCH_MS + 599 * 733 + SECOND)
    events.push(...live.takeEvents().map(({ json }) => json))
    const { output } = await playFiles([path], { settings })
    const played = output.split('\n')
    expect(events.filter((event) => event.includes('cohortd.burn')).length).toBeGreaterThanOrEqual(4)
    expect(played.slice(0, -1)).toEqual(events)
    expect(JSON.parse(played.at(-1) ?? '').items.traces).toEqual(live.ledger.report('traces'))
  })

  test('is deterministic to the byte', async () => {
    const lines = Array.from({ length: 50 }, (_, at) =>
      line([...bad(3, EPOCH_MS + at * 900), { endMs: EPOCH_MS + at * 901, variant: 'control' }]),
    )
    const once = await play([lines], { afterMs: 400 * SECOND })
    const again = await play([lines], { afterMs: 400 * SECOND })
    expect(again.output).toBe(once.output)
  })
})
