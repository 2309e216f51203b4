// `cohortd gate`: a verdict as an exit code, for pipelines.
import { parseArgs } from 'node:util'
import { formatSeconds, parseDurationMs } from '../model/duration.ts'
import type { ExperimentReport, Verdict } from '../model/report.ts'
import { sleep, systemClock } from '../runtime/clock.ts'
import { interruption, processTerminal, type Surroundings, type Terminal } from '../runtime/terminal.ts'
import { ApiError, apiBase, DEFAULT_API, getJson, readReport } from '../watch/api.ts'
import { printable } from '../watch/render.ts'

export const GATE_HELP = `cohortd gate EXPERIMENT [VARIANT] [--wait 10m] [--json] [--api URL]

Asks for the verdict on a variant (without VARIANT: the worst of those that are not the control) and exits with

   0  continue or promote
  10  hold, which includes too little data
  20  rollback
  30  no event of it has ever been seen
   1  error

  --wait TIME  ask every second until the answer is 0 or 20, for at most this long (default: ask once)
  --json       print the verdict as JSON
  --api URL    the daemon's API (default ${DEFAULT_API})
  --help       this text
`

export const GATE_EXIT = { pass: 0, error: 1, hold: 10, rollback: 20, unseen: 30 } as const

/** The verdict answer as the API gives it; more fields may be there. */
export interface VerdictAnswer {
  readonly verdict: Verdict
  readonly reasons: readonly { readonly code: string; readonly message: string }[]
  readonly sufficient: boolean
  readonly events: number | null
  readonly events_required: number | null
  /** Since the experiment began: the windows of `events` may be empty although there were events. */
  readonly events_total: number
}

interface Judged {
  readonly variant: string | null
  readonly exitCode: number
  readonly answer: VerdictAnswer
}

/** Worst first; never empty: where there is no variant to judge, one that says so. */
type Judgement = readonly [Judged, ...Judged[]]

interface GateArguments {
  readonly api: string
  readonly experiment: string
  readonly variant: string | null
  readonly waitMs: number
  readonly json: boolean
}

const POLL_MS = 1000
const UNSEEN_CODES = ['unknown_experiment', 'unknown_variant']
/** From the worst: what is worse decides for the experiment. A variant without any event says less than one that is judged. */
const WORST_FIRST: readonly number[] = [GATE_EXIT.rollback, GATE_EXIT.hold, GATE_EXIT.unseen, GATE_EXIT.pass]

/** Runs the command with its arguments and gives its exit code. `pollMs`: how often --wait asks. */
export async function gateCommand(
  args: readonly string[],
  { terminal = processTerminal, signal, pollMs = POLL_MS }: Surroundings & { readonly pollMs?: number } = {},
): Promise<number> {
  const interrupted = signal === undefined ? interruption() : { signal, release: () => {} }
  try {
    const gate = readArguments(args)
    if (gate === null) {
      terminal.out(GATE_HELP)
      return GATE_EXIT.pass
    }
    const judgement = await decide(gate, pollMs, terminal, interrupted.signal)
    terminal.out(gate.json ? `${JSON.stringify(asJson(gate, judgement))}\n` : asText(gate, judgement))
    return judgement[0].exitCode
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    terminal.err(`${error.message}\n`)
    return GATE_EXIT.error
  } finally {
    interrupted.release()
  }
}

function readArguments(args: readonly string[]): GateArguments | null {
  let parsed: { values: { api?: string; json?: boolean; wait?: string; help?: boolean }; positionals: string[] }
  try {
    const string = { type: 'string' } as const
    const boolean = { type: 'boolean' } as const
    const options = { api: string, json: boolean, wait: string, help: boolean }
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new ApiError(`${(error as Error).message}; see cohortd gate --help`)
  }
  const { values, positionals } = parsed
  if (values.help === true) return null
  if (positionals.length < 1 || positionals.length > 2)
    throw new ApiError('name an experiment, and at most one variant of it; see cohortd gate --help')
  const waitMs = values.wait === undefined ? 0 : parseDurationMs(values.wait)
  if (waitMs === null) throw new ApiError(`--wait ${values.wait}: a duration looks like 30s or 10m`)
  const api = apiBase(values.api ?? DEFAULT_API)
  return { api, experiment: positionals[0], variant: positionals[1] ?? null, waitMs, json: values.json ?? false }
}

