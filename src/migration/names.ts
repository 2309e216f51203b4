// Names that are given once, in characters that a configuration takes as they are.

const LONGEST = 200

export class Names {
  readonly #taken: Set<string>

  constructor(reserved: readonly string[]) {
    this.#taken = new Set(reserved)
  }

  /** The wanted name, with a number behind it where it is taken. */
  take(wanted: string): string {
    const plain = wanted.replaceAll(/[^\w.+-]/g, '-').slice(0, LONGEST) || '-'
    let name = plain
    for (let number = 2; this.#taken.has(name); number++) name = `${plain}-${number}`
    this.#taken.add(name)
    return name
  }
}
