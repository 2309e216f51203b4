// Where commands write and how they are interrupted, so that they can be run in a test.

export interface Terminal {
  /** The command's result: standard output. */
  out(text: string): void
  /** What is said beside the result: standard error. */
  err(text: string): void
  /** Whether the output can be redrawn in place. */
  readonly interactive: boolean
  /** Characters that fit in a line; undefined where there is no such bound. */
  readonly columns?: number | undefined
}

export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  get interactive() {
    return process.stdout.isTTY
  },
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined
  },
}

/** What a command runs in; given by tests, else the process itself. */
export interface Surroundings {
  readonly terminal?: Terminal
  /** Ends the command as SIGINT would. */
  readonly signal?: AbortSignal
}

/** A signal that is aborted by the first SIGINT or SIGTERM; a second one ends the process as usual. `release` stops listening. */
export function interruption(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const abort = (): void => {
    release()
    controller.abort()
  }
  const release = (): void => {
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
  }
  process.on('SIGINT', abort)
  process.on('SIGTERM', abort)
  return { signal: controller.signal, release }
}
