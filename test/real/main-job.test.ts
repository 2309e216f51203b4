// The whole job with real parts: two instrumented services export to a running daemon, and a subscriber hears of the bad variant.
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/runtime/clock.ts'
import { DaemonProcess } from './daemon-process.ts'
import { eventually, eventuallyHolds } from './eventually.ts'
import type { Samples } from './prometheus-text.ts'
import { type OtlpProtocol, Shop } from './shop/shop.ts'

const EXPERIMENT = 'checkout-redesign'
const GOOD_REQUESTS = 120
const BAD_REQUESTS = 40
const ALERT_WITHIN_MS = 3000
/** Without the latency objective of the defaults, which a busy machine may really miss. */
const CONFIG = `
store: {type: memory}
slos: [{name: availability, sli: availability, objective: 0.999, window: 30d}]
`

let daemon: DaemonProcess | null = null
let shop: Shop | null = null

afterEach(async () => {
  await shop?.stop()
  await daemon?.stop()
  shop = null
  daemon = null
})

interface Counts {
  readonly good: number
  readonly bad: number
}

/** Good and bad availability events of a cohort at /metrics. */
function counts(samples: Samples, variant: string, service: string): Counts {
  const labels = { experiment: EXPERIMENT, variant, service_name: service, sli: 'availability' }
  return {
    good: samples.sum('cohortd_sli_events_total', { ...labels, outcome: 'good' }),
    bad: samples.sum('cohortd_sli_events_total', { ...labels, outcome: 'bad' }),
  }
}

/** The fate of all spans received so far. */
function ledger(samples: Samples): Record<string, number> {
  const items = (outcome: string): number => samples.sum('cohortd_receiver_items_total', { signal: 'traces', outcome })
  return {
    attributed: items('attributed'),
    unattributed: items('unattributed'),
    duplicate: items('duplicate'),
    refused: items('refused'),
    pending: samples.sum('cohortd_receiver_pending_items', { signal: 'traces' }),
  }
}

describe.each<OtlpProtocol>(['grpc', 'http/protobuf', 'http/json'])('a shop that exports over %s', (protocol) => {
  test('is counted exactly in both services, and its failing variant is told of within three seconds', async () => {
    daemon = await DaemonProcess.start({ config: CONFIG })
    const metrics = daemon.metrics.bind(daemon)
    const events = await daemon.subscribe()
    shop = await Shop.start({ protocol, endpoint: daemon.otlpUrl(protocol) })

    await shop.send(GOOD_REQUESTS)
    await shop.flush()
    await eventuallyHolds(async () => {
      const samples = await metrics()
      for (const variant of ['control', 'treatment'])
        for (const service of ['frontend', 'payments'])
          expect(counts(samples, variant, service), `${variant} ${service}`).toEqual({ good: GOOD_REQUESTS, bad: 0 })
    })
    expect(events.burns('cohortd.burn.firing')).toEqual([])

    await shop.breakVariant('treatment')
    const brokenMs = systemClock.now()
    await shop.send(BAD_REQUESTS)
    const firing = await eventually('an alert for each service', () => {
      const alerts = events.burns('cohortd.burn.firing')
      return alerts.length >= 2 ? alerts : null
    })
    for (const { receivedMs } of firing) expect(receivedMs - brokenMs).toBeLessThanOrEqual(ALERT_WITHIN_MS)
    for (const { data } of firing) {
      expect(data).toMatchObject({ experiment: EXPERIMENT, variant: 'treatment', slo: 'availability', shared: false })
      expect(data.long.bad).toBeGreaterThanOrEqual(3)
      expect(data.trace_ids[0]).toMatch(/^[0-9a-f]{32}$/)
    }
    expect(firing.map(({ data }) => data.segments['service.name']).sort()).toEqual(['frontend', 'payments'])

    await shop.flush()
    const served = await shop.served()
    expect(served).toEqual({
      control: { requests: GOOD_REQUESTS + BAD_REQUESTS, failed: 0 },
      treatment: { requests: GOOD_REQUESTS + BAD_REQUESTS, failed: BAD_REQUESTS },
    })
    expect(await shop.servedByPayments()).toEqual({
      requests: 2 * (GOOD_REQUESTS + BAD_REQUESTS),
      failed: BAD_REQUESTS,
    })
    await eventuallyHolds(async () => {
      const samples = await metrics()
      for (const [variant, { requests, failed }] of Object.entries(served))
        for (const service of ['frontend', 'payments'])
          expect(counts(samples, variant, service), `${variant} ${service}`).toEqual({
            good: requests - failed,
            bad: failed,
          })
      const spans = Shop.spansPerRequest * (served.control.requests + served.treatment.requests)
      expect(ledger(samples)).toEqual({ attributed: spans, unattributed: 0, duplicate: 0, refused: 0, pending: 0 })
    })

    const control = events.received.filter(({ event }) => event.subject.startsWith(`${EXPERIMENT}/control`))
    expect(control.filter(({ event }) => event.type.startsWith('cohortd.burn.'))).toEqual([])
    expect(events.burns('cohortd.burn.firing').filter(({ data }) => data.slo === 'availability')).toHaveLength(2)
    expect(await daemon.stop()).toBe(0)
  })
})
