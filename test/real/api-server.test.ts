// The API over real sockets: what inject cannot show.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, get, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MetricsRoute } from '../../src/api/metrics-route.ts'
import type { ApiServer } from '../../src/api/server.ts'
import { createApiServer } from '../../src/api/server.ts'
import { EventLog } from '../../src/publish/event-log.ts'
import { sleep } from '../../src/runtime/clock.ts'
import type { StubSource } from '../api/source.ts'
import { event, events, experimentReport, NotingObserver, pieces, stubSource } from '../api/source.ts'
import { SseParser } from '../api/sse-parser.ts'

interface Running {
  readonly server: ApiServer
  readonly observer: NotingObserver
  readonly port: number
}

async function running(source: StubSource): Promise<Running> {
  const observer = new NotingObserver()
  const server = createApiServer({ listen: { host: '127.0.0.1', port: 0 }, source, observer })
  const { port } = await server.start()
  onTestFinished(() => server.stop(0))
  return { server, observer, port }
}

/** An open event stream that keeps what it gets. */
class Follower {
  readonly ids: string[] = []
  ended: Promise<unknown>
  readonly #response: IncomingMessage

  private constructor(response: IncomingMessage) {
    this.#response = response
    const parser = new SseParser()
    response.setEncoding('utf8')
    response.on('data', (text: string) => this.ids.push(...parser.push(text).map((message) => message.id)))
    this.ended = once(response, 'end')
  }

  static async open(port: number, lastEventId: string | null = null): Promise<Follower> {
    const headers = lastEventId === null ? {} : { 'last-event-id': lastEventId }
    const path = '/api/v1/events/stream'
    const [response] = (await once(get({ host: '127.0.0.1', port, path, headers, agent: false }), 'response')) as [
      IncomingMessage,
    ]
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(response.headers['x-accel-buffering']).toBe('no')
    expect(response.headers['cache-control']).toContain('no-cache')
    return new Follower(response)
  }

  close(): void {
    this.#response.destroy()
  }
}

async function until(done: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1000 && !done(); attempt++) await sleep(5)
  expect(done()).toBe(true)
}

async function fetchText(port: number, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, body: await response.text() }
}

