// The examples, run as their pages say.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DaemonProcess } from './daemon-process.ts'
import { eventuallyHolds } from './eventually.ts'

const EXAMPLES = path.join(import.meta.dirname, '../../examples')
const run = promisify(execFile)

let daemon: DaemonProcess

beforeEach(async () => {
  daemon = await DaemonProcess.start({ config: 'store: {type: memory}\n' })
})

afterEach(async () => {
  await daemon?.stop()
})

async function expectCounts(expected: Record<string, number>): Promise<void> {
  await eventuallyHolds(async () => {
    const samples = (await daemon.metrics()).select('cohortd_sli_events_total', { sli: 'availability' })
    const counted = samples
      .filter(({ value }) => value > 0)
      .map(
        ({ labels, value }) => [`${labels['variant']} ${labels['service_name']} ${labels['outcome']}`, value] as const,
      )
    expect(Object.fromEntries(counted)).toEqual(expected)
  })
}

test('the shop with the SDK is counted by variant, and the gate does not let its treatment pass', async () => {
  const env = { ...process.env, OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_ENDPOINT: daemon.otlpUrl('http') }
  await run(process.execPath, [path.join(EXAMPLES, 'node-sdk/shop.mjs')], { env })
  await expectCounts({ 'control shop good': 200, 'treatment shop good': 180, 'treatment shop bad': 20 })
  const gate = [
    path.join(EXAMPLES, '../bin/cohortd.js'),
    'gate',
    'checkout-redesign',
    'treatment',
    '--api',
    daemon.apiUrl,
  ]
  const { code, stdout } = await run(process.execPath, gate).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  )
  const { body } = await daemon.get('/api/v1/experiments/checkout-redesign/variants/treatment/verdict')
  const { verdict } = body as { verdict: 'hold' | 'rollback' }
  expect(code).toBe({ hold: 10, rollback: 20 }[verdict])
  expect(stdout).toContain(`checkout-redesign/treatment: ${verdict}`)
})

test('the trace sent as JSON is counted in both of its services', async () => {
  for (let time = 0; time < 3; time++) {
    const { stdout } = await run('sh', [path.join(EXAMPLES, 'curl/fill.sh')])
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${daemon.otlpUrl('http')}/v1/traces`, { method: 'POST', headers, body: stdout })
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: '{}' })
  }
  await expectCounts({ 'treatment frontend bad': 3, 'treatment payments bad': 3 })
})
