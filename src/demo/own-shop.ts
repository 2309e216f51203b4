// The shop as the demonstration holds it: a child process that tells its news and closes with us.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import { after } from '../runtime/clock.ts'
import type { ShopNews, ShopOrder } from './shop-protocol.ts'

const OPEN_MS = 20_000
/** In a published package the program is compiled; the shop lies beside this file either way. */
const SHOP = join(import.meta.dirname, `shop${extname(import.meta.filename)}`)
/** Nothing else of the environment: a user's own OTEL_ settings or proxies are not meant for the demonstration. */
const ENVIRONMENT = { OTEL_BSP_SCHEDULE_DELAY: '200', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }

export interface OwnShop {
  /** Rejects when the shop ends by itself; never resolves. */
  readonly failed: Promise<never>
  close(): Promise<void>
}

/** Opens the shop and resolves when its traffic flows. Throws with what it wrote where it does not come to that. */
export async function openShop(order: ShopOrder, onNews: (news: ShopNews) => void): Promise<OwnShop> {
  const child = fork(SHOP, [JSON.stringify(order)], { env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const opened = Promise.withResolvers<void>()
  const failed = Promise.withResolvers<never>()
  // Whoever waits for it takes the rejection; nobody may be waiting yet, or any more.
  failed.promise.catch(() => {})
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000)
  })
  child.on('message', (news: ShopNews) => {
    if (news.kind === 'open') opened.resolve()
    onNews(news)
  })
  child.once('error', (error) => failed.reject(error))
  child.once('exit', (code, signal) =>
    failed.reject(new Error(`the shop ended with ${code ?? signal}\n${said}`.trim())),
  )
  const cancel = after(OPEN_MS, () => failed.reject(new Error(`the shop did not open within ${OPEN_MS / 1000} s`)))
  try {
    await Promise.race([opened.promise, failed.promise])
  } catch (error) {
    await close(child)
    throw error
  } finally {
    cancel()
  }
  return { failed: failed.promise, close: () => close(child) }
}

async function close(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
