// 30 days of thin traffic through `replay`: a span every ten seconds, alternating between two variants, some bad.

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { replay } from '../src/replay/replay.ts'
import { engineSettings, slo, WORKBOOK_POLICY } from '../test/engine/settings.ts'
import { EPOCH_MS } from '../test/engine/traffic.ts'

const DAYS = 30
const EVERY_SECONDS = 10

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cohortd-bench-'))
  try {
    const file = join(folder, 'thin.jsonl')
    const lines = await record(file)
    for (const [name, policy] of [
      ['experiment', undefined],
      ['workbook', WORKBOOK_POLICY],
    ] as const) {
      const begun = performance.now()
      let events = -1
      await replay({
        settings: engineSettings({ slos: [slo(policy === undefined ? {} : { policy })] }),
        files: [file],
        afterMs: 1000,
        write: () => void events++,
        complain: (message) => console.error(message),
      })
      const seconds = (performance.now() - begun) / 1000
      console.log(
        `replay: ${DAYS} days, ${lines} lines, policy ${name}: ${seconds.toFixed(1)} s, ${events} events (goal < 60 s)`,
      )
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function record(file: string): Promise<number> {
  const out = createWriteStream(file)
  const lines = (DAYS * 86_400) / EVERY_SECONDS
  for (let at = 0; at < lines; at++) {
    if (!out.write(line(at))) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  return lines
}

function line(at: number): string {
  const end = `${EPOCH_MS + at * EVERY_SECONDS * 1000}000000`
  const text = (key: string, value: string): string => `{"key":"${key}","value":{"stringValue":"${value}"}}`
  const attributes = `[${text('experiment.id', 'thin')},${text('experiment.variant', at % 2 === 0 ? 'control' : 'treatment')}]`
  const status = at % 10_007 < 60 && at % 2 === 1 ? '{"code":2}' : '{}'
  const span = `{"traceId":"${at.toString(16).padStart(32, '1')}","kind":2,"startTimeUnixNano":"${end}","endTimeUnixNano":"${end}","attributes":${attributes},"status":${status}}`
  return `{"resourceSpans":[{"resource":{"attributes":[${text('service.name', 'shop')}]},"scopeSpans":[{"spans":[${span}]}]}]}\n`
}

if (import.meta.main) await run()
