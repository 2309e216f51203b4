// From a seed to a plan.

import type { Ack, Action, FaultPlan, Plan, RequestPlan, SpanPlan } from './plan.ts'
import { Random } from './random.ts'
import { SETTINGS } from './settings.ts'

export const EXPERIMENTS = ['cart', 'search', 'price'] as const
const SERVICES = ['shop', 'api'] as const
const MINUTE_MS = 60_000
/** Faults are over so long before the end. */
const QUIET_MS = 2000

export interface GenerateOptions {
  /** Null: as the seed has it. */
  readonly ack?: Ack | null
  /** More than an hour, so that writers are given up and their rows adopted. */
  readonly long?: boolean
}

export function generate(seed: number, options: GenerateOptions = {}): Plan {
  const random = new Random(seed)
  const ack = random.pick(['memory', 'durable'] as const)
  const store = random.chance(0.8) ? 'shared' : 'local'
  const replicas = store === 'local' ? 1 : random.whole(1, 4)
  const isLong = options.long === true
  const endMs = (isLong ? random.whole(70, 100) : random.whole(1, 8)) * MINUTE_MS
  const world = { random, replicas, endMs, store, isLong } as const
  const actions: Action[] = [...traffic(world), ...faults(world)].sort((one, other) => one.atMs - other.atMs)
  return { seed, ack: options.ack ?? ack, store, replicas, endMs, actions }
}

interface Sketch {
  readonly random: Random
  readonly replicas: number
  readonly endMs: number
  readonly store: Plan['store']
  readonly isLong: boolean
}

function traffic(world: Sketch): RequestPlan[] {
  const { random } = world
  const requests = Array.from({ length: random.whole(15, 70) }, (_, number) => request(world, number))
  for (let pair = random.whole(0, 4); pair > 0; pair--) requests.push(...splitTrace(world, requests.length))
  return requests
}

function request({ random, endMs }: Sketch, number: number): RequestPlan {
  const atMs = random.whole(500, endMs)
  // A variant that fails for a while, so that alerts fire and end.
  const isBadTime = Math.floor(atMs / 90_000) % 2 === 0
  const spans = Array.from({ length: random.whole(1, 6) }, (_, at) => {
    const trace = number * 100 + (random.chance(0.6) ? 1 : 2 + at)
    return spanPlan(random, { trace, isBadTime })
  })
  const mishap = random.weighted({ none: 8, 'request lost': 1, 'answer lost': 2, 'arrives twice': 1 })
  return { kind: 'send', atMs, number, spans, replica: null, mishap }
}

function spanPlan(random: Random, { trace, isBadTime }: { trace: number; isBadTime: boolean }): SpanPlan {
  const tags = random.chance(0.25) ? [] : someTags(random)
  const isBad = isBadTime && tags.some(([experiment, variant]) => experiment !== 'price' && variant === 'treatment')
  return {
    ageMs: ageOf(random),
    slow: random.chance(0.2),
    error: random.chance(isBad ? 0.7 : 0.05),
    service: random.pick(SERVICES),
    trace,
    tags,
  }
}

function ageOf(random: Random): number {
  const how = random.weighted({ usual: 12, old: 4, 'too old': 1, 'a little ahead': 2, 'too far ahead': 1 })
  if (how === 'usual') return random.whole(0, 2000)
  if (how === 'old') return random.whole(2000, 90_000)
  if (how === 'too old') return SETTINGS.allowedLatenessMs + random.whole(600_000, 900_000)
  return how === 'a little ahead' ? -random.whole(0, 5000) : -SETTINGS.allowedFutureMs - random.whole(600_000, 900_000)
}

function someTags(random: Random): [string, string][] {
  const variant = (): string => random.pick(['control', 'treatment'])
  const first = random.pick(EXPERIMENTS)
  const tags: [string, string][] = [[first, variant()]]
  if (random.chance(0.3)) tags.push([random.pick(EXPERIMENTS.filter((one) => one !== first)), variant()])
  return tags
}

