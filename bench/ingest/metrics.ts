// The whole path of histograms, per second of CPU: OTLP in, decoded, told apart as time series, merged into counts and digests. Beside it, in the same
// run and with the same bytes, the OpenTelemetry Collector with what does the nearest thing: its OTLP receiver, deltatocumulative or
// cumulativetodelta, and the Prometheus exporter; where OTELCOL names its program (docs/architecture.md says how to build one). Then the
// memory of 100,000 cumulative time series.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep } from '../../src/runtime/clock.ts'
import { DaemonProcess } from '../../test/real/daemon-process.ts'
import { freePort } from '../../test/redis-rig/ports.ts'
import { quantile, thousands } from '../figures.ts'
import { cpuSeconds, residentMegabytes } from '../process-cost.ts'
import { HistogramRequest, type RequestShape, shootMetrics, type Temporality } from './metric-load.ts'

/** Until the compiler of a process has seen what is hot. */
const WARM_UP_MS = 8000
const ROUND_MS = 500
/** Many and short: on a machine that others use too, a whole round may be slow. */
const ROUNDS = 25
const LEAST_DISTURBED = 0.9
const MEDIAN = 0.5
const SERIES = 3000
/** A process that exports for itself, and one that collects for some. */
const POINTS_A_REQUEST = [100, 500]
const MANY_SERIES = 100_000
const CONFIG = `
store: {type: memory}
receivers: {otlp: {retry_window: 0s}}
slis:
  - {name: request_latency, from: metrics, metric: http.server.request.duration, good_below: 250ms, percentiles: [0.5, 0.99]}
slos: []
cohorts: {limits: {streams: ${2 * MANY_SERIES}}}
`
const PROCESSORS: Readonly<Record<Temporality, string>> = {
  delta: 'deltatocumulative',
  cumulative: 'cumulativetodelta',
}

/** A process under load of one shape, with requests of its own. */
interface Contestant {
  readonly name: 'cohortd' | 'Collector'
  readonly pid: number
  readonly port: number
  readonly shape: RequestShape
  readonly load: readonly HistogramRequest[]
  /** Points per CPU second, by round. */
  readonly rates: number[]
}

interface Process {
  readonly pid: number
  readonly port: number
}

const SHAPES: readonly RequestShape[] = POINTS_A_REQUEST.flatMap((points) =>
  (['delta', 'cumulative'] as const).map((temporality) => ({ temporality, points })),
)

export async function run(): Promise<void> {
  const contestants = await withDaemon((daemon) =>
    withCollector('delta', (delta) =>
      withCollector('cumulative', async (cumulative) => compete(daemon, { delta, cumulative })),
    ),
  )
  for (const shape of SHAPES) tell(contestants.filter((one) => one.shape === shape))
  await withDaemon(async ({ pid, port }) => {
    const load = requestsFor(MANY_SERIES, { temporality: 'cumulative', points: POINTS_A_REQUEST[0] })
    for (let round = 0; round < 3; round++) await shootMetrics(port, load, 0)
    console.log(
      `metrics: ${MANY_SERIES} cumulative histograms are live: ${residentMegabytes(pid).toFixed(0)} MB RSS (goal <= 300)`,
    )
  })
}

/** Rounds of all take turns, so that those of each are spread over the whole time. */
async function compete(
  daemon: Process,
  collectors: Readonly<Record<Temporality, Process | null>>,
): Promise<Contestant[]> {
  const contestants = SHAPES.flatMap((shape, at) => {
    const collector = collectors[shape.temporality]
    const both = [
      { name: 'cohortd' as const, ...daemon },
      ...(collector === null ? [] : [{ name: 'Collector' as const, ...collector }]),
    ]
    return both.map((one): Contestant => ({ ...one, shape, load: requestsFor(SERIES, shape, at), rates: [] }))
  })
  for (const { port, load } of contestants) await shootMetrics(port, load, WARM_UP_MS)
  for (let round = 0; round < ROUNDS; round++)
    for (const one of contestants) one.rates.push(await pointsPerCpuSecond(one, one.shape))
  return contestants
}

/** What else runs on the machine only ever makes a round slower, and some by half: told is the round that one in ten was faster than; in brackets the median. */
function tell(contestants: readonly Contestant[]): void {
  const [ours, theirs] = [contestants[0], contestants.find(({ name }) => name === 'Collector')]
  const beside =
    theirs === undefined
      ? 'the Collector: not measured, OTELCOL does not name its program'
      : `the Collector ${rateText(theirs)}: ${timesAsMany(ours, theirs, LEAST_DISTURBED)} times as many (${timesAsMany(ours, theirs, MEDIAN)}; goal >= 4)`
  const { temporality, points } = ours.shape
  console.log(
    `metrics: ${temporality} histograms, 10 attributes, 15 buckets, ${points} a request: ${rateText(ours)} points per CPU second; ${beside}`,
  )
}

function timesAsMany(ours: Contestant, theirs: Contestant, at: number): string {
  return (quantile(ours.rates, at) / quantile(theirs.rates, at)).toFixed(1)
}

function rateText({ rates }: Contestant): string {
  return `${thousands(quantile(rates, LEAST_DISTURBED))} (${thousands(quantile(rates, MEDIAN))})`
}

/** `part`: those of different parts are of different time series. */
function requestsFor(series: number, shape: RequestShape, part = 0): HistogramRequest[] {
  return Array.from({ length: series / shape.points }, (_, at) => new HistogramRequest(part * SERIES + at, shape))
}

async function pointsPerCpuSecond({ pid, port, load }: Contestant, { points }: RequestShape): Promise<number> {
  const before = cpuSeconds(pid)
  const answered = await shootMetrics(port, load, ROUND_MS)
  return (answered * points) / (cpuSeconds(pid) - before)
}

async function withDaemon<T>(use: (daemon: Process) => Promise<T>): Promise<T> {
  const daemon = await DaemonProcess.start({ config: CONFIG })
  try {
    return await use({ pid: daemon.pid, port: daemon.ports.http })
  } finally {
    await daemon.stop()
  }
}

async function withCollector<T>(temporality: Temporality, use: (collector: Process | null) => Promise<T>): Promise<T> {
  const program = process.env['OTELCOL'] ?? ''
  if (program === '') return await use(null)
  const folder = mkdtempSync(join(tmpdir(), 'cohortd-bench-'))
  const port = await freePort()
  const file = join(folder, 'collector.yaml')
  writeFileSync(file, collectorConfig({ port, pagePort: await freePort(), processor: PROCESSORS[temporality] }))
  const child = spawn(program, ['--config', file], { stdio: 'ignore' })
  try {
    await untilListening(child, port)
    return await use({ pid: child.pid ?? 0, port })
  } finally {
    child.kill()
    rmSync(folder, { recursive: true })
  }
}

function collectorConfig({ port, pagePort, processor }: { port: number; pagePort: number; processor: string }): string {
  return `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
processors: {${processor}: {}}
exporters: {prometheus: {endpoint: "127.0.0.1:${pagePort}"}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {metrics: {receivers: [otlp], processors: [${processor}], exporters: [prometheus]}}
`
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`the Collector ended with ${child.exitCode}`)
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
    if (isUp) return
    await sleep(100)
  }
  throw new Error('the Collector does not listen')
}

if (import.meta.main) await run()
