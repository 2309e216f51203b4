// Texts that many entries share, held once each: entries keep a small number instead. Counted by reference and bounded
// in bytes, so that traffic with ever new names cannot grow it.

export const NONE = -1

/** Estimated cost of one text beside its characters: string header, map entry, two array elements. */
const OVERHEAD_BYTES = 96

/** A bounded table of reference-counted texts. */
export class Interner {
  bytes = 0
  readonly #maxBytes: number
  readonly #ids = new Map<string, number>()
  readonly #texts: string[] = []
  readonly #references: number[] = []
  readonly #free: number[] = []
  #lastText = ''
  #lastId = NONE

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Takes a reference to the text and gives its number; NONE when it is new and there is no room for it. */
  acquire(text: string): number {
    if (this.#lastId !== NONE && text === this.#lastText) {
      this.#references[this.#lastId]++
      return this.#lastId
    }
    const known = this.#ids.get(text)
    const id = known ?? this.#add(text)
    if (id === NONE) return NONE
    if (known !== undefined) this.#references[id]++
    this.#lastText = text
    this.#lastId = id
    return id
  }

  /** Gives one reference back; the text goes with the last. */
  release(id: number): void {
    if (--this.#references[id] > 0) return
    const text = this.#texts[id]
    this.#ids.delete(text)
    this.bytes -= cost(text)
    this.#texts[id] = ''
    this.#free.push(id)
    if (this.#lastId === id) this.#lastId = NONE
  }

  text(id: number): string {
    return this.#texts[id]
  }

  #add(text: string): number {
    if (this.bytes + cost(text) > this.#maxBytes) return NONE
    const id = this.#free.pop() ?? this.#texts.length
    this.#ids.set(text, id)
    this.#texts[id] = text
    this.#references[id] = 1
    this.bytes += cost(text)
    return id
  }
}

function cost(text: string): number {
  return OVERHEAD_BYTES + 2 * text.length
}
