// Starts the two services of the shop as processes with the automatic instrumentation, sends them requests, and asks what they served.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

export type OtlpProtocol = 'grpc' | 'http/protobuf' | 'http/json'
export type ShopVariant = 'control' | 'treatment'

export interface Served {
  readonly requests: number
  readonly failed: number
}

export interface ShopOptions {
  readonly protocol: OtlpProtocol
  /** Where both services send their traces: http://host:port. */
  readonly endpoint: string
}

const PARALLEL_REQUESTS = 8
const SPANS_PER_REQUEST = 3

/** A running shop. Every request makes three spans: frontend's server and client spans, and payments' server span. */
export class Shop {
  static readonly spansPerRequest = SPANS_PER_REQUEST
  readonly #frontend: Service
  readonly #payments: Service
  #nextUser = 0

  static async start(options: ShopOptions): Promise<Shop> {
    const payments = await Service.start('payments', [], options)
    try {
      return new Shop(await Service.start('frontend', [String(payments.port)], options), payments)
    } catch (error) {
      await payments.stop()
      throw error
    }
  }

  private constructor(frontend: Service, payments: Service) {
    this.#frontend = frontend
    this.#payments = payments
  }

  /** Sends so many requests of each variant, each by a user of its own. */
  async send(perVariant: number): Promise<void> {
    let left = perVariant * 2
    const sender = async (): Promise<void> => {
      while (left-- > 0)
        await (await fetch(`http://127.0.0.1:${this.#frontend.port}/checkout?user=u${this.#nextUser++}`)).text()
    }
    await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, sender))
  }

  /** From now on payments fails for the variant. */
  async breakVariant(variant: ShopVariant): Promise<void> {
    await this.#frontend.ask('break', variant)
  }

  /** Resolves when all ended spans have been exported. */
  async flush(): Promise<void> {
    await Promise.all([this.#frontend.ask('flush'), this.#payments.ask('flush')])
  }

  async served(): Promise<Record<ShopVariant, Served>> {
    return (await this.#frontend.ask('served')) as Record<ShopVariant, Served>
  }

  async servedByPayments(): Promise<Served> {
    return (await this.#payments.ask('served')) as Served
  }

  async stop(): Promise<void> {
    await Promise.all([this.#frontend.stop(), this.#payments.stop()])
  }
}

class Service {
  readonly port: number
  readonly #process: ChildProcess

  static async start(name: string, args: readonly string[], { protocol, endpoint }: ShopOptions): Promise<Service> {
    const child = fork(path.join(import.meta.dirname, `${name}.cjs`), args, {
      execArgv: [
        '--import',
        path.join(import.meta.dirname, 'logs-api.mjs'),
        '--require',
        '@opentelemetry/auto-instrumentations-node/register',
      ],
      env: {
        PATH: process.env['PATH'],
        OTEL_SERVICE_NAME: name,
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_NODE_RESOURCE_DETECTORS: 'env',
        OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http',
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
    })
    const [first] = (await Promise.race([once(child, 'message'), failure(child, name)])) as [{ port: number }]
    return new Service(child, first.port)
  }

  private constructor(child: ChildProcess, port: number) {
    this.#process = child
    this.port = port
  }

  async ask(what: 'break' | 'flush' | 'served', variant?: ShopVariant): Promise<unknown> {
    const answered = once(this.#process, 'message')
    this.#process.send({ ask: what, variant })
    const [answer] = (await answered) as [{ answer: string; served: unknown }]
    if (answer.answer !== what) throw new Error(`asked the shop for ${what}, and it answered to ${answer.answer}`)
    return answer.served
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }
}

async function failure(child: ChildProcess, name: string): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null]
  throw new Error(`the shop's ${name} ended with ${code} before it listened`)
}
