// A row of numbers that is filled again and again without making a new one.

/** Room at the beginning, and room that is kept, in numbers. */
const FIRST = 16
const KEPT = 1024

/** Valid up to `length`. */
export class NumberRow {
  values = new Float64Array(FIRST)
  length = 0

  /** Forgets the numbers, where they are so many that their memory is not to be kept. */
  release(): void {
    if (this.values.length <= KEPT) return
    this.values = new Float64Array(FIRST)
    this.length = 0
  }

  push(value: number): void {
    this.reserve(1)
    this.values[this.length++] = value
  }

  /** Makes room for so many more. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.values.length) return
    const wider = new Float64Array(Math.max(needed, 2 * this.values.length))
    wider.set(this.values)
    this.values = wider
  }

  /** Becomes the same as another. */
  copy({ values, length }: NumberRow): void {
    if (this.values.length < length) this.values = new Float64Array(values.length)
    for (let at = 0; at < length; at++) this.values[at] = values[at]
    this.length = length
  }
}
