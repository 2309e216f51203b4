// gRPC's message framing for one unary request: a flag byte, a big-endian length, the message. Bytes may come cut anywhere.
// The length is told before memory is taken for it, so that the caller can refuse.

import type { BodyMemory } from '../body-memory.ts'

const PREFIX_BYTES = 5

/** What a push led to. */
export type FramingStep =
  /** Nothing to decide: feed on. */
  | 'more'
  /** The prefix is whole: look at `flags` and `length`, then call `accept` or give up. */
  | 'declared'
  /** More bytes than the one message holds. */
  | 'surplus'

/** Reads exactly one length-prefixed message. */
export class UnaryMessage {
  readonly #memory: BodyMemory
  /** The flag byte: bit 0 says "compressed", the others say nothing yet. */
  flags = 0
  /** Of the message without its prefix; valid from 'declared' on. */
  length = 0
  #prefix = 0
  #prefixRead = 0
  #filled = 0
  #message: Uint8Array | null = null
  /** What came in one piece with the prefix and belongs to the message. */
  #rest: Uint8Array | null = null

  constructor(memory: BodyMemory) {
    this.#memory = memory
  }

  get compressed(): boolean {
    return (this.flags & 1) === 1
  }

  /** Whether the one message is there, and nothing but it. */
  get complete(): boolean {
    return this.#message !== null && this.#filled === this.length
  }

  /** Whether nothing at all has come. */
  get empty(): boolean {
    return this.#prefixRead === 0
  }

  push(chunk: Uint8Array): FramingStep {
    if (this.#message !== null) return this.#append(chunk)
    let at = 0
    while (at < chunk.byteLength && this.#prefixRead < PREFIX_BYTES) this.#readPrefixByte(chunk[at++])
    if (this.#prefixRead < PREFIX_BYTES) return 'more'
    this.length = this.#prefix
    this.#rest = chunk.subarray(at)
    return 'declared'
  }

  /** Takes memory for the message; to be called once, after 'declared'. */
  accept(): FramingStep {
    this.#message = this.#memory.take(this.length)
    const rest = this.#rest ?? this.#message.subarray(0, 0)
    this.#rest = null
    return this.#append(rest)
  }

  /** The message once `complete`. */
  bytes(): Uint8Array {
    if (this.#message === null) throw new Error('the message is not there yet')
    return this.#message
  }

  /** Gives back the memory of what was gathered. */
  drop(): void {
    if (this.#message !== null) this.#memory.give(this.#message)
    this.#message = null
    this.#rest = null
  }

  #readPrefixByte(byte: number): void {
    if (this.#prefixRead++ === 0) this.flags = byte
    else this.#prefix = this.#prefix * 256 + byte
  }

  #append(chunk: Uint8Array): FramingStep {
    if (this.#message === null || this.#filled + chunk.byteLength > this.length) return 'surplus'
    this.#message.set(chunk, this.#filled)
    this.#filled += chunk.byteLength
    return 'more'
  }
}

/** A message with its prefix, not compressed. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength)
  frame[0] = 0
  frame.writeUInt32BE(message.byteLength, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}
