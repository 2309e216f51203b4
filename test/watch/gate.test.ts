import { afterEach, describe, expect, test } from 'vitest'
import { gateCommand } from '../../src/commands/gate.ts'
import { answerJson, type Handler, StubApi, TestTerminal } from './stub-api.ts'

let stub: StubApi | null = null

afterEach(async () => {
  await stub?.stop()
  stub = null
})

const verdict = (name: string, more: object = {}): object => ({
  verdict: name,
  reasons: [{ code: 'burn_alert', message: `because of ${name}` }],
  sufficient: true,
  events: 500,
  events_required: 50,
  events_total: 500,
  ...more,
})
const unknown = (code: string): object => verdict('hold', { events: null, reasons: [{ code, message: 'never seen' }] })

/** An API that knows one experiment, `redesign`, whose variants have the given verdicts; `control` is the control. */
function knows(verdicts: Record<string, object>): Handler {
  return (request, response) => {
    const path = decodeURIComponent(request.url ?? '')
      .split('/')
      .slice(3)
    const [, experiment, , variant] = path
    const known = experiment === 'redesign'
    if (variant !== undefined)
      answerJson(response, !known ? unknown('unknown_experiment') : (verdicts[variant] ?? unknown('unknown_variant')))
    else if (!known) answerJson(response, { error: 'no such experiment' }, 404)
    else
      answerJson(response, {
        id: experiment,
        control: 'control' in verdicts ? 'control' : null,
        variants: Object.keys(verdicts).map((name) => ({ variant: name })),
      })
  }
}

async function run(handler: Handler, ...args: string[]): Promise<{ code: number } & TestTerminal> {
  stub = await StubApi.start(handler)
  const terminal = new TestTerminal()
  const code = await gateCommand([...args, '--api', stub.url], {
    terminal,
    signal: new AbortController().signal,
    pollMs: 10,
  })
  return Object.assign(terminal, { code })
}

describe('cohortd gate', () => {
  const all = {
    control: verdict('rollback'),
    good: verdict('continue'),
    better: verdict('promote'),
    early: verdict('hold', { events: 41, sufficient: false }),
    worse: verdict('rollback'),
    silent: verdict('hold', { events: 0, events_total: 0, sufficient: false }),
    drained: verdict('hold', { events: 0, sufficient: false }),
  }
  test.each([
    ['continue passes', 'good', 0],
    ['promote passes', 'better', 0],
    ['too little data holds', 'early', 10],
    ['rollback has its own code', 'worse', 20],
    ['a declared variant without any event is unseen', 'silent', 30],
    ['a variant whose windows are empty by now was seen: it holds', 'drained', 10],
    ['a variant nobody knows is unseen', 'nobody', 30],
  ])('%s', async (_name, variant, code) => {
    const result = await run(knows(all), 'redesign', variant)
    expect(result.code).toBe(code)
    expect(result.stdout).toContain(`redesign/${variant}`)
  })

  test('an experiment nobody knows is unseen, with and without a variant', async () => {
    expect((await run(knows(all), 'other', 'good')).code).toBe(30)
    await stub?.stop()
    expect((await run(knows(all), 'other')).code).toBe(30)
  })

  test.each<[string, Record<string, object>, number, string]>([
    ['the worst variant decides', all, 20, 'redesign/worse: rollback'],
    [
      'the control is not judged',
      { control: verdict('rollback'), good: verdict('continue') },
      0,
      'redesign/good: continue',
    ],
    ['hold is worse than continue', { a: verdict('continue'), b: verdict('hold') }, 10, 'redesign/b: hold'],
    [
      'an unseen variant is worse than a good one',
      { a: verdict('continue'), b: all.silent },
      30,
      'redesign/b: hold, never',
    ],
    ['an experiment of which only the control was seen holds', { control: verdict('continue') }, 10, 'redesign: hold'],
    ['a declared experiment without variants is unseen', {}, 30, 'redesign: hold, never seen'],
  ])('without a variant: %s', async (_name, verdicts, code, line) => {
    const result = await run(knows(verdicts), 'redesign')
    expect(result.code).toBe(code)
    expect(result.stdout.startsWith(line)).toBe(true)
  })

  test('--json gives the answer with what was decided', async () => {
    const one = await run(knows(all), 'redesign', 'early', '--json')
    expect(JSON.parse(one.stdout)).toMatchObject({
      experiment: 'redesign',
      variant: 'early',
      exit_code: 10,
      verdict: 'hold',
      events: 41,
      events_required: 50,
      sufficient: false,
    })
    await stub?.stop()
    const worst = await run(knows({ a: verdict('continue'), b: verdict('rollback') }), 'redesign', '--json')
    expect(JSON.parse(worst.stdout)).toMatchObject({
      variant: 'b',
      exit_code: 20,
      variants: [
        { variant: 'b', verdict: 'rollback' },
        { variant: 'a', verdict: 'continue' },
      ],
    })
  })

  test('--wait asks again until the verdict is final, also while the daemon does not answer', async () => {
    let asked = 0
    const result = await run(
      (_request, response) => {
        asked++
        if (asked === 1) response.destroy()
        else answerJson(response, verdict(asked === 2 ? 'hold' : 'promote'))
      },
      'redesign',
      'good',
      '--wait',
      '1m',
    )
    expect(result.code).toBe(0)
    expect(asked).toBe(3)
    expect(result.stderr).toContain('redesign/good: hold; waiting up to 1m')
  })

  test('--wait ends with the last verdict when the time is up', async () => {
    expect((await run(knows(all), 'redesign', 'early', '--wait', '300ms')).code).toBe(10)
    expect(stub?.requests.length).toBeGreaterThan(1)
  })

  test('names are escaped on their way into the address', async () => {
    await run(knows(all), 'a/b c', 'x?y')
    expect(stub?.requests[0].url).toBe('/api/v1/experiments/a%2Fb%20c/variants/x%3Fy/verdict')
  })

  test.each<[string, Handler, RegExp]>([
    [
      'an answer that is an error',
      (_request, response) => answerJson(response, { error: 'starting' }, 503),
      /answered 503/,
    ],
    ['an answer that is no JSON', (_request, response) => void response.end('<html>'), /no JSON/],
    ['an answer without a verdict', (_request, response) => answerJson(response, {}), /no verdict/],
    ['a verdict of an unknown name', (_request, response) => answerJson(response, verdict('perhaps')), /does not know/],
    ['a broken connection', (_request, response) => void response.destroy(), /no daemon answers at http:/],
  ])('%s is exit code 1', async (_name, handler, message) => {
    const result = await run(handler, 'redesign', 'good')
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(message)
    expect(result.stdout).toBe('')
  })

  test.each([[[]], [['a', 'b', 'c']], [['a', '--wait', 'soon']], [['a', '--nonsense']], [['a', '--api', 'ftp://x']]])(
    'wrong arguments %j are exit code 1 and ask nobody',
    async (args) => {
      const terminal = new TestTerminal()
      expect(await gateCommand(args, { terminal, signal: new AbortController().signal, pollMs: 10 })).toBe(1)
      expect(terminal.stderr).not.toBe('')
    },
  )

  test('--help explains the exit codes', async () => {
    const terminal = new TestTerminal()
    expect(await gateCommand(['--help'], { terminal, signal: new AbortController().signal, pollMs: 10 })).toBe(0)
    expect(terminal.stdout).toContain('20  rollback')
  })
})
