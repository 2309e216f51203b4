// How long a scrape of 10,000 cohorts x 2 SLOs takes, and how long its longest piece holds the event loop.
// The reading is synthetic: numbers come out of arrays, so what is measured is the writer.
import type { Reading } from '../src/model/reading.ts'
import { exposition } from '../src/publish/prometheus.ts'
import { SelfMetrics } from '../src/publish/self-metrics.ts'
import { syntheticReading } from './synthetic-reading.ts'

const COHORTS = 10_000
const ROUNDS = 7

interface Scrape {
  readonly totalMs: number
  /** CPU time of the process, which other work on the machine does not lengthen. */
  readonly cpuMs: number
  readonly longestPieceMs: number
  readonly pieces: number
  readonly bytes: number
}

/** Reads the whole page once. The time of a piece is what passes until the generator hands it over. */
async function scrape(reading: Reading, selfMetrics: SelfMetrics): Promise<Scrape> {
  let longestPieceMs = 0
  let pieces = 0
  let bytes = 0
  const cpu = process.cpuUsage()
  const begin = performance.now()
  let before = begin
  for await (const chunk of exposition({ reading, selfMetrics }, 'text')) {
    longestPieceMs = Math.max(longestPieceMs, performance.now() - before)
    pieces++
    bytes += chunk.length
    before = performance.now()
  }
  const totalMs = performance.now() - begin
  const { user, system } = process.cpuUsage(cpu)
  return { totalMs, cpuMs: (user + system) / 1000, longestPieceMs, pieces, bytes }
}

/** Samples of the page: its lines without those of HELP and TYPE. */
async function countSeries(reading: Reading, selfMetrics: SelfMetrics): Promise<number> {
  let lines = 0
  for await (const chunk of exposition({ reading, selfMetrics }, 'text')) {
    for (const byte of chunk) if (byte === 0x0a) lines++
    for (let at = chunk.indexOf(0x23); at >= 0; at = chunk.indexOf(0x23, at + 1)) lines--
  }
  return lines
}

export async function run(): Promise<void> {
  const reading = syntheticReading(COHORTS)
  const selfMetrics = new SelfMetrics()
  const rounds: Scrape[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await scrape(reading, selfMetrics))
  const [first, ...warm] = rounds
  const median = warm.sort((a, b) => a.totalMs - b.totalMs)[Math.floor(warm.length / 2)]
  const longest = Math.max(...warm.map((round) => round.longestPieceMs))
  console.log(
    `scrape: ${COHORTS} cohorts x 2 SLOs, ${await countSeries(reading, selfMetrics)} series, ${(first.bytes / 1e6).toFixed(1)} MB`,
  )
  console.log(
    `  first (labels not cached) ${first.totalMs.toFixed(0)} ms, longest piece ${first.longestPieceMs.toFixed(1)} ms`,
  )
  console.log(
    `  median of ${warm.length}: ${median.totalMs.toFixed(0)} ms (CPU ${median.cpuMs.toFixed(0)} ms) in ${median.pieces} pieces, longest piece ${longest.toFixed(1)} ms`,
  )
}

if (import.meta.main) await run()