describe('the event stream over sockets', () => {
  it('gives each of 60 subscribers that join while events are appended every event after its own exactly once', async () => {
    const source = stubSource({ eventLog: new EventLog({ limit: 10_000 }) })
    const { port, observer } = await running(source)
    source.eventLog.append(events(1, 1000))
    let newest = 1000
    const followers: { follower: Follower; from: number }[] = []
    for (let at = 0; at < 60; at++) {
      const from = newest - ((at * 37) % 900)
      const opening = Follower.open(port, `${from}-0`)
      for (let burst = 0; burst < 5; burst++) {
        source.eventLog.append(events(newest + 1, newest + 7))
        newest += 7
        await sleep(0)
      }
      followers.push({ follower: await opening, from })
    }
    await until(() => followers.every(({ follower }) => follower.ids.at(-1) === `${newest}-0`))
    for (const { follower, from } of followers)
      expect(follower.ids).toEqual(events(from + 1, newest).map((one) => one.id))
    expect(observer.open).toBe(60)
    for (const { follower } of followers) follower.close()
    await until(() => observer.open === 0)
    expect(observer.dropped).toEqual([])
  })

  it('drops a subscriber that does not read, and serves another meanwhile', async () => {
    const source = stubSource({ eventLog: new EventLog({ limit: 50 }) })
    const { port, observer } = await running(source)
    const stuck = connect(port, '127.0.0.1')
    stuck.write('GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\n\r\n')
    stuck.pause()
    stuck.on('error', () => {})
    const follower = await Follower.open(port)
    await until(() => observer.open === 2)
    const filling = JSON.stringify({ filling: 'x'.repeat(100_000) })
    let tick = 0
    while (observer.dropped.length === 0 && tick < 2000) {
      source.eventLog.append([{ id: `${++tick}-0`, json: filling }])
      if (tick % 10 === 0) await until(() => follower.ids.length === tick)
    }
    expect([observer.dropped, observer.open]).toEqual([['slow'], 1])
    await until(() => follower.ids.length === tick)
    stuck.destroy()
    follower.close()
  })

  it('takes the last event seen from the query where no header can be set, and the header first', async () => {
    const source = stubSource()
    const { port } = await running(source)
    source.eventLog.append(events(1, 5))
    const first = async (query: string, headers: Record<string, string>): Promise<string> => {
      const url = `http://127.0.0.1:${port}/api/v1/events/stream${query}`
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
      const parser = new SseParser()
      const decoder = new TextDecoder()
      for await (const chunk of response.body!) {
        const [message] = parser.push(decoder.decode(chunk as Uint8Array))
        if (message !== undefined) return message.id
      }
      return 'ended'
    }
    expect(await first('?last_event_id=3-0', {})).toBe('4-0')
    expect(await first('?last_event_id=3-0', { 'last-event-id': '1-0' })).toBe('2-0')
  })

  it('ends with the head for HEAD, and keeps no subscriber of it', async () => {
    const { port, observer } = await running(stubSource())
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/events/stream`, { method: 'HEAD' })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(observer.open).toBe(0)
  })
})

describe('the life of the server', () => {
  it('stops with streams open: they get what was published, and end', async () => {
    const source = stubSource()
    const { port, server } = await running(source)
    const follower = await Follower.open(port)
    source.eventLog.append([event('7-0')])
    await Promise.all([server.stop(5000), server.stop(5000)])
    await follower.ended
    expect(follower.ids).toEqual(['7-0'])
    await expect(fetchText(port, '/healthz')).rejects.toThrow()
  })

  it('cuts off, after its grace, a client that does not read its answer', async () => {
    const endless = { contentType: 'text/plain', chunks: endlessPieces() }
    const { port, server } = await running(stubSource({ metrics: () => endless }))
    const stuck = connect(port, '127.0.0.1')
    stuck.on('error', () => {})
    stuck.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(stuck, 'readable')
    const began = performance.now()
    await server.stop(200)
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it('says that its port is taken, and what to do', async () => {
    const { port } = await running(stubSource())
    const options = { listen: { host: '127.0.0.1', port }, source: stubSource(), observer: new NotingObserver() }
    const second = createApiServer(options)
    await expect(second.start()).rejects.toThrow(
      new RegExp(`api cannot listen on 127.0.0.1:${port}: .*EADDRINUSE.*set api.endpoint to another port`),
    )
    await second.stop(100)
  })

  it('stops before it was started', async () => {
    const options = { listen: { host: '127.0.0.1', port: 0 }, source: stubSource(), observer: new NotingObserver() }
    await createApiServer(options).stop(100)
  })
})

describe('requests over sockets', () => {
  it('reuse a connection', async () => {
    const { port } = await running(stubSource())
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set<number | undefined>()
    for (let at = 0; at < 3; at++) {
      const [response] = (await once(get({ port, host: '127.0.0.1', path: '/api/v1/alerts', agent }), 'response')) as [
        IncomingMessage,
      ]
      ports.add(response.socket.localPort)
      response.resume()
      await once(response, 'end')
    }
    agent.destroy()
    expect(ports.size).toBe(1)
  })

  it('find an experiment whose name fills the line, and refuse a longer head with 431', async () => {
    const name = 'é/'.repeat(1500)
    const { port } = await running(stubSource({ reports: [experimentReport(name)] }))
    const found = await fetchText(port, `/api/v1/experiments/${encodeURIComponent(name)}`)
    expect(found.status).toBe(200)
    expect(JSON.parse(found.body).id).toBe(name)
    expect((await fetchText(port, `/api/v1/experiments/${'x'.repeat(40_000)}`)).status).toBe(431)
  })

  it('that are no HTTP/1.1 are answered with problem details, and the connection closes', async () => {
    const { port } = await running(stubSource())
    const garbage: [string, number][] = [
      ['GARBAGE\r\n\r\n', 400],
      ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ]
    for (const [bytes, status] of garbage) {
      const socket = connect(port, '127.0.0.1')
      socket.write(bytes)
      const [head, body] = (await text(socket)).split('\r\n\r\n')
      expect(head).toContain(`HTTP/1.1 ${status} `)
      expect(head).toContain('Content-Type: application/problem+json')
      expect(JSON.parse(body)).toMatchObject({ type: 'about:blank', status })
    }
  })

  it('answer a large body at a path that takes none, and go on', async () => {
    const { port } = await running(stubSource())
    for (const [path, status] of [
      ['/v1/traces', 404],
      ['/api/v1/alerts', 405],
      ['/api/v1/experiments/x/conclude', 501],
    ] as const) {
      const headers = { 'content-type': 'application/x-protobuf' }
      const sent = request({ port, host: '127.0.0.1', path, method: 'POST', headers })
      sent.end(Buffer.alloc(3_000_000))
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      response.resume()
      expect([path, response.statusCode]).toEqual([path, status])
    }
    expect((await fetchText(port, '/healthz')).status).toBe(200)
  })

  it('that are given up in the middle of a scrape free its place, gzipped or not', async () => {
    let released = 0
    const source = stubSource({
      metrics: () => ({ contentType: 'text/plain', chunks: endlessPieces(() => released++) }),
    })
    const { port, observer } = await running(source)
    for (let at = 0; at < 20; at++) {
      const headers: Record<string, string> = at % 2 === 0 ? {} : { 'accept-encoding': 'gzip' }
      const [response] = (await once(
        get({ port, host: '127.0.0.1', path: '/metrics', headers, agent: false }),
        'response',
      )) as [IncomingMessage]
      expect(response.statusCode).toBe(200)
      await once(response, 'readable')
      response.destroy()
      await until(() => released === at + 1)
    }
    expect(observer.failures).toEqual([])
  })

  it.each(['identity', 'gzip'])('are broken off where the page fails in the middle (%s)', async (encoding) => {
    const chunks = failingAfter(Array.from({ length: 32 }, () => randomBytes(65_536)))
    const { port, observer } = await running(stubSource({ metrics: () => ({ contentType: 'text/plain', chunks }) }))
    const headers = { 'accept-encoding': encoding }
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    expect(observer.failures).toEqual(['/metrics: Error: no more numbers'])
  })

  it.each(['identity', 'gzip'])('answer 500 where the page fails at its beginning (%s)', async (encoding) => {
    const chunks = failingAfter([])
    const { port, observer } = await running(stubSource({ metrics: () => ({ contentType: 'text/plain', chunks }) }))
    const headers = { 'accept-encoding': encoding }
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers })
    expect([response.status, await response.json()]).toMatchObject([500, { status: 500 }])
    expect(observer.failures).toEqual(['/metrics: Error: no more numbers'])
  })

  it('cut off a scraper that does not read in time, and free its place', async () => {
    let released = 0
    const chunks = endlessPieces(() => released++)
    const route = new MetricsRoute(
      { metrics: () => ({ contentType: 'text/plain', chunks }) },
      new NotingObserver(),
      200,
    )
    const app = fastify()
    app.get('/metrics', (incoming, reply) => route.answer(incoming, reply))
    await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    const stuck = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    stuck.on('error', () => {})
    stuck.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(stuck, 'readable')
    await until(() => released === 1)
    stuck.resume()
    await once(stuck, 'close')
  })

  it('wait for no more than eight scrapes at once', async () => {
    let open: (() => void)[] = []
    const source = stubSource({
      metrics: () => ({
        contentType: 'text/plain',
        chunks: (async function* (): AsyncGenerator<Uint8Array> {
          await new Promise<void>((resolve) => open.push(resolve))
          yield* pieces(['a 1\n'])
        })(),
      }),
    })
    const { port } = await running(source)
    const scrapes = Array.from({ length: 8 }, () => fetchText(port, '/metrics'))
    await until(() => open.length === 8)
    expect((await fetchText(port, '/metrics')).status).toBe(503)
    for (const resolve of open) resolve()
    open = []
    expect((await Promise.all(scrapes)).map((scrape) => scrape.body)).toEqual(Array.from({ length: 8 }, () => 'a 1\n'))
  })
})

async function* endlessPieces(released: () => void = () => {}): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      yield Buffer.alloc(65_536, 'metric 1\n')
      await sleep(0)
    }
  } finally {
    released()
  }
}

async function* failingAfter(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
  throw new Error('no more numbers')
}
