import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { watchCommand } from '../../src/commands/watch.ts'
import { Backoff } from '../../src/runtime/backoff.ts'
import { followEvents, type StreamNews } from '../../src/watch/stream.ts'
import { type Handler, StubApi, TestTerminal } from './stub-api.ts'

let stub: StubApi | null = null

afterEach(async () => {
  await stub?.stop()
  stub = null
})

const burn = {
  specversion: '1.0',
  id: '1764000000000-0',
  type: 'cohortd.burn.firing',
  subject: 'redesign/treatment/shop',
  time: '2026-11-23T10:00:05.000Z',
  data: {
    severity: 'page',
    slo: 'availability',
    factor: 2,
    long: { window: '1h', burn_rate: 24.4, events: 123, bad: 3 },
  },
}

function openStream(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.write(': hello\n\n')
  return response
}

function message(id: string, data: unknown): string {
  return `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`
}

/** Follows a stub until `enough` says so, and gives the news in their order. */
async function follow(
  handler: Handler,
  enough: (news: readonly StreamNews[]) => boolean,
  options: { after?: string; silenceMs?: number } = {},
): Promise<StreamNews[]> {
  stub = await StubApi.start(handler)
  const controller = new AbortController()
  const news: StreamNews[] = []
  const backoff = new Backoff({ baseMs: 2, maxMs: 10 })
  const { after = null, ...more } = options
  for await (const each of followEvents({ api: stub.url, after, signal: controller.signal, backoff, ...more })) {
    news.push(each)
    if (enough(news)) controller.abort()
  }
  return news
}

const events = (news: readonly StreamNews[]): string[] =>
  news.flatMap((each) => (each.kind === 'event' ? [each.id] : []))

describe('following the event stream', () => {
  test('a lost connection is resumed after the last event seen', async () => {
    let connections = 0
    const news = await follow(
      (_request, response) => {
        connections++
        openStream(response).write(message(`${connections}-0`, burn))
        if (connections < 3) response.end()
      },
      (sofar) => events(sofar).length === 3,
    )
    expect(stub?.requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1-0', '2-0'])
    expect(news.map(({ kind }) => kind)).toEqual([
      'connected',
      'event',
      'lost',
      'connected',
      'event',
      'lost',
      'connected',
      'event',
    ])
  })

  test('it begins after the event that was asked for', async () => {
    await follow(
      (_request, response) => void openStream(response),
      (sofar) => sofar.length === 1,
      { after: '9-1' },
    )
    expect(stub?.requests[0].headers['last-event-id']).toBe('9-1')
  })

  test('a stream that falls silent is given up and opened again', async () => {
    const news = await follow(
      (_request, response) => void openStream(response),
      (sofar) => sofar.filter(({ kind }) => kind === 'connected').length === 2,
      { silenceMs: 400 },
    )
    expect(news[1]).toMatchObject({ kind: 'lost', reason: 'the stream fell silent' })
  })

  test('a daemon that is starting or away is asked again', async () => {
    let asked = 0
    const news = await follow(
      (_request, response) => {
        asked++
        if (asked === 1) response.destroy()
        else if (asked === 2) response.writeHead(503).end('starting')
        else openStream(response).write(message('1-0', burn))
      },
      (sofar) => events(sofar).length === 1,
    )
    expect(news.map(({ kind }) => kind)).toEqual(['lost', 'lost', 'connected', 'event'])
    expect(news[1]).toMatchObject({ reason: expect.stringContaining('503: starting') as string })
  })

  test('the delay grows to its bound and begins anew after an event', () => {
    const backoff = new Backoff({ baseMs: 100, maxMs: 1000, random: () => 0.5 })
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([75, 150, 300, 600, 750, 750])
    backoff.reset()
    expect(backoff.next()).toBe(75)
  })
})

/** Runs `cohortd watch` against a stub until its standard output has the text. */
async function watch(handler: Handler, until: string, ...args: string[]): Promise<TestTerminal> {
  stub = await StubApi.start(handler)
  const controller = new AbortController()
  const terminal = new TestTerminal()
  terminal.onOut = () => {
    if (terminal.stdout.includes(until)) controller.abort()
  }
  expect(await watchCommand([...args, '--api', stub.url], { terminal, signal: controller.signal })).toBe(0)
  return terminal
}

const sendsTwo: Handler = (_request, response) => {
  const resync = { type: 'cohortd.stream.resync', time: burn.time, data: {} }
  openStream(response).write(message('1-0', resync) + message('1764000000000-0', burn))
}

describe('cohortd watch', () => {
  test('each event is a line', async () => {
    const { stdout } = await watch(sendsTwo, 'FIRING')
    expect(stdout).toBe(
      '10:00:05  RESYNC      events were missed: the log no longer reaches back to the last one seen\n' +
        '10:00:05  FIRING      redesign/treatment/shop  page availability  burn 1h 24.4x (rule: 2x)  3 bad of 123\n',
    )
  })

  test('--json gives the bytes of each event', async () => {
    const { stdout } = await watch(sendsTwo, '123', '--json')
    expect(stdout.split('\n')[1]).toBe(JSON.stringify(burn))
  })

  test('an address without an event stream is exit code 1', async () => {
    stub = await StubApi.start((_request, response) => void response.writeHead(404).end('no such page'))
    const terminal = new TestTerminal()
    const { signal } = new AbortController()
    expect(await watchCommand(['--api', stub.url], { terminal, signal })).toBe(1)
    expect(terminal.stderr).toContain('answered 404: no such page')
  })

  test.each([[['--after', 'yesterday']], [['--api', 'ftp://x']], [['extra']]])(
    'wrong arguments %j are exit code 1',
    async (args) => {
      const terminal = new TestTerminal()
      expect(await watchCommand(args, { terminal, signal: new AbortController().signal })).toBe(1)
      expect(terminal.stderr).not.toBe('')
    },
  )
})
