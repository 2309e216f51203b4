// `cohortd demo` as its users start it: with a daemon that runs already, twice, and without one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { sleep } from '../../src/runtime/clock.ts'
import { DaemonProcess } from './daemon-process.ts'

const BIN = path.join(import.meta.dirname, '../../bin/cohortd.js')
const ALERT_WITHIN_SECONDS = 5

let daemon: DaemonProcess | null = null

afterEach(async () => {
  await daemon?.stop()
  daemon = null
})

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function demo(args: readonly string[], interruptAfterMs?: number): Promise<Run> {
  const child = spawn(process.execPath, [BIN, 'demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const closed = once(child, 'close')
  if (interruptAfterMs !== undefined) {
    await sleep(interruptAfterMs)
    child.kill('SIGINT')
  }
  const [code] = (await closed) as [number | null]
  return { code, stdout, stderr }
}

function expectAlert({ code, stdout, stderr }: Run): void {
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  const seconds = /The alert for treatment arrived (\d+\.\d) s after/.exec(stdout)?.[1]
  expect(Number(seconds), stdout).toBeLessThanOrEqual(ALERT_WITHIN_SECONDS)
  expect(stdout).toMatch(/FIRING +checkout-redesign(-2)?\/treatment\/shop/)
  expect(stdout).not.toMatch(/FIRING +checkout-redesign(-2)?\/control/)
  expect(stdout).toMatch(/^treatment: (hold|rollback)/m)
}

/** A port at which nobody listens. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('the demo shows the alert at a running daemon, and again at the same one', async () => {
  daemon = await DaemonProcess.start({ config: 'store: {type: memory}\n' })
  const args = ['--api', daemon.apiUrl, '--otlp', daemon.otlpUrl('grpc'), '--duration', '12s']
  expectAlert(await demo(args))
  const again = await demo(args)
  expectAlert(again)
  expect(again.stdout).toContain('checkout-redesign-2')
})

test('the demo starts a daemon where none answers, and stops it', async () => {
  const run = await demo(['--api', `127.0.0.1:${await freePort()}`, '--duration', '12s'])
  expectAlert(run)
  const api = /browser +(http:\/\/127\.0\.0\.1:\d+)\//.exec(run.stdout)?.[1]
  await expect(fetch(`${api}/healthz`)).rejects.toThrow('fetch failed')
})

test('an interrupted demo says so, and leaves no daemon behind', async () => {
  const run = await demo(['--api', `127.0.0.1:${await freePort()}`, '--duration', '1h'], 5000)
  expect(run.code).toBe(1)
  expect(run.stdout).toContain('Interrupted.')
  const api = /browser +(http:\/\/127\.0\.0\.1:\d+)\//.exec(run.stdout)?.[1]
  await expect(fetch(`${api}/healthz`)).rejects.toThrow('fetch failed')
})
