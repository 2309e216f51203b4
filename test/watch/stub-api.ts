// A daemon's API that answers what a test tells it to, on a free loopback port, and the terminal that commands write to.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Terminal } from '../../src/runtime/terminal.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export class StubApi {
  readonly url: string
  readonly requests: IncomingMessage[]
  readonly #server: Server

  static async start(handler: Handler): Promise<StubApi> {
    const requests: IncomingMessage[] = []
    const server = createServer((request, response) => {
      requests.push(request)
      handler(request, response)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new StubApi(server, requests)
  }

  private constructor(server: Server, requests: IncomingMessage[]) {
    this.#server = server
    this.requests = requests
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Remembers what was written. */
export class TestTerminal implements Terminal {
  stdout = ''
  stderr = ''
  readonly interactive = false
  /** Called after each write to standard output. */
  onOut: () => void = () => {}

  out(text: string): void {
    this.stdout += text
    this.onOut()
  }

  err(text: string): void {
    this.stderr += text
  }
}

export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
