// Names that are given once: a second one of the same gets a number.

export class Names {
  readonly #taken: Set<string>

  constructor(reserved: readonly string[]) {
    this.#taken = new Set(reserved)
  }

  /** The wanted name, with a number behind it where it is taken. */
  take(wanted: string): string {
    let name = wanted
    for (let number = 2; this.#taken.has(name); number++) name = `${wanted}-${number}`
    this.#taken.add(name)
    return name
  }
}
