// Events through Redis, as subscribers in other languages get them.
import { execFile, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RedisServerProcess, startRedis } from '../redis-rig/server.ts'
import { DaemonProcess } from './daemon-process.ts'
import { eventually, eventuallyHolds } from './eventually.ts'
import { sendSpans } from './send-spans.ts'

const CONFIG = `
slis:
  - {name: availability, where: {span.kind: SERVER}, bad_when: {span.status: ERROR}}
slos:
  - {name: availability, sli: availability, objective: 0.99, window: 30d, policy: experiment}
`
const FOLLOW = path.join(import.meta.dirname, '../../examples/redis-events/follow.py')

let redis: RedisServerProcess
let daemon: DaemonProcess

beforeEach(async () => {
  redis = await startRedis()
  const args = ['--set', 'store.type=redis', '--set', `store.url=${redis.url}`]
  daemon = await DaemonProcess.start({ config: CONFIG, args })
})
afterEach(async () => {
  await daemon.stop()
  await redis.remove()
})

/** What a program prints, line by line, as it comes; one that cannot run is said, with the remedy. */
function linesOf(program: string, args: readonly string[]): { lines: string[]; stop: () => void } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const output of [child.stdout, child.stderr]) createInterface(output).on('line', (line) => lines.push(line))
  child.on('error', (error) => lines.push(`${program}: ${error.message}; install it, e.g. apt-get install redis-tools`))
  return { lines, stop: () => child.kill() }
}

/** A Python that has the package `redis`. */
async function pythonWithRedis(): Promise<string> {
  for (const python of ['python3', '/usr/bin/python3'])
    if (
      await promisify(execFile)(python, ['-c', 'import redis']).then(
        () => true,
        () => false,
      )
    )
      return python
  throw new Error('no python3 has the package redis: apt-get install python3-redis, or pip install redis')
}

async function makeAlert(): Promise<readonly { id: string; json: string }[]> {
  const stream = await daemon.subscribe('0-0')
  await sendSpans(daemon, { experiment: 'checkout', variant: 'control', good: 100, bad: 0 })
  await sendSpans(daemon, { experiment: 'checkout', variant: 'treatment', good: 80, bad: 20 })
  await eventually('the alert', () => stream.burns('cohortd.burn.firing')[0] ?? null)
  const { events } = (await daemon.get('/api/v1/events')).body as { events: { id: string }[] }
  return events.map((event) => ({ id: event.id, json: JSON.stringify(event) }))
}

test('are the same bytes and ids in the stream and on the channel as at SSE', async () => {
  const channel = linesOf('redis-cli', ['-p', String(redis.port), 'subscribe', 'cohortd:events'])
  try {
    await eventually('the subscription', () => (channel.lines.length >= 3 ? true : null))
    const events = await makeAlert()
    const page = await (await fetch(`${daemon.apiUrl}/api/v1/events`)).text()
    for (const { json } of events) expect(page).toContain(json)
    const entries = await redis.cli('xrange', 'cohortd:events', '-', '+')
    expect(entries.split('\n')).toEqual(events.flatMap(({ id, json }) => [id, 'event', json]))
    await eventuallyHolds(() =>
      expect(channel.lines.filter((line) => line.startsWith('{'))).toEqual(events.map(({ json }) => json)),
    )
    expect(Number(await redis.cli('pttl', 'cohortd:events'))).toBeGreaterThan(0)
  } finally {
    channel.stop()
  }
})

test('reach the example in Python, from the beginning and as they come', async () => {
  const python = await pythonWithRedis()
  const early = linesOf(python, [FOLLOW, redis.url, '0'])
  try {
    const events = await makeAlert()
    const expected = [
      `${events[0].id} cohortd.experiment.discovered checkout`,
      `${events[1].id} cohortd.burn.firing checkout/treatment/sender page 20.0x of availability over 1h`,
    ]
    await eventuallyHolds(() => expect(early.lines).toEqual(expected))
    const late = linesOf(python, [FOLLOW, redis.url, events[0].id])
    await eventuallyHolds(() => expect(late.lines).toEqual(expected.slice(1))).finally(late.stop)
  } finally {
    early.stop()
  }
})
