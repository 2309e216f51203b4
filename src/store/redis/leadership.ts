// Leases, and what only their holder does. Publishing takes two writes, since the stream of events is in another slot than the experiment:
//
//   1  state, alerts and the events into the experiment's outbox, fenced by the token, all or nothing
//   2  from the outbox into the stream, each event once, by its number; then it leaves the outbox
//
// Where a process ends between the two, the outbox is relayed with the next publication, or by whoever holds the lease next: each renewal of
// a lease says whether something waits.
import { mustBeEventId } from '../event-order.ts'
import type { Publication, PublicationOutcome } from '../port.ts'
import type { Argument, Reply } from './connection.ts'
import { cohortField } from './rows.ts'
import { RELAY } from './scripts/installation.ts'
import { FORGET, LEASE, PUBLISH, RELEASE, RETIRE, TRIM_OUTBOX } from './scripts/leadership.ts'
import { list, type RedisServer, textOf, texts } from './server.ts'

export class Leadership {
  readonly #server: RedisServer

  constructor(server: RedisServer) {
    this.#server = server
  }

  async lease(writer: string, experiments: readonly string[], ttlMs: number): Promise<Map<string, number>> {
    const tokens = new Map<string, number>()
    await Promise.all(
      experiments.map(async (experiment) => {
        const keys = this.#server.keys.of(experiment)
        const [token, waiting] = list(await this.#server.runOn(LEASE, keys, { args: [writer, ttlMs] }))
        if (textOf(token) === '') return
        tokens.set(experiment, Number(textOf(token)))
        if (waiting !== 0) await this.#relayWaiting(experiment)
      }),
    )
    return tokens
  }

  async release(writer: string, experiments: readonly string[]): Promise<void> {
    await Promise.all(
      experiments.map((experiment) =>
        this.#server.runOn(RELEASE, this.#server.keys.of(experiment), { args: [writer] }),
      ),
    )
  }

  async publish(publication: Publication, anew: boolean): Promise<PublicationOutcome> {
    const { experiment, token, sequence, state, alerts, events } = publication
    for (const { id } of events) mustBeEventId(id)
    const args: Argument[] = [
      token,
      sequence,
      anew ? '1' : '0',
      state === null ? '' : `=${state}`,
      alerts.length,
      events.length,
    ]
    for (const one of alerts) args.push(cohortField(one), one.json === null ? '' : `=${one.json}`)
    for (const { id, json } of events) args.push(id, json)
    const [answer, waiting] = list(await this.#server.runOn(PUBLISH, this.#server.keys.of(experiment), { args }))
    const [outcome, ...notes] = texts(answer)
    this.#server.tellLost(experiment, notes)
    await this.#relay(experiment, list(waiting))
    return outcome as PublicationOutcome
  }

  async retire(experiment: string, writer: string, token: number): Promise<boolean> {
    const reply = await this.#server.runOn(RETIRE, this.#server.keys.of(experiment), { args: [token, writer] })
    const [isRetired, ...notes] = texts(reply)
    this.#server.tellLost(experiment, notes)
    return isRetired === '1'
  }

  /** `writers`: those of the experiment that are known. */
  async forget(experiment: string, token: number, writers: readonly string[]): Promise<boolean> {
    const named = new Set(writers)
    for (;;) {
      const rows = [...named]
      const keys = this.#server.keys.of(experiment)
      const [answer, ...unknown] = texts(await this.#server.runOn(FORGET, keys, { rows, args: [token, ...rows] }))
      if (answer !== 'unknown') return answer === '1'
      for (const writer of unknown) named.add(writer)
    }
  }

  /** Relays what an earlier publication left in the outbox; where that cannot be done now, the next renewal tries again. */
  async #relayWaiting(experiment: string): Promise<void> {
    const keys = this.#server.keys.of(experiment)
    try {
      await this.#relay(experiment, list(await this.#server.runOn(TRIM_OUTBOX, keys, { args: ['0'] })))
    } catch {
      // The connection has told its observer.
    }
  }

  async #relay(experiment: string, outbox: readonly Reply[]): Promise<void> {
    const { keys, keepMs, options } = this.#server
    let waiting = outbox
    while (waiting.length > 0) {
      const args = [keepMs, options.eventLimit, keys.channel, experiment, ...(waiting as Argument[])]
      const [last, ...gone] = texts(await this.#server.run(RELAY, keys.events, args))
      if (gone.length > 0) options.observer.lost(null, 'the stream of events; those before now cannot be read any more')
      waiting = list(await this.#server.runOn(TRIM_OUTBOX, keys.of(experiment), { args: [last] }))
    }
  }
}
