// Load over OTLP/HTTP on a port of this machine, over keep-alive connections that each wait for their answer.
import { Agent, request as httpRequest } from 'node:http'

const CONNECTIONS = 4

export interface HttpLoad {
  readonly port: number
  readonly path: '/v1/traces' | '/v1/metrics'
  /** The body of a request, the first one being 0; read before it is asked for again by the same connection. */
  readonly body: (at: number) => Buffer
  readonly forMs: number
  /** So many requests are sent however long they take. */
  readonly least?: number
  readonly gzip?: boolean
  readonly connections?: number
}

/** Gives how many requests were sent, each answered 200; rejects where one is answered otherwise. */
export async function shootHttp(load: HttpLoad): Promise<number> {
  const { forMs, least = 0, connections = CONNECTIONS } = load
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const endMs = performance.now() + forMs
  let sent = 0
  const worker = async (): Promise<void> => {
    while (sent < least || performance.now() < endMs) await post(agent, load, sent++)
  }
  await Promise.all(Array.from({ length: connections }, worker))
  agent.destroy()
  return sent
}

function post(agent: Agent, { port, path, body, gzip = false }: HttpLoad, at: number): Promise<void> {
  const bytes = body(at)
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-length': bytes.length,
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    }
    const request = httpRequest({ agent, port, host: '127.0.0.1', path, method: 'POST', headers }, (response) => {
      response.resume()
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`answered ${response.statusCode}`)),
      )
    })
    request.on('error', reject)
    request.end(bytes)
  })
}
