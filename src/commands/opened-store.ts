// A started store for commands that work on one while no daemon of theirs runs.
import { existsSync } from 'node:fs'
import { UnknownExperiment } from '../archive/export.ts'
import { ArchiveError } from '../archive/lines.ts'
import type { Settings } from '../model/settings.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { openStore } from '../store/open-store.ts'
import { type Store, StoreError } from '../store/port.ts'

/** As much as may be configured, or more: looking at a store with the wrong configuration must not make it forget anything. */
const LONGEST_WINDOW_SECONDS = 30 * 86_400
const EVENTS_WITHOUT_LIMIT = Number.MAX_SAFE_INTEGER

const PROGRESS_EVERY_MS = 2000

export interface StoreWanted {
  readonly settings: Settings
  readonly terminal: Terminal
  /** Whether a file that is not there yet is made. */
  readonly create: boolean
}

/** Gives `work` the store of the settings, started, and stops it afterwards. Throws StoreError where there is no such store. */
export async function withStore<Result>(
  { settings, terminal, create }: StoreWanted,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  if (settings.store.type === 'memory')
    throw new StoreError('store.type is memory, of which nothing is left outside the daemon; name sqlite or redis')
  if (settings.store.type === 'sqlite' && !create && !existsSync(settings.store.path))
    throw new StoreError(`there is no store ${settings.store.path}; name one that a daemon has written in store.path`)
  const store = openStore(settings.store, {
    eventLimit: EVENTS_WITHOUT_LIMIT,
    retentionSeconds: LONGEST_WINDOW_SECONDS,
    retryWindowMs: settings.engine.retryWindowMs,
    durable: true,
    now: () => systemClock.now(),
    observer: {
      unavailable: (reason) => terminal.err(`the store does not answer: ${reason}\n`),
      available: () => terminal.err('the store answers again\n'),
      lost: (experiment, what) => terminal.err(`the store has lost ${what}${of(experiment)}\n`),
    },
  })
  await store.start()
  try {
    return await work(store)
  } finally {
    await store.stop()
  }
}

function of(experiment: string | null): string {
  return experiment === null ? '' : ` of experiment ${experiment}`
}

/** What is told beside the result of a long piece of work: at most a line in two seconds, none where it is quick. */
export function rareTelling(terminal: Terminal): (line: string) => void {
  let toldMs = systemClock.monotonic()
  return (line) => {
    const nowMs = systemClock.monotonic()
    if (nowMs - toldMs < PROGRESS_EVERY_MS) return
    toldMs = nowMs
    terminal.err(`${line}\n`)
  }
}

/** Whether the message of an error says all: of a store, an archive or a file, and no fault of the program. */
export function isToldPlainly(error: unknown): error is Error {
  if (error instanceof StoreError || error instanceof ArchiveError || error instanceof UnknownExperiment) return true
  return error instanceof Error && 'code' in error && 'syscall' in error
}