/** Two requests to one replica: the first has a span that waits for its trace, the second tells it. */
function splitTrace({ random, endMs, replicas }: Sketch, number: number): RequestPlan[] {
  const trace = number * 100
  const replica = random.whole(0, replicas - 1)
  const atMs = random.whole(500, endMs)
  const one = { ageMs: 0, slow: false, error: false, trace } as const
  const common = { kind: 'send', replica, mishap: random.pick(['none', 'none', 'answer lost'] as const) } as const
  const waiting = { ...one, service: splitService(number), tags: [] }
  const telling = { ...one, service: 'shop', tags: [[random.pick(EXPERIMENTS), 'control'] as const] }
  return [
    { ...common, atMs, number, spans: [waiting] },
    { ...common, atMs: atMs + random.whole(500, SETTINGS.inheritMs * 0.9), number: number + 1, spans: [telling] },
  ]
}

const SPLIT = 'split-'

/** Such a span has a cohort to itself. */
function splitService(number: number): string {
  return `${SPLIT}${number}`
}

export function isSplitService(service: string): boolean {
  return service.startsWith(SPLIT)
}

const WEIGHTS = {
  crash: 4,
  restart: 2,
  rolling: 1,
  pause: 2,
  'clock step': 1,
  outage: 3,
  slow: 2,
  flaky: 3,
  failover: 1,
  emptied: 0.5,
  evicted: 0.5,
} as const

function faults(world: Sketch): FaultPlan[] {
  const { random } = world
  return Array.from({ length: random.whole(0, 8) }, () => fault(world)).flat()
}

function fault(world: Sketch): FaultPlan[] {
  const { random, replicas, endMs, store, isLong } = world
  const hours = isLong ? [66 * MINUTE_MS] : []
  const kind = random.weighted(WEIGHTS)
  const atMs = random.whole(0, endMs - 10 * QUIET_MS)
  const leftMs = endMs - QUIET_MS - atMs
  const upTo = (ms: number): number => random.whole(100, Math.min(ms, leftMs))
  const replica = random.whole(0, replicas - 1)
  if (kind === 'rolling') return rollingUpgrade(world, atMs)
  if (kind === 'crash') return [{ kind, atMs, replica, downMs: upTo(random.pick([500, 3000, 30_000, ...hours])) }]
  if (kind === 'restart') return [{ kind, atMs, replica, downMs: upTo(5000) }]
  if (kind === 'pause') return [{ kind, atMs, replica, forMs: upTo(random.pick([2000, 15_000, 60_000, ...hours])) }]
  if (kind === 'clock step') return [{ kind, atMs, replica, byMs: random.whole(-40_000, 30_000) }]
  if (kind === 'slow')
    return [{ kind, atMs, forMs: upTo(30_000), upToMs: random.pick([200, 2000, 6000]), reorders: random.chance(0.5) }]
  if (kind === 'flaky') return [{ kind, atMs, forMs: upTo(30_000), share: random.pick([0.1, 0.4, 0.8]) }]
  if (kind === 'outage') {
    const whose = random.chance(0.5) ? null : replica
    return [
      {
        kind,
        atMs,
        replica: whose,
        forMs: upTo(random.pick([2000, 20_000, 100_000, ...hours])),
        hangs: random.chance(0.5),
      },
    ]
  }
  // A store of one process does not forget.
  if (store === 'local') return []
  if (kind === 'failover') return [{ kind, atMs, backMs: random.pick([50, 1000, 5000, 30_000]) }]
  if (kind === 'emptied') return [{ kind, atMs }]
  return [{ kind, atMs, experiment: random.pick(EXPERIMENTS) }]
}

function rollingUpgrade({ random, replicas, endMs }: Sketch, fromMs: number): FaultPlan[] {
  const eachMs = Math.min(15_000, (endMs - QUIET_MS - fromMs) / replicas)
  return Array.from({ length: replicas }, (_, replica) => ({
    kind: 'restart',
    atMs: Math.floor(fromMs + replica * eachMs),
    replica,
    downMs: random.whole(200, 2000),
  }))
}
