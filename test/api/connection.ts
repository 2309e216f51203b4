// A connection that a test reads by hand: it takes what is written and asks to wait where it is told to.
import { EventEmitter } from 'node:events'
import { SseParser } from './sse-parser.ts'

export interface StreamMessage {
  readonly id: string
  readonly data: string
}

export class TestConnection extends EventEmitter {
  /** While false, writes are taken and the writer is asked to wait. */
  reading = true
  text = ''
  ended = false
  destroyed = false

  write(bytes: Uint8Array): boolean {
    if (this.ended || this.destroyed) throw new Error('written after the end')
    this.text += Buffer.from(bytes).toString()
    return this.reading
  }

  end(): void {
    this.ended = true
    this.emit('close')
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }

  /** Reads on after a pause. */
  drain(): void {
    this.reading = true
    this.emit('drain')
  }

  get messages(): StreamMessage[] {
    return new SseParser().push(this.text)
  }

  get ids(): string[] {
    return this.messages.map((message) => message.id)
  }
}
