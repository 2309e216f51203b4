// The demonstration itself: finds or starts a daemon, opens the shop, shows what the daemon makes of it, and waits for the alert.
import type { BurnEventData } from '../model/event.ts'
import { every, sleep, systemClock } from '../runtime/clock.ts'
import { interruption, processTerminal, type Surroundings } from '../runtime/terminal.ts'
import { ApiError, apiBase, DEFAULT_API, getJson, readReport } from '../watch/api.ts'
import { parseEvent, renderEvent } from '../watch/render.ts'
import { followEvents } from '../watch/stream.ts'
import { startOwnDaemon } from './own-daemon.ts'
import { openShop } from './own-shop.ts'
import { Screen } from './screen.ts'
import type { ShopNews } from './shop-protocol.ts'
import { plainLine, rowsOf, tableLines, type VariantRow } from './table.ts'

export const DEFAULT_OTLP = 'http://127.0.0.1:4317'
export const DEFAULT_DURATION_SECONDS = 45

const FLAG = 'checkout-redesign'
const TREATMENT = 'treatment'
const HEALTHY_SECONDS = 10
/** Of a short demonstration, treatment is healthy for this part. */
const HEALTHY_SHARE = 0.3
const MAX_NAME_ATTEMPTS = 1000
const REFRESH_MS = 1000
const PLAIN_EVERY = 5

export interface DemoOptions extends Surroundings {
  /** The API of a daemon that may be running. */
  readonly api?: string
  /** Its OTLP/gRPC endpoint. */
  readonly otlpEndpoint?: string
  readonly durationSeconds?: number
  /** The command that starts this program, for a daemon of its own: a Node.js binary, then the file. */
  readonly program?: readonly string[]
}

interface Stage {
  readonly api: string
  readonly otlp: string
  readonly own: boolean
  stop(): Promise<void>
}

/** What has happened so far; times are Unix milliseconds. */
interface Story {
  firstBadMs: number | null
  alertMs: number | null
}

/** Runs the demonstration: 0 when the alert arrived, 1 when it did not, or the demonstration could not be held. */
export async function runDemo(options: DemoOptions = {}): Promise<number> {
  const { terminal = processTerminal } = options
  const interrupted = options.signal === undefined ? interruption() : { signal: options.signal, release: () => {} }
  try {
    const stage = await findStage(options)
    try {
      return await hold(
        stage,
        options.durationSeconds ?? DEFAULT_DURATION_SECONDS,
        new Screen(terminal),
        interrupted.signal,
      )
    } finally {
      await stage.stop()
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    terminal.err(`${error.message}\n`)
    return 1
  } finally {
    interrupted.release()
  }
}

/** The daemon that answers at the API's address, or one of our own. */
async function findStage(options: DemoOptions): Promise<Stage> {
  const api = apiBase(options.api ?? DEFAULT_API)
  try {
    if ((await getJson(api, '/api/v1/experiments')) === null)
      throw new ApiError(`what answers at ${api} is no daemon of ours`, 404)
    return { api, otlp: options.otlpEndpoint ?? DEFAULT_OTLP, own: false, stop: () => Promise.resolve() }
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== null) throw error
    const { terminal = processTerminal } = options
    terminal.out(`No daemon answers at ${api}: starting one for the demo, in memory and on free ports.\n`)
    const program = options.program ?? [process.execPath, ...process.execArgv, process.argv[1]]
    return { ...(await startOwnDaemon(program)), own: true }
  }
}

async function hold(stage: Stage, durationSeconds: number, screen: Screen, signal: AbortSignal): Promise<number> {
  const flag = await unusedName(stage.api)
  const healthySeconds = Math.min(HEALTHY_SECONDS, durationSeconds * HEALTHY_SHARE)
  for (const line of opening(stage, flag, durationSeconds, healthySeconds)) screen.line(line)
  const story: Story = { firstBadMs: null, alertMs: null }
  const over = new AbortController()
  const connected = Promise.withResolvers<void>()
  const ended = AbortSignal.any([signal, over.signal])
  const listening = listen(stage.api, flag, story, screen, ended, connected.resolve)
  // It is waited for below, but may fail while something else is.
  listening.catch(() => {})
  try {
    await Promise.race([connected.promise, listening])
    const order = { otlp: stage.otlp, flag, healthyMs: healthySeconds * 1000 }
    const shop = await openShop(order, (news) => tellNews(news, story, screen))
    const show = showProgress(stage.api, flag, screen)
    const stopShowing = every(REFRESH_MS, () => void show())
    try {
      await Promise.race([sleep(durationSeconds * 1000, signal), shop.failed, listening])
    } finally {
      stopShowing()
      await shop.close()
    }
    await show()
    screen.settle()
  } finally {
    over.abort()
  }
  await listening
  return close(stage, flag, story, signal.aborted, screen)
}

