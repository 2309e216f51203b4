// Players whose process ends and begins again, and a store that keeps the journal meanwhile as the port says.
import type { LeftEntry, TakenJournal } from '../../src/cohort/traces.ts'
import { Player, type PlayerOptions } from './traffic.ts'

/** Plays with a journal. */
export function recording(changes: PlayerOptions = {}): Player {
  return new Player({ journal: true, ...changes })
}

/** What the player's process leaves if it ends now, and its store has none of these experiments. */
export function entryOf(player: Player, unwritten: readonly string[] = []): LeftEntry {
  return { ...player.traces.takeJournal()!, unwritten }
}

interface Kept extends LeftEntry {
  readonly lastMs: number
}

export class JournalKeeper {
  #left: Kept[] = []
  /** Entries of an earlier process that are still there: they go with the first entry of this one. */
  #takenOver = 0

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
