// The API's application over a stub, without a socket.
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { EventStreams } from '../../src/api/event-stream.ts'
import { createApp } from '../../src/api/server.ts'
import type { StubSource } from './source.ts'
import { NotingObserver, stubSource } from './source.ts'

export interface TestApp {
  readonly app: FastifyInstance
  readonly observer: NotingObserver
  readonly streams: EventStreams
}

export async function testApp(source: StubSource = stubSource(), maxSubscribers = 10): Promise<TestApp> {
  const observer = new NotingObserver()
  const { eventLog, eventSource } = source
  const streams = new EventStreams({ eventLog, eventSource, observer, now: () => 1_767_225_600_000, maxSubscribers })
  const app = await createApp(source, observer, streams)
  onTestFinished(() => app.close())
  return { app, observer, streams }
}
