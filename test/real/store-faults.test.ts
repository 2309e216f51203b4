// The daemon on a disk that is locked, full, or as slow as a process that stands still.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sleep, systemClock } from '../../src/runtime/clock.ts'
import { DaemonProcess } from './daemon-process.ts'
import { eventually, eventuallyHolds } from './eventually.ts'
import { RetryingClient } from './retrying-client.ts'
import { sendSpans } from './send-spans.ts'

const CONFIG = `
slis:
  - {name: availability, where: {span.kind: SERVER}, bad_when: {span.status: ERROR}}
slos:
  - {name: availability, sli: availability, objective: 0.99, window: 30d, policy: experiment}
`

let dataDir = ''
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'cohortd-faults-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

interface Readiness {
  readonly ready: boolean
  readonly degraded: readonly string[]
}

async function readiness(daemon: DaemonProcess): Promise<Readiness> {
  return (await daemon.get('/readyz')).body as Readiness
}

async function eventTypes(daemon: DaemonProcess): Promise<string[]> {
  const { events } = (await daemon.get('/api/v1/events?limit=1000')).body as { events: { type: string }[] }
  return events.map(({ type }) => type)
}

async function eventsOf(daemon: DaemonProcess, variant: string): Promise<number> {
  const report = (await daemon.report('checkout')) as {
    variants: { variant: string; cohorts: { slis: { events: number }[] }[] }[]
  }
  return report.variants
    .find((one) => one.variant === variant)!
    .cohorts.reduce((sum, { slis }) => sum + slis[0].events, 0)
}

test('while another program locks the file, requests are answered and ticks made; alerts are told after two seconds', async () => {
  const daemon = await DaemonProcess.start({ config: CONFIG, dataDir })
  const other = new DatabaseSync(path.join(dataDir, 'data/cohortd.db'))
  try {
    await sendSpans(daemon, { experiment: 'checkout', variant: 'control', good: 100, bad: 0 })
    await sleep(1500)
    const subscriber = await daemon.subscribe()
    other.exec('BEGIN IMMEDIATE')
    const begun = systemClock.monotonic()
    let slowest = 0
    for (let at = 0; at < 40; at++) {
      const sent = systemClock.monotonic()
      await sendSpans(daemon, { experiment: 'checkout', variant: 'treatment', good: 10, bad: 10 })
      slowest = Math.max(slowest, systemClock.monotonic() - sent)
      await sleep(75)
    }
    expect(slowest).toBeLessThan(500)
    await eventually('the alert', () => subscriber.burns('cohortd.burn.firing')[0] ?? null)
    expect(systemClock.monotonic() - begun).toBeGreaterThan(2000)
    const { evaluated_at } = (await daemon.get('/api/v1/experiments/checkout')).body as { evaluated_at: string }
    expect(systemClock.now() - Date.parse(evaluated_at)).toBeLessThan(2000)
    other.exec('COMMIT')
    await sleep(2500)
    expect((await readiness(daemon)).ready).toBe(true)
    expect(subscriber.burns('cohortd.burn.firing')).toHaveLength(1)
    await daemon.kill()

    const next = await DaemonProcess.start({ config: CONFIG, dataDir })
    expect(await eventsOf(next, 'treatment')).toBe(800)
    expect((await eventTypes(next)).filter((type) => type === 'cohortd.burn.firing')).toHaveLength(1)
    await next.stop()
  } finally {
    other.close()
    await daemon.kill()
  }
})

test('on a full disk counting goes on and says so; with room again everything is written', async () => {
  const daemon = await DaemonProcess.start({ config: CONFIG, dataDir, fileLimitKiB: 1024 })
  const send = (variant: string, service: string): Promise<void> =>
    sendSpans(daemon, { experiment: 'checkout', variant, good: 1, bad: 0, service })
  try {
    let sent = 0
    await eventually(
      'the full disk',
      async () => {
        for (let at = 0; at < 200; at++) await send('control', `service-${at}`)
        sent += 200
        return (await readiness(daemon)).degraded.length > 0 ? true : null
      },
      30_000,
    )
    const full = await readiness(daemon)
    expect(full.ready).toBe(true)
    expect(full.degraded.join()).toContain('cohortd.db')
    await send('treatment', 'late')
    expect(await eventsOf(daemon, 'control')).toBe(sent)
    expect(await eventsOf(daemon, 'treatment')).toBe(1)
    await eventuallyHolds(async () => expect(await eventTypes(daemon)).toContain('cohortd.store.degraded'))

    await promisify(execFile)('prlimit', ['--pid', String(daemon.pid), '--fsize=unlimited'])
    await eventuallyHolds(async () => expect((await readiness(daemon)).degraded).toEqual([]))
    await eventuallyHolds(async () => expect(await eventTypes(daemon)).toContain('cohortd.store.restored'))
    await sleep(1500)
    await daemon.kill()
    const next = await DaemonProcess.start({ config: CONFIG, dataDir })
    expect([await eventsOf(next, 'control'), await eventsOf(next, 'treatment')]).toEqual([sent, 1])
    expect(await eventTypes(next)).toEqual([
      'cohortd.experiment.discovered',
      'cohortd.store.degraded',
      'cohortd.store.restored',
    ])
    await next.stop()
  } finally {
    await daemon.kill()
  }
})

test('a daemon that stood still goes on as if nothing had been', async () => {
  // However long the machine takes: children wait for their parents.
  const config = `ack: durable\ncohorts: {inherit_from_trace: 60s}\n${CONFIG}`
  const daemon = await DaemonProcess.start({ config, dataDir })
  const client = new RetryingClient(
    {
      target: () => daemon.otlpUrl('http'),
      experiment: 'checkout',
      variant: 'treatment',
      badEvery: 5,
      spansPerRequest: 10,
    },
    4,
  )
  try {
    for (let round = 0; round < 2; round++) {
      await sleep(700)
      daemon.suspend()
      await sleep(2500)
      daemon.resume()
    }
    await sleep(700)
    const { spans } = await client.stop()
    expect(spans).toBeGreaterThan(500)
    await eventuallyHolds(async () => expect(await eventsOf(daemon, 'treatment')).toBe(spans))
    expect(await eventTypes(daemon)).toEqual(['cohortd.experiment.discovered', 'cohortd.burn.firing'])
  } finally {
    await daemon.stop()
  }
})
