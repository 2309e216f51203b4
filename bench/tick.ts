// Tick time with 10,000 cohorts x 2 SLOs, all of them receiving traffic every second.
import { Engine } from '../src/engine/engine.ts'
import { exposition } from '../src/publish/prometheus.ts'
import { SelfMetrics } from '../src/publish/self-metrics.ts'
import { engineSettings, LATENCY, slo } from '../test/engine/settings.ts'
import { EPOCH_MS, request, span, variantOf } from '../test/engine/traffic.ts'
import { quantile } from './figures.ts'

const EXPERIMENTS = 50
const SERVICES = 100
const VARIANTS = ['control', 'treatment']
const WARM_UP_SECONDS = 30
const SECONDS = 60

export async function run(): Promise<void> {
  const engine = new Engine(
    engineSettings({ slos: [slo({ objective: 0.999 }), slo({ name: 'fast', sli: LATENCY.name })], inheritMs: 0 }),
    EPOCH_MS,
  )
  const ticks: number[] = []
  for (let second = 1; second <= WARM_UP_SECONDS + SECONDS; second++) {
    const nowMs = EPOCH_MS + second * 1000
    for (let service = 0; service < SERVICES; service++) {
      const spans = Array.from({ length: EXPERIMENTS * VARIANTS.length }, (_, at) =>
        span({
          endMs: nowMs - 1,
          durationMs: 1 + ((service * 7 + at * 13 + second) % 400),
          error: (service + at + second) % 997 === 0,
          attributes: variantOf(`experiment-${at >> 1}`, VARIANTS[at & 1]),
        }),
      )
      engine.consume(request(spans, { service: `service-${service}` }), nowMs - 1)
    }
    const begun = performance.now()
    engine.advanceTo(nowMs)
    if (second > WARM_UP_SECONDS) ticks.push(performance.now() - begun)
    engine.takeEvents()
  }
  console.log(
    `tick: ${engine.tracked().length} cohorts x ${engine.slos.length} SLOs, all changed: ` +
      `median ${quantile(ticks, 0.5).toFixed(1)} ms, p99 ${quantile(ticks, 0.99).toFixed(1)} ms, ` +
      `worst ${quantile(ticks, 1).toFixed(1)} ms (goal <= 100 ms)`,
  )
  for (let scrape = 1; scrape <= 3; scrape++) await measureScrape(engine, scrape)
  const quiet: number[] = []
  for (let second = 1; second <= 20; second++) {
    const begun = performance.now()
    engine.advanceTo(EPOCH_MS + (WARM_UP_SECONDS + SECONDS + second) * 1000)
    quiet.push(performance.now() - begun)
  }
  console.log(`tick, nothing received: median ${quantile(quiet, 0.5).toFixed(2)} ms`)
}

/** A page of the real engine, percentiles of full digests included; the first one of a process also warms up. */
async function measureScrape(engine: Engine, scrape: number): Promise<void> {
  const cpuBefore = process.cpuUsage()
  const begun = performance.now()
  let bytes = 0
  let longest = 0
  let resumed = begun
  for await (const piece of exposition({ reading: engine, selfMetrics: new SelfMetrics() }, 'text')) {
    longest = Math.max(longest, performance.now() - resumed)
    bytes += piece.length
    resumed = performance.now()
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  console.log(
    `scrape ${scrape} of these cohorts: ${(bytes / 1e6).toFixed(1)} MB in ${((user + system) / 1000).toFixed(0)} ms of CPU, ` +
      `${(performance.now() - begun).toFixed(0)} ms of wall time, longest piece ${longest.toFixed(1)} ms`,
  )
}

if (import.meta.main) await run()
