// Several daemons on one Redis, and what is asked of all of them.
import { expect } from 'vitest'
import { DaemonProcess } from './daemon-process.ts'
import { eventuallyHolds } from './eventually.ts'
import { RetryingClient } from './retrying-client.ts'

const CONFIG = `
slis:
  - {name: availability, where: {span.kind: SERVER}, bad_when: {span.status: ERROR}}
slos:
  - {name: availability, sli: availability, objective: 0.99, window: 30d, policy: experiment}
`

export interface Counts {
  readonly events: number
  readonly bad: number
}

export interface ReplicaOptions {
  readonly ack?: 'memory' | 'durable'
  /** Keys of `store` beside its type, as YAML in one line. */
  readonly store: string
}

export class ReplicaSet {
  readonly replicas: DaemonProcess[] = []
  readonly #options: ReplicaOptions

  constructor(options: ReplicaOptions) {
    this.#options = options
  }

  static async start(count: number, options: ReplicaOptions): Promise<ReplicaSet> {
    const set = new ReplicaSet(options)
    set.replicas.push(...(await Promise.all(Array.from({ length: count }, () => set.startOne()))))
    return set
  }

  /** Not in the set until somebody puts it there; `store` in the place of the set's. */
  startOne(store = this.#options.store): Promise<DaemonProcess> {
    const { ack = 'memory' } = this.#options
    return DaemonProcess.start({ config: `ack: ${ack}\nstore: {type: redis, ${store}}\n${CONFIG}` })
  }

  /** Sends to all replicas by turns, with tags on every span, until it is stopped. */
  client(options: { readonly parallel: number; readonly targets?: readonly DaemonProcess[] }): RetryingClient {
    const { targets = this.replicas, parallel } = options
    let next = 0
    return new RetryingClient(
      {
        target: () => targets[next++ % targets.length].otlpUrl('http'),
        experiment: 'checkout',
        variant: 'treatment',
        badEvery: 5,
        spansPerRequest: 20,
        tagged: true,
      },
      parallel,
    )
  }

  /** On every replica that runs. */
  async expectCounts(variant: string, counts: Counts, timeoutMs = 10_000): Promise<void> {
    for (const replica of this.#running)
      await eventuallyHolds(async () => expect(await countsOf(replica, variant)).toEqual(counts), timeoutMs)
  }

  /** On every replica that runs: one alert for each of these variants was ever told. */
  async expectOneIncidentEach(variants: readonly string[], timeoutMs = 10_000): Promise<void> {
    const expected = variants.map((one) => `checkout/${one}/sender`)
    for (const replica of this.#running)
      await eventuallyHolds(async () => {
        const firing = (await eventsOf(replica)).filter(({ type }) => type === 'cohortd.burn.firing')
        expect(firing.map(({ subject }) => subject).toSorted()).toEqual(expected)
      }, timeoutMs)
  }

  async expectNotDegraded(): Promise<void> {
    for (const replica of this.#running)
      await eventuallyHolds(async () => {
        expect((await replica.get('/readyz')).body).toMatchObject({ ready: true, reports: 'loaded' })
        expect((await replica.metrics()).sum('cohortd_store_available')).toBe(1)
      })
  }

  async remove(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.kill()))
  }

  get #running(): DaemonProcess[] {
    return this.replicas.filter(({ running }) => running)
  }
}

export async function countsOf(replica: DaemonProcess, variant: string): Promise<Counts> {
  const report = (await replica.report('checkout')) as {
    variants: { variant: string; cohorts: { slis: { windows: Record<string, Counts> }[] }[] }[]
  }
  const { events, bad } = report.variants.find((one) => one.variant === variant)!.cohorts[0].slis[0].windows['1h']
  return { events, bad }
}

export interface ToldEvent {
  readonly id: string
  readonly type: string
  readonly subject: string
}

export async function eventsOf(replica: DaemonProcess): Promise<ToldEvent[]> {
  return ((await replica.get('/api/v1/events?limit=1000')).body as { events: ToldEvent[] }).events
}
