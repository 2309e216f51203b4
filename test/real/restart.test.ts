import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sleep } from '../../src/runtime/clock.ts'
import { DaemonProcess } from './daemon-process.ts'
import { eventually, eventuallyHolds } from './eventually.ts'
import { sendSpans } from './send-spans.ts'

const BIN = path.join(import.meta.dirname, '../../bin/cohortd.js')
const CONFIG = `
slis:
  - {name: availability, where: {span.kind: SERVER}, bad_when: {span.status: ERROR}}
  - {name: latency, where: {span.kind: SERVER}, value: duration, good_below: 2ms, percentiles: [0.5, 0.99]}
slos:
  - {name: availability, sli: availability, objective: 0.99, window: 30d, policy: experiment}
`

let dataDir = ''
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'cohortd restart-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

function send(daemon: DaemonProcess, variant: string, counts: { good: number; bad: number }): Promise<void> {
  return sendSpans(daemon, { experiment: 'checkout', variant, ...counts })
}

interface Counts {
  readonly events: number
  readonly bad: number
}

async function countsOf(daemon: DaemonProcess, variant: string): Promise<Counts> {
  const { body } = await daemon.get('/api/v1/experiments/checkout')
  const report = body as { variants: { variant: string; cohorts: { slis: { windows: Record<string, Counts> }[] }[] }[] }
  const { events, bad } = report.variants.find((one) => one.variant === variant)!.cohorts[0].slis[0].windows['1h']
  return { events, bad }
}

async function eventsOf(daemon: DaemonProcess): Promise<{ id: string; type: string }[]> {
  return ((await daemon.get('/api/v1/events')).body as { events: { id: string; type: string }[] }).events
}

/** All that is known of the experiment: windows, percentiles, burn, alerts, verdicts. */
async function knownOf(daemon: DaemonProcess): Promise<unknown> {
  const {
    evaluated_at: _when,
    items: _ofThisProcess,
    ...known
  } = (await daemon.report('checkout')) as Record<string, unknown>
  return known
}

describe('a daemon that starts again', () => {
  test.each(['stop', 'kill'] as const)('after %s goes on with its counts, its alert and its events', async (how) => {
    const first = await DaemonProcess.start({ config: CONFIG, dataDir })
    const subscriber = await first.subscribe()
    await send(first, 'control', { good: 100, bad: 0 })
    await send(first, 'treatment', { good: 80, bad: 20 })
    const firing = await eventually('the alert', () => subscriber.burns('cohortd.burn.firing')[0] ?? null)
    // What a kill may lose is what was not yet written: one flush interval.
    if (how === 'kill') await sleep(2500)
    const known = await knownOf(first)
    await first[how]()

    const second = await DaemonProcess.start({ config: CONFIG, dataDir })
    try {
      expect(await countsOf(second, 'treatment')).toEqual({ events: 100, bad: 20 })
      expect(await knownOf(second)).toEqual(known)
      const replayed = await second.subscribe('0-0')
      const followed = await second.subscribe(firing.event.id)
      await send(second, 'treatment', { good: 10, bad: 0 })
      await eventuallyHolds(async () => expect(await countsOf(second, 'treatment')).toEqual({ events: 110, bad: 20 }))
      await sleep(1500)
      const events = await eventsOf(second)
      expect(events.map(({ type }) => type)).toEqual(['cohortd.experiment.discovered', 'cohortd.burn.firing'])
      expect(replayed.burns('cohortd.burn.firing').map(({ event }) => event.id)).toEqual([firing.event.id])
      expect(followed.received).toEqual([])
      expect((await second.get('/api/v1/alerts')).body).toMatchObject({
        alerts: [{ variant: 'treatment', severity: 'page', since: firing.data.since }],
      })
    } finally {
      await second.stop()
    }
  })

  test('refuses a state file that another daemon holds, and says what to do', async () => {
    const first = await DaemonProcess.start({ dataDir })
    try {
      await expect(DaemonProcess.start({ dataDir })).rejects.toThrow(/cohortd\.db/)
    } finally {
      await first.stop()
    }
  })
})

describe('serve --record', () => {
  test('writes what replay makes the live events of, byte for byte', async () => {
    const recording = path.join(dataDir, 'recording.jsonl')
    const daemon = await DaemonProcess.start({
      config: CONFIG,
      dataDir,
      args: ['--record', recording, '--set', 'store.type=memory'],
    })
    let live = ''
    try {
      await send(daemon, 'control', { good: 100, bad: 0 })
      for (let step = 0; step < 8; step++) {
        await send(daemon, 'treatment', { good: 20, bad: step > 2 ? 5 : 0 })
        await sleep(350)
      }
      await eventuallyHolds(async () => {
        expect((await eventsOf(daemon)).map(({ type }) => type)).toContain('cohortd.burn.firing')
      })
      live = await (await fetch(`${daemon.apiUrl}/api/v1/events`)).text()
    } finally {
      await daemon.stop()
    }
    expect((await readFile(recording, 'utf8')).trim().split('\n')).toHaveLength(9)
    const { stdout } = await promisify(execFile)(process.execPath, [
      BIN,
      'replay',
      '--config',
      path.join(dataDir, 'test-config.yaml'),
      recording,
    ])
    const lines = stdout.trim().split('\n')
    const events = lines.slice(0, -1).filter((line) => live.includes(JSON.parse(line).id))
    expect(events.length).toBeGreaterThanOrEqual(2)
    expect(live).toContain(`"events":[${events.join(',')}]`)
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      type: 'report',
      items: { traces: { received: 100 + 8 * 20 + 25, refused: {} } },
    })
  })
})
