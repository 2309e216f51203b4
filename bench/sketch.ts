// The t-digest beside npm tdigest in the same run: rates of insertion and merging, size, and the worst error against an exact sort.
import { TDigest as NpmDigest } from 'tdigest'
import { ByteWriter } from '../src/sketch/bytes.ts'
import { quantilesOf, TDigest } from '../src/sketch/tdigest.ts'
import { writeDigest } from '../src/sketch/tdigest-codec.ts'
import { DISTRIBUTIONS, exactQuantile, sample } from '../test/sketch/samples.ts'

const VALUES = 1_000_000
const SEEDS = [1, 2, 3]
const PROBABILITIES = [0.5, 0.9, 0.95, 0.99, 0.999]
const SCRAPED = [0.5, 0.9, 0.95, 0.99]
const PARTS = 60
const ROUNDS = 7
/** A clock of CPU time ticks in milliseconds: short tasks are timed many at once. */
const REPEATS = 50

export async function run(): Promise<void> {
  insertion()
  merging()
  reading()
  for (const name of Object.keys(DISTRIBUTIONS)) errors(name)
}

/** The least CPU milliseconds of several rounds: what other processes take does not count. */
function fastest(task: () => void, rounds = ROUNDS): number {
  let least = Infinity
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    task()
    least = Math.min(least, process.cpuUsage(before).user / 1000)
  }
  return least
}

function digestOf(values: Float64Array): TDigest {
  const digest = new TDigest()
  for (const value of values) digest.add(value)
  digest.centroids()
  return digest
}

function npmDigestOf(values: Float64Array): NpmDigest {
  const digest = new NpmDigest()
  for (const value of values) digest.push(value)
  return digest
}

function atRest(values: Float64Array): TDigest {
  const digest = digestOf(values)
  digest.compact()
  return digest
}

function parts(values: Float64Array): Float64Array[] {
  const length = values.length / PARTS
  return Array.from({ length: PARTS }, (_, i) => values.subarray(Math.floor(i * length), Math.floor((i + 1) * length)))
}

function insertion(): void {
  const values = sample('log-normal', VALUES)
  const ours = VALUES / fastest(() => digestOf(values)) / 1000
  const theirs = VALUES / fastest(() => npmDigestOf(values), 3) / 1000
  console.log(
    `t-digest insertion: ${ours.toFixed(1)} M values per CPU second, npm tdigest ${theirs.toFixed(1)} (x ${(ours / theirs).toFixed(1)}, goal x 4)`,
  )
}

function merging(): void {
  const samples = parts(sample('log-normal', VALUES))
  const digests = samples.map(atRest)
  const theirDigests = samples.map((values) => npmDigestOf(values).toArray())
  const ours =
    fastest(() => {
      for (let i = 0; i < REPEATS; i++) {
        const digest = new TDigest()
        for (const part of digests) digest.merge(part)
      }
    }) / REPEATS
  const theirs = fastest(() => {
    const digest = new NpmDigest()
    for (const centroids of theirDigests) digest.push_centroid(centroids)
  }, 3)
  const [us, theirUs] = [ours, theirs].map((ms) => (1000 * ms) / PARTS)
  console.log(
    `t-digest merge of ${PARTS}: ${us.toFixed(1)} us each, npm tdigest ${theirUs.toFixed(0)} us (x ${(theirUs / us).toFixed(0)})`,
  )
}

function reading(): void {
  const digests = parts(sample('log-normal', VALUES)).map(atRest)
  const line = [3, 11].map((count) => {
    const some = digests.slice(0, count)
    const ms = fastest(() => {
      for (let i = 0; i < 1000; i++) quantilesOf(some, SCRAPED)
    }, 30)
    return `${ms.toFixed(1)} us of ${count}`
  })
  console.log(
    `t-digest, ${SCRAPED.length} quantiles of several digests at rest: ${line.join(', ')} (goal <= 5 us of 3)`,
  )
}

function errors(name: string): void {
  const ways: Record<string, (values: Float64Array) => readonly (number | null)[] | null> = {
    'at rest': (values) => PROBABILITIES.map((p) => atRest(values).quantile(p)),
    working: (values) => PROBABILITIES.map((p) => digestOf(values).quantile(p)),
    '11 together': (values) => quantilesOf(parts(values).slice(0, 11).map(atRest), PROBABILITIES),
    '60 merged': (values) => {
      const digest = new TDigest()
      for (const part of parts(values)) digest.merge(atRest(part))
      return PROBABILITIES.map((p) => digest.quantile(p))
    },
    'npm tdigest': (values) => npmDigestOf(values).percentile(PROBABILITIES),
  }
  for (const [way, quantiles] of Object.entries(ways)) {
    const worst = PROBABILITIES.map(() => 0)
    for (const seed of SEEDS) {
      const values = sample(name, VALUES, seed)
      const seen = way === '11 together' ? values.subarray(0, Math.floor((values.length / PARTS) * 11)) : values
      const sorted = seen.toSorted()
      quantiles(values)?.forEach((value, i) => {
        const error = Math.abs((value ?? Number.NaN) / exactQuantile(sorted, PROBABILITIES[i]) - 1)
        worst[i] = Math.max(worst[i], 100 * error)
      })
    }
    const figures = worst.map((error) => error.toFixed(3)).join(' / ')
    const sizes = way === 'at rest' ? `; ${bytesOf(atRest(sample(name, VALUES)))} bytes` : ''
    console.log(`t-digest, worst error of ${name} ${way}, % at p50/p90/p95/p99/p99.9: ${figures}${sizes}`)
  }
}

function bytesOf(digest: TDigest): number {
  const writer = new ByteWriter()
  writeDigest(writer, digest)
  return writer.finish().length
}

if (import.meta.main) await run()
