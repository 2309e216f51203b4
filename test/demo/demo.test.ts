import { describe, expect, test } from 'vitest'
import { demoCommand } from '../../src/demo/demo.ts'
import { Screen } from '../../src/demo/screen.ts'
import { TestTerminal } from '../watch/stub-api.ts'

describe('cohortd demo', () => {
  test.each([
    [['--duration', '5s'], /between 10s and 1h/],
    [['--duration', '2h'], /between 10s and 1h/],
    [['--duration', 'long'], /between 10s and 1h/],
    [['--nonsense'], /cohortd demo --help/],
    [['--api', 'ftp://x'], /no http URL/],
  ])('refuses %j without starting anything', async (args, message) => {
    const terminal = new TestTerminal()
    expect(await demoCommand(args, { terminal, signal: AbortSignal.abort() })).toBe(1)
    expect(terminal.stderr).toMatch(message)
    expect(terminal.stdout).toBe('')
  })

  test('--help tells its options', async () => {
    const terminal = new TestTerminal()
    expect(await demoCommand(['--help'], { terminal })).toBe(0)
    expect(terminal.stdout).toContain('--duration')
  })
})

/** What a terminal shows in the end: understands the two sequences that the screen uses. */
function shown(output: string): string[] {
  const lines = ['']
  for (const piece of output.replaceAll('\u001b', '<ESC>').split(/(\n|<ESC>\[\d+[AJ])/)) {
    const up = /^<ESC>\[(\d+)A$/.exec(piece)
    if (piece === '\n') lines.push('')
    else if (up !== null) lines.splice(lines.length - 1 - Number(up[1]), Infinity, '')
    else if (!piece.startsWith('<ESC>')) lines[lines.length - 1] += piece
  }
  return lines.slice(0, -1)
}

describe('the screen', () => {
  test('keeps lines above the block, which is replaced in place', () => {
    const terminal = Object.assign(new TestTerminal(), { interactive: true })
    const screen = new Screen(terminal)
    screen.line('one')
    screen.block(['a', 'b'])
    screen.line('two')
    screen.block(['c'])
    expect(shown(terminal.stdout)).toEqual(['one', 'two', 'c'])
    screen.settle()
    screen.line('three')
    expect(shown(terminal.stdout)).toEqual(['one', 'two', 'c', 'three'])
  })

  test('cuts the lines of the block to the width of the terminal', () => {
    const terminal = Object.assign(new TestTerminal(), { interactive: true, columns: 5 })
    new Screen(terminal).block(['123456', '1234'])
    expect(shown(terminal.stdout)).toEqual(['12345', '1234'])
  })

  test('shows no block where it cannot be redrawn', () => {
    const terminal = new TestTerminal()
    const screen = new Screen(terminal)
    screen.block(['a'])
    screen.line('one')
    expect(terminal.stdout).toBe('one\n')
  })
})
