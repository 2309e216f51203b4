// The whole path of histograms, per second of CPU: OTLP in, decoded, told apart as time series, merged into counts and digests. Beside it, in the same
// run and with the same bytes, the OpenTelemetry Collector with what does the nearest thing: its OTLP receiver, deltatocumulative or
// cumulativetodelta, and the Prometheus exporter; where OTELCOL names its program (docs/architecture.md says how to build one). Then the
// memory of 100,000 cumulative time series.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep } from '../src/runtime/clock.ts'
import { DaemonProcess } from '../test/real/daemon-process.ts'
import { freePort } from '../test/redis-rig/ports.ts'
import { quantile } from './figures.ts'
import { HistogramRequest, type RequestShape, shootMetrics, type Temporality } from './metric-load.ts'

/** Until the compiler of a process has seen what is hot. */
const WARM_UP_MS = 10_000
const ROUND_MS = 2000
const ROUNDS = 5
const TICKS = 100
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

/** A process under load, with requests of its own. */
interface Contestant {
  readonly pid: number
  readonly port: number
  readonly load: readonly HistogramRequest[]
}

export async function run(): Promise<void> {
  for (const points of POINTS_A_REQUEST)
    for (const temporality of ['delta', 'cumulative'] as const) await compare({ temporality, points })
  await withDaemon(async (pid, port) => {
    const load = requestsFor(MANY_SERIES, { temporality: 'cumulative', points: POINTS_A_REQUEST[0] })
    for (let round = 0; round < 3; round++) await shootMetrics(port, load, 0)
    console.log(
      `metrics: ${MANY_SERIES} cumulative histograms are live: ${megabytes(pid).toFixed(0)} MB RSS (goal <= 300)`,
    )
  })
}

/** Rounds of the two alternate, and the median counts: a busy machine disturbs both alike. */
async function compare(shape: RequestShape): Promise<void> {
  const contestant = (pid: number, port: number): Contestant => ({ pid, port, load: requestsFor(SERIES, shape) })
  const [ours, theirs] = await withDaemon((pid, port) =>
    withCollector(shape.temporality, async (other) => {
      const contestants = [contestant(pid, port), ...(other === null ? [] : [contestant(other.pid, other.port)])]
      const rates = contestants.map((): number[] => [])
      for (const { port: at, load } of contestants) await shootMetrics(at, load, WARM_UP_MS)
      for (let round = 0; round < ROUNDS; round++)
        for (const [at, one] of contestants.entries()) rates[at].push(await pointsPerCpuSecond(one, shape))
      return rates
    }),
  )
  const rate = quantile(ours, 0.5)
  const beside =
    theirs === undefined
      ? 'the Collector: not measured, OTELCOL does not name its program'
      : `the Collector ${thousands(quantile(theirs, 0.5))}: ${(rate / quantile(theirs, 0.5)).toFixed(1)} times as many (goal >= 4)`
  console.log(
    `metrics: ${shape.temporality} histograms, 10 attributes, 15 buckets, ${shape.points} a request: ${thousands(rate)} points per CPU second; ${beside}`,
  )
}

function requestsFor(series: number, shape: RequestShape): HistogramRequest[] {
  return Array.from({ length: series / shape.points }, (_, at) => new HistogramRequest(at, shape))
}

async function pointsPerCpuSecond({ pid, port, load }: Contestant, { points }: RequestShape): Promise<number> {
  const before = cpuSeconds(pid)
  const answered = await shootMetrics(port, load, ROUND_MS)
  return (answered * points) / (cpuSeconds(pid) - before)
}

async function withDaemon<T>(use: (pid: number, port: number) => Promise<T>): Promise<T> {
  const daemon = await DaemonProcess.start({ config: CONFIG })
  try {
    return await use(daemon.pid, daemon.ports.http)
  } finally {
    await daemon.stop()
  }
}

async function withCollector<T>(
  temporality: Temporality,
  use: (collector: { pid: number; port: number } | null) => Promise<T>,
): Promise<T> {
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

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

function megabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024
}

function thousands(rate: number): string {
  return `${Math.round(rate / 1000)} k`
}

if (import.meta.main) await run()
