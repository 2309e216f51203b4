// A process as the world sees it: it does nothing any more once it is killed, and nothing while it is stopped; what was due then is done
// in the same order when it goes on.
import type { VirtualTime } from './virtual-time.ts'

export class Process {
  isAlive = true
  readonly #time: VirtualTime
  #pausedUntilMs = -1

  constructor(time: VirtualTime) {
    this.#time = time
  }

  after(ms: number, task: () => void): void {
    this.#time.at(this.#time.nowMs + Math.max(0, ms), () => this.#run(task))
  }

  every(ms: number, task: () => void): void {
    this.after(ms, () => {
      task()
      this.every(ms, task)
    })
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  pause(ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#time.nowMs + ms)
  }

  resume(): void {
    this.#pausedUntilMs = -1
  }

  kill(): void {
    this.isAlive = false
  }

  #run(task: () => void): void {
    if (!this.isAlive) return
    if (this.#time.nowMs < this.#pausedUntilMs) this.#time.at(this.#pausedUntilMs, () => this.#run(task))
    else task()
  }
}