function opening(stage: Stage, flag: string, durationSeconds: number, healthySeconds: number): string[] {
  return [
    `A live experiment, ${durationSeconds} s long: "${flag}"`,
    'A shop instrumented with the OpenTelemetry SDK asks OpenFeature which checkout each user gets.',
    `Both variants are healthy at first. After ${healthySeconds.toFixed(0)} s treatment begins to fail, more and more often;`,
    'the daemon should say so seconds later, while the shop as a whole still looks tolerable.',
    '',
    link('browser', `${stage.api}/`),
    link('report', `${stage.api}/api/v1/experiments/${encodeURIComponent(flag)}`),
    link('metrics', `${stage.api}/metrics`),
    link('events', `cohortd watch --api ${stage.api}`),
    link('verdict', `cohortd gate ${flag} ${TREATMENT} --api ${stage.api}`),
    '',
  ]
}

function link(name: string, text: string): string {
  return `  ${name.padEnd(8)} ${text}`
}

/** The flag's name, with a number where an earlier demonstration has used it: its alert may still fire, and would not fire again. */
async function unusedName(api: string): Promise<string> {
  for (let attempt = 1; attempt <= MAX_NAME_ATTEMPTS; attempt++) {
    const name = attempt === 1 ? FLAG : `${FLAG}-${attempt}`
    if ((await readReport(api, name)) === null) return name
  }
  throw new Error(`the daemon at ${api} has seen too many demos`)
}

function tellNews(news: ShopNews, story: Story, screen: Screen): void {
  if (news.kind === 'open') screen.line('The shop is open: 20 requests a second for each variant.')
  if (news.kind === 'worse') screen.line(`${TREATMENT} begins to fail now.`)
  if (news.kind === 'export-failed') screen.line(`The shop's exports fail: ${news.reason}`)
  if (news.kind === 'first-bad-batch') story.firstBadMs = news.atMs
}

/** Tells every burn event of the experiment, and notes when treatment's first alert arrives. */
async function listen(
  api: string,
  flag: string,
  story: Story,
  screen: Screen,
  signal: AbortSignal,
  connected: () => void,
): Promise<void> {
  for await (const news of followEvents({ api, after: null, signal })) {
    if (news.kind === 'connected') connected()
    if (news.kind !== 'event') continue
    const receivedMs = systemClock.now()
    const event = parseEvent(news.json)
    const data = event?.data as Partial<BurnEventData> | undefined
    if (event === null || data?.experiment !== flag || !event.type.startsWith('cohortd.burn.')) continue
    screen.line(renderEvent(news.json))
    if (story.alertMs !== null || event.type !== 'cohortd.burn.firing' || data.variant !== TREATMENT) continue
    story.alertMs = receivedMs
    screen.line(`>>> the alert arrived${delayText(story)}`)
  }
}

function delayText({ firstBadMs, alertMs }: Story): string {
  if (firstBadMs === null || alertMs === null) return ''
  return ` ${((alertMs - firstBadMs) / 1000).toFixed(1)} s after the shop sent its first batch with a failed request`
}

/** Reads the report and shows it; a daemon that does not answer is no reason to stop. */
function showProgress(api: string, flag: string, screen: Screen): () => Promise<void> {
  const startedMs = systemClock.monotonic()
  let shown = 0
  let busy = false
  return async () => {
    if (busy) return
    busy = true
    try {
      const report = await readReport(api, flag)
      const rows: VariantRow[] = report === null ? [] : rowsOf(report)
      const seconds = (systemClock.monotonic() - startedMs) / 1000
      if (screen.redraws) screen.block(['', `${seconds.toFixed(0)} s`, ...tableLines(rows)])
      else if (shown++ % PLAIN_EVERY === PLAIN_EVERY - 1) screen.line(plainLine(seconds, rows))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      screen.line(error.message)
    } finally {
      busy = false
    }
  }
}

async function close(stage: Stage, flag: string, story: Story, interrupted: boolean, screen: Screen): Promise<number> {
  const arrived = story.alertMs !== null
  const report = await readReport(stage.api, flag).catch(() => null)
  screen.line()
  if (!screen.redraws && report !== null) for (const line of tableLines(rowsOf(report))) screen.line(line)
  for (const { variant, verdict } of report?.variants ?? [])
    screen.line(`${variant}: ${[verdict.verdict, ...verdict.reasons.map(({ message }) => message)].join(' - ')}`)
  if (interrupted) screen.line('Interrupted.')
  if (arrived) screen.line(`The alert for ${TREATMENT} arrived${delayText(story)}.`)
  else screen.line(`No alert for ${TREATMENT} arrived.`)
  if (stage.own) screen.line('The daemon of the demo stops now. Start one to stay with: npm start')
  else screen.line(`The daemon goes on; it keeps what it counted of ${flag}.`)
  return arrived ? 0 : 1
}
