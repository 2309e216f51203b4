// Lines that stay above a block that is redrawn in place; where the output cannot be redrawn, lines alone.
import type { Terminal } from '../runtime/terminal.ts'

export class Screen {
  readonly #terminal: Terminal
  #block: readonly string[] = []

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Whether block() shows anything. */
  get redraws(): boolean {
    return this.#terminal.interactive
  }

  /** A line that stays. */
  line(text = ''): void {
    this.#terminal.out(`${this.#erasure()}${text}\n${this.#drawn()}`)
  }

  /** Replaces the block below all lines. Its lines are cut to the width: one that wraps could not be found again. */
  block(lines: readonly string[]): void {
    if (!this.redraws) return
    const erasure = this.#erasure()
    const width = this.#terminal.columns ?? Infinity
    this.#block = lines.map((line) => line.slice(0, width))
    this.#terminal.out(erasure + this.#drawn())
  }

  /** The block stays as it is from now on. */
  settle(): void {
    this.#block = []
  }

  /** Moves to the block's first line and clears from there. */
  #erasure(): string {
    return this.#block.length === 0 ? '' : `\u001b[${this.#block.length}A\u001b[0J`
  }

  #drawn(): string {
    return this.#block.map((line) => `${line}\n`).join('')
  }
}
