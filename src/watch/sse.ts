// Reads a text/event-stream as the HTML standard (section 9.2.6) has it, whatever the boundaries of the chunks.

export interface SseMessage {
  /** The last event id of the stream at this message; empty before the first. */
  readonly id: string
  /** Empty where the message names none. */
  readonly type: string
  readonly data: string
}

const MAX_MESSAGE_CHARACTERS = 4 * 1024 * 1024

/** Turns the bytes of one response into messages; make a new one for every connection. */
export class SseParser {
  /** The delay before reconnecting that the server asked for, in milliseconds; null: none so far. */
  retryMs: number | null = null
  readonly #maxCharacters: number
  readonly #decoder = new TextDecoder()
  #line = ''
  #afterCarriageReturn = false
  #id = ''
  #type = ''
  #data: string[] = []
  #characters = 0

  constructor(options: { maxMessageCharacters?: number } = {}) {
    this.#maxCharacters = options.maxMessageCharacters ?? MAX_MESSAGE_CHARACTERS
  }

  /** The messages that end within the chunk. Throws where a message grows beyond the bound. */
  push(chunk: Uint8Array): SseMessage[] {
    const text = this.#decoder.decode(chunk, { stream: true })
    const messages: SseMessage[] = []
    let start = 0
    if (text.length > 0 && this.#afterCarriageReturn) {
      if (text.startsWith('\n')) start = 1
      this.#afterCarriageReturn = false
    }
    const lineEnd = /\r\n|\r|\n/g
    lineEnd.lastIndex = start
    for (let end = lineEnd.exec(text); end !== null; end = lineEnd.exec(text)) {
      const message = this.#takeLine(this.#line + text.slice(start, end.index))
      if (message !== null) messages.push(message)
      this.#line = ''
      start = lineEnd.lastIndex
      this.#afterCarriageReturn = end[0] === '\r' && start === text.length
    }
    this.#line += text.slice(start)
    this.#bound(this.#line.length)
    return messages
  }

  #takeLine(line: string): SseMessage | null {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return null
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') {
      this.#data.push(value)
      this.#characters += value.length + 1
      this.#bound(0)
    } else if (field === 'id' && !value.includes('\0')) this.#id = value
    else if (field === 'event') this.#type = value
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
    return null
  }

  #dispatch(): SseMessage | null {
    const message = this.#data.length === 0 ? null : { id: this.#id, type: this.#type, data: this.#data.join('\n') }
    this.#type = ''
    this.#data = []
    this.#characters = 0
    return message
  }

  #bound(more: number): void {
    if (this.#characters + more > this.#maxCharacters)
      throw new Error(`the event stream holds a message of more than ${this.#maxCharacters} characters`)
  }
}
