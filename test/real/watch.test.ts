// `cohortd watch` across a crash of the daemon that it follows.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sleep } from '../../src/runtime/clock.ts'
import { DaemonProcess } from './daemon-process.ts'
import { eventuallyHolds } from './eventually.ts'
import { sendSpans } from './send-spans.ts'

const BIN = path.join(import.meta.dirname, '../../bin/cohortd.js')
const WRITTEN_MS = 2500
const CONFIG = 'store: {type: sqlite, path: ./cohortd.db}\n'

let dataDir: string
let daemon: DaemonProcess | null = null

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'cohortd-test-'))
})

afterEach(async () => {
  await daemon?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

test('watch tells of each alert once, though the daemon is killed and started again between them', async () => {
  daemon = await DaemonProcess.start({ config: CONFIG, dataDir })
  const { api } = daemon.ports
  const watch = spawn(process.execPath, [BIN, 'watch', '--api', `127.0.0.1:${api}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    let [stdout, stderr] = ['', '']
    watch.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    watch.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    await eventuallyHolds(() => expect(stderr).toContain('connected'))
    await sendSpans(daemon, { experiment: 'first', variant: 'treatment', good: 90, bad: 10 })
    await eventuallyHolds(() => expect(stdout).toMatch(/FIRING +first\/treatment\/sender/))

    // State is written once a second; what is younger may be lost by a kill, and would be told again.
    await sleep(WRITTEN_MS)
    await daemon.kill()
    daemon = await DaemonProcess.start({ config: CONFIG, dataDir, args: ['--set', `api.endpoint=127.0.0.1:${api}`] })
    await sendSpans(daemon, { experiment: 'second', variant: 'treatment', good: 90, bad: 10 })
    await eventuallyHolds(() => expect(stdout).toMatch(/FIRING +second\/treatment\/sender/), 20_000)
    expect(stderr).toMatch(/connected, resuming after \d+-\d+/)
    expect(stdout.match(/FIRING +first/g)).toHaveLength(1)
    expect(stdout.match(/FIRING +second/g)).toHaveLength(1)
  } finally {
    watch.kill('SIGKILL')
  }
})
