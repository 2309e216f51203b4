// A network that can fail: a TCP proxy between a client and a server. While it is cut, nothing comes through and nobody is told, as with a
// partition: connections stay open, new ones get no answer, and what was sent arrives when it heals.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { sleep, systemClock } from '../../src/runtime/clock.ts'

const HOST = '127.0.0.1'
/** What may wait in one direction of a connection; then the sender is made to wait. */
const HELD_BYTES = 256 * 1024

/** `answers`: requests arrive, and what is answered does not. */
export type Direction = 'both' | 'requests' | 'answers'

/** Passes everything on to the port; whoever starts one ends it by remove(). */
export async function startProxy(target: { readonly port: number }): Promise<TcpProxy> {
  const server = createServer()
  server.listen(0, HOST)
  await once(server, 'listening')
  server.unref()
  return new TcpProxy(server, target.port)
}

export class TcpProxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #gates = { requests: new Gate(), answers: new Gate() }
  #delayMs = 0

  constructor(server: Server, targetPort: number) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => this.#join(client, connect(targetPort, HOST)))
  }

  get url(): string {
    return `redis://${HOST}:${this.port}`
  }

  /** From now on nothing comes through. */
  cut(direction: Direction = 'both'): void {
    if (direction !== 'answers') this.#gates.requests.close()
    if (direction !== 'requests') this.#gates.answers.close()
  }

  /** Everything comes through again, what waited first. */
  heal(): void {
    for (const gate of Object.values(this.#gates)) gate.open()
  }

  /** From now on everything takes so long on its way, in both directions. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Breaks all connections; what is on its way is lost. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async remove(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.reset()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  #join(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    this.#pass(client, server, this.#gates.requests)
    this.#pass(server, client, this.#gates.answers)
  }

  /** Each piece waits for its time, then for the gate, and after all before it. */
  #pass(source: Socket, target: Socket, gate: Gate): void {
    let line = Promise.resolve()
    let heldBytes = 0
    const inLine = (task: () => void): void => {
      const due = systemClock.monotonic() + this.#delayMs
      line = line.then(async () => {
        const early = due - systemClock.monotonic()
        if (early > 0) await sleep(early)
        await gate.passable()
        task()
      })
    }
    source.on('data', (bytes) => {
      heldBytes += bytes.length
      if (heldBytes > HELD_BYTES) source.pause()
      inLine(() => {
        heldBytes -= bytes.length
        if (heldBytes <= HELD_BYTES) source.resume()
        if (target.writable) target.write(bytes)
      })
    })
    source.once('end', () => inLine(() => target.end()))
    source.once('error', () => inLine(() => target.destroy()))
  }
}

/** Open or closed; who comes while it is closed waits. */
class Gate {
  #opened: PromiseWithResolvers<void> | null = null

  close(): void {
    this.#opened ??= Promise.withResolvers()
  }

  open(): void {
    this.#opened?.resolve()
    this.#opened = null
  }

  async passable(): Promise<void> {
    while (this.#opened !== null) await this.#opened.promise
  }
}
