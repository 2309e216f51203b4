// The only place that reads a clock or sets a timer.

/** A source of time: the wall clock in the daemon, a hand-moved one in tests. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** Milliseconds from some fixed moment, never going back. */
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** Runs `task` after `ms`; the returned function cancels it. The timer does not keep the process alive. */
export function after(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

/** Runs `task` every `ms`; the returned function stops it. The timer does not keep the process alive. */
export function every(ms: number, task: () => void): () => void {
  const timer = setInterval(task, ms)
  timer.unref()
  return () => clearInterval(timer)
}

/** Resolves after `ms`, or as soon as the signal is aborted; keeps the process alive. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}

/** Resolves when everything else that is due had its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
