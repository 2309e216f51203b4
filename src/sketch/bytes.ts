// Writing and reading the compact binary form of digests and partials: LEB128 varints and little-endian doubles.

/** The bytes are not what they claim to be. */
export class MalformedBytesError extends Error {
  override readonly name = 'MalformedBytesError'
}

/** A growing byte buffer. */
export class ByteWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** One byte, 0..255. */
  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  /** A whole number in 0..2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 0x7fffffff) {
      this.#bytes[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  double(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(2 * this.#bytes.length)
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** Reads what a ByteWriter wrote; every method throws MalformedBytesError where the bytes do not hold what is asked for. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw new MalformedBytesError('the bytes end early')
    return this.#bytes[this.#at++]
  }

  /** A whole number in 0..2^53 - 1. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let length = 0; length < 8; length++) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw new MalformedBytesError('a number is too large')
  }

  /** A varint that tells how many things follow, each of at least `size` bytes: never more than the bytes can hold. */
  countOf(size: number): number {
    const count = this.varint()
    if (count * size > this.remaining) throw new MalformedBytesError('a count is larger than the bytes that follow')
    return count
  }

  double(): number {
    if (this.remaining < 8) throw new MalformedBytesError('the bytes end early')
    const value = this.#view.getFloat64(this.#at, true)
    this.#at += 8
    return value
  }

  /** Throws where bytes are left over. */
  end(): void {
    if (this.remaining > 0) throw new MalformedBytesError('bytes are left over')
  }
}
