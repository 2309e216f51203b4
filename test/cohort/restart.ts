// A store that keeps the journal as the port says, for a player whose process ends and begins again.
import type { LeftEntry, TakenJournal } from '../../src/cohort/traces.ts'
import type { Player } from './traffic.ts'

interface Kept extends LeftEntry {
  readonly lastMs: number
}

export class JournalKeeper {
  #left: Kept[] = []
  /** Entries of an earlier process that are still there: they go with the first entry of this one. */
  #takenOver = 0

  get entries(): readonly Kept[] {
    return this.#left
  }

  commit(player: Player, unwritten: readonly string[] = []): void {
    this.#keep(player.traces.takeJournal(), unwritten)
  }

  /** A process without a journal stops in order. */
  stop(player: Player): void {
    const waiting = player.traces.encodeWaiting()
    this.#left = waiting === null ? [] : [{ ...waiting, unwritten: [] }]
    this.#takenOver = this.#left.length
  }

  /** The process is gone: another one begins. */
  restart(player: Player, nowMs: number): void {
    this.#takenOver = this.#left.length
    player.restart(this.#left, nowMs)
  }

  #keep(taken: TakenJournal | null, unwritten: readonly string[]): void {
    if (taken === null) return
    this.#left.splice(0, this.#takenOver)
    this.#takenOver = 0
    this.#left = this.#left.filter(({ lastMs }) => lastMs >= taken.needsSinceMs)
    this.#left.push({ ...taken, unwritten })
  }
}
