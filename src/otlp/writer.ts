// Writes protobuf: the few wire types that answers (and the tests' requests) are made of. Hides growth and varints.

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** Builds one protobuf message; fields appear in the order of the calls. */
export class ProtobufWriter {
  #buffer = Buffer.allocUnsafe(256)
  #length = 0

  /** The message so far, in memory of its own. */
  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length))
  }

  /** An int32, int64, uint32, uint64, bool or enum field. */
  integer(field: number, value: number | bigint | boolean): this {
    this.#tag(field, VARINT)
    this.#varint(BigInt.asUintN(64, BigInt(value)))
    return this
  }

  /** A sint32 or sint64 field. */
  zigzag(field: number, value: number | bigint): this {
    const wide = BigInt(value)
    return this.integer(field, wide < 0n ? -2n * wide - 1n : 2n * wide)
  }

  /** A fixed64 or sfixed64 field. */
  fixed64(field: number, value: number | bigint): this {
    this.#tag(field, FIXED64)
    this.#reserve(8)
    this.#length = this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), this.#length)
    return this
  }

  fixed32(field: number, value: number): this {
    this.#tag(field, FIXED32)
    this.#reserve(4)
    this.#length = this.#buffer.writeUInt32LE(value >>> 0, this.#length)
    return this
  }

  double(field: number, value: number): this {
    this.#tag(field, FIXED64)
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
    return this
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'))
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(BigInt(value.length))
    return this.raw(value)
  }

  /** A submessage field, written by `write`. */
  message(field: number, write: (message: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter()
    write(inner)
    return this.bytes(field, inner.finish())
  }

  /** Bytes as they are: a message encoded elsewhere. */
  raw(value: Uint8Array): this {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
    return this
  }

  #tag(field: number, wireType: number): void {
    this.#varint(BigInt(field) * 8n + BigInt(wireType))
  }

  #varint(value: bigint): void {
    this.#reserve(10)
    let rest = value
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#buffer[this.#length++] = Number(rest)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + count))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