/** Asks once, or until the answer is final or the time is up; while it may wait, a daemon that does not answer is asked again. */
async function decide(
  gate: GateArguments,
  pollMs: number,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Judgement> {
  const deadline = systemClock.monotonic() + gate.waitMs
  let told = ''
  for (;;) {
    const remainingMs = deadline - systemClock.monotonic()
    let state: string
    try {
      const judgement = await ask(gate, signal)
      const final = [GATE_EXIT.pass, GATE_EXIT.rollback].some((code) => code === judgement[0].exitCode)
      if (final || remainingMs <= 0) return judgement
      state = summary(gate, judgement[0])
    } catch (error) {
      if (!(error instanceof ApiError) || remainingMs <= 0 || signal.aborted) throw error
      state = error.message
    }
    if (state !== told) terminal.err(`${state}; waiting up to ${formatSeconds(Math.ceil(remainingMs / 1000))}\n`)
    told = state
    await sleep(Math.min(pollMs, Math.max(0, remainingMs)), signal)
    if (signal.aborted) throw new ApiError('interrupted')
  }
}

async function ask(gate: GateArguments, signal: AbortSignal): Promise<Judgement> {
  if (gate.variant !== null) return [await judge(gate, gate.variant, signal)]
  const report = await readReport(gate.api, gate.experiment, signal)
  const judged: Judged[] = []
  for (const { variant } of report?.variants ?? [])
    if (variant !== report?.control) judged.push(await judge(gate, variant, signal))
  const [worst, ...others] = judged.sort((a, b) => rank(a) - rank(b))
  return worst === undefined ? [nothingToJudge(report)] : [worst, ...others]
}

function rank({ exitCode }: Judged): number {
  return WORST_FIRST.indexOf(exitCode)
}

/** Without a report nobody has seen the experiment; with one, only its control. */
function nothingToJudge(report: ExperimentReport | null): Judged {
  const seen = report !== null && report.variants.length > 0
  const reason = seen
    ? { code: 'unknown_variant', message: 'no variant beside the control has been seen' }
    : { code: 'unknown_experiment', message: 'no event of this experiment has been seen' }
  const answer: VerdictAnswer = {
    verdict: 'hold',
    reasons: [reason],
    sufficient: false,
    events: 0,
    events_required: null,
    events_total: 0,
  }
  return { variant: null, exitCode: seen ? GATE_EXIT.hold : GATE_EXIT.unseen, answer }
}

async function judge(gate: GateArguments, variant: string, signal: AbortSignal): Promise<Judged> {
  const path = `/api/v1/experiments/${encodeURIComponent(gate.experiment)}/variants/${encodeURIComponent(variant)}/verdict`
  const answer = await getJson(gate.api, path, signal)
  if (typeof answer !== 'object' || answer === null || !('verdict' in answer) || typeof answer.verdict !== 'string')
    throw new ApiError(`${gate.api} gave no verdict; is that the daemon's API address?`)
  const verdict = answer as VerdictAnswer
  return { variant, exitCode: exitCodeOf(verdict), answer: verdict }
}

/** The exit code for a verdict answer. Throws ApiError for a verdict of an unknown name: it must not pass. */
export function exitCodeOf(answer: VerdictAnswer): number {
  switch (answer.verdict) {
    case 'rollback':
      return GATE_EXIT.rollback
    case 'continue':
    case 'promote':
      return GATE_EXIT.pass
    case 'hold': {
      const unknown = (answer.reasons ?? []).some(({ code }) => UNSEEN_CODES.includes(code))
      return unknown || answer.events_total === 0 ? GATE_EXIT.unseen : GATE_EXIT.hold
    }
    default:
      throw new ApiError(
        `the daemon gave a verdict that this version does not know: ${printable(String(answer.verdict))}`,
      )
  }
}

function summary(gate: GateArguments, { variant, exitCode, answer }: Judged): string {
  const name = variant === null ? gate.experiment : `${gate.experiment}/${variant}`
  return `${name}: ${exitCode === GATE_EXIT.unseen ? 'hold, never seen' : answer.verdict}`
}

function asText(gate: GateArguments, [worst, ...others]: Judgement): string {
  const reasons = (worst.answer.reasons ?? []).map(({ message }) => `  ${printable(message)}`)
  return [summary(gate, worst), ...reasons, ...others.map((other) => summary(gate, other)), ''].join('\n')
}

/** The answer of the worst variant with what was decided; without VARIANT, all variants beside it. */
function asJson(gate: GateArguments, judgement: Judgement): object {
  const [{ variant, exitCode, answer }] = judgement
  const decided = { experiment: gate.experiment, variant, exit_code: exitCode }
  if (gate.variant !== null) return { ...decided, ...answer }
  const judged = judgement.filter((each) => each.variant !== null)
  return {
    ...decided,
    ...answer,
    variants: judged.map((each) => ({ variant: each.variant, verdict: each.answer.verdict })),
  }
}
