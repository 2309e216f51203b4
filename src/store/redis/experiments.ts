// Which experiments there are, and which changed: one list for all, whose slot is not that of the experiments.
//
// A change is noted here after it was made (see ANNOUNCE), so a reader who knows the list up to a number can read all changes noted by
// then. What can come between is the end of the process, or of the way to the list: then a change is in the store and not noted. So what
// could not be noted is noted with the next one, and activity() tells all experiments once a minute whatever their number: a
// change is hidden for a minute at most, and only where its writer died in that very moment.
import { randomUUID } from 'node:crypto'
import { ACTIVITY, ANNOUNCE } from './scripts/installation.ts'
import { list, type RedisServer, textOf, texts } from './server.ts'

const SWEEP_MS = 60_000
const MAX_NOTED = 100_000

export class Experiments {
  readonly #server: RedisServer
  /** Not noted yet. */
  readonly #pending = new Set<string>()
  /** Noted by this process, and when: so that the list can be made again where it is gone. */
  readonly #noted = new Map<string, number>()
  #epoch: string | null = null
  /** The server turned out not to be the one that it was, and activity() has not told so yet. */
  #isAnother = false
  #sweptMs: number

  constructor(server: RedisServer) {
    this.#server = server
    this.#sweptMs = server.options.now()
  }

  /** Notes that these changed. Does not fail: what cannot be noted now is noted with the next one. */
  async announce(experiments: readonly string[]): Promise<void> {
    for (const one of experiments) this.#pending.add(one)
    if (this.#pending.size === 0) return
    const announced = [...this.#pending]
    try {
      const fresh = await this.#note(announced, false)
      for (const one of announced) this.#pending.delete(one)
      const nowMs = this.#server.options.now()
      const isGone = fresh.some((one) => nowMs - (this.#noted.get(one) ?? -Infinity) < this.#server.keepMs)
      for (const one of announced) this.#noted.set(one, nowMs)
      if (isGone) await this.#makeAgain()
      if (this.#noted.size > MAX_NOTED) this.#noted.clear()
    } catch {
      // The connection has told its observer.
    }
  }

  /** Notes with the next ones that these changed. */
  announceLater(experiments: readonly string[]): void {
    for (const one of experiments) this.#pending.add(one)
  }

  /** Notes that it was forgotten. */
  async forgotten(experiment: string): Promise<void> {
    this.#pending.delete(experiment)
    this.#noted.delete(experiment)
    await this.#note([experiment], true)
  }

  async all(): Promise<string[]> {
    const [key] = this.#server.keys.experiments
    return texts(await this.#server.connection.call('zrange', [key, 0, -1]))
  }

  async activity(position: string | null): Promise<{ position: string; experiments: string[] }> {
    const nowMs = this.#server.options.now()
    const isSweep = position === null || nowMs - this.#sweptMs >= SWEEP_MS || nowMs < this.#sweptMs
    const since = isSweep || !/^\d+$/.test(position) ? '' : position
    const reply = await this.#server.run(ACTIVITY, this.#server.keys.experiments, [
      this.#server.keepMs,
      since,
      randomUUID(),
    ])
    const [epoch, last, changed, forgotten] = list(reply)
    // A server that was emptied knows of no change; what this process had there is gone all the same.
    this.#see(textOf(epoch))
    const gone = this.#isAnother ? [...this.#noted.keys()] : []
    this.#isAnother = false
    if (isSweep) this.#sweptMs = nowMs
    for (const one of texts(forgotten)) this.#noted.delete(one)
    return { position: textOf(last), experiments: [...new Set([...texts(changed), ...texts(forgotten), ...gone])] }
  }

  /** Looks whether the server is the one that it was. */
  async look(): Promise<void> {
    this.#see(textOf(list(await this.#activityNow())[0]))
  }

  #activityNow(): ReturnType<RedisServer['run']> {
    const far = '999999999999999'
    return this.#server.run(ACTIVITY, this.#server.keys.experiments, [this.#server.keepMs, far, randomUUID()])
  }

  async #note(experiments: readonly string[], isForgotten: boolean): Promise<string[]> {
    const { keys, keepMs } = this.#server
    const args = [keepMs, isForgotten ? '1' : '0', randomUUID(), ...experiments]
    const [epoch, fresh] = list(await this.#server.run(ANNOUNCE, keys.experiments, args))
    this.#see(textOf(epoch))
    return texts(fresh)
  }

  async #makeAgain(): Promise<void> {
    this.#server.options.observer.lost(null, 'the list of experiments; it is written again')
    await this.#note([...this.#noted.keys()], false)
  }

  #see(epoch: string): void {
    if (this.#epoch !== null && this.#epoch !== epoch) {
      this.#isAnother = true
      this.#server.options.observer.lost(
        null,
        'the mark that the server carries: it was emptied, restarted without its data, or evicts keys; every replica writes again what it has',
      )
    }
    this.#epoch = epoch
  }
}
