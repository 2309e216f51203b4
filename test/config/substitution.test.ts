import { describe, expect, it } from 'vitest'
import { problemsOf, settingsOf, spanSlisOf } from './load-text.ts'

const env = { HOST: '127.0.0.1', PORT: '7000', EMPTY: '', OBJECTIVE: '0.95', NAME: '123', EVIL: 'a, b: [c' }

function owner(yaml: string): string | null {
  return settingsOf(`experiments: [{id: e, owner: ${yaml}}]`, { env }).engine.experiments[0].owner
}

describe('references to the environment', () => {
  it.each([
    ['inside text', '"${env:HOST}:${env:PORT}"', '127.0.0.1:7000'],
    ['with a default that is not needed', '"${env:HOST:-x}"', '127.0.0.1'],
    ['with a default for a variable that is not set', '"${env:NOPE:-x:-y}"', 'x:-y'],
    ['with a default for an empty variable', '"${env:EMPTY:-x}"', 'x'],
    ['two dollars are one', '"$${env:HOST} $$5"', '${env:HOST} $5'],
    ['a dollar alone is itself', '"a$b $"', 'a$b $'],
    ['a variable never changes the structure', '"${env:EVIL}"', 'a, b: [c'],
    ['where text is wanted, what looks like a number stays text', '"${env:NAME}"', '123'],
    ['an empty default is as if the key was not there', '"${env:NOPE:-}"', null],
  ])('%s', (_sentence, yaml, expected) => {
    expect(owner(yaml)).toBe(expected)
  })

  it('take the type that the key asks for, in quotes or not', () => {
    const quoted = 'slos: [{name: "${env:NAME}", sli: latency, objective: "${env:OBJECTIVE}"}]'
    expect(settingsOf(quoted, { env }).engine.slos[0]).toMatchObject({ name: '123', objective: 0.95 })
    const plain = 'slos:\n  - name: ${env:NAME}\n    sli: latency\n    objective: ${env:OBJECTIVE}\n'
    expect(settingsOf(plain, { env }).engine.slos[0]).toMatchObject({ name: '123', objective: 0.95 })
  })

  it('in conditions are numbers when plain, text when quoted', () => {
    const text = 'slis:\n  - name: a\n    bad_when:\n      x: ${env:PORT}\n      y: "${env:PORT}"\n'
    const [conditions] = spanSlisOf(settingsOf(text, { env }))[0].badWhen ?? []
    expect(conditions.map(({ anyOf }) => anyOf[0])).toEqual([
      { kind: 'equal', operand: 7000, negated: false },
      { kind: 'equal', operand: '7000', negated: false },
    ])
  })

  it.each([
    [
      'a variable that is not set',
      '"${env:NOPE}"',
      'found ${env:NOPE}, expected the environment variable NOPE to be set, or a default as in ${env:NOPE:-value}',
    ],
    [
      'a reference without its kind',
      '"${HOST}"',
      'found ${HOST}, expected ${env:NAME} or ${env:NAME:-default}; $$ stands for a dollar sign (did you mean ${env:HOST}?)',
    ],
    [
      'another kind of reference',
      '"${file:/x}"',
      'found ${file:/x}, expected ${env:NAME} or ${env:NAME:-default}; $$ stands for a dollar sign',
    ],
    [
      'a reference without its end',
      '"${env:HOST"',
      'found ${env:HOST, expected ${env:NAME} or ${env:NAME:-default}; $$ stands for a dollar sign',
    ],
  ])('%s is a problem', (_sentence, yaml, expected) => {
    expect(problemsOf(`experiments: [{id: e, owner: ${yaml}}]`, { env })).toEqual([
      `cohortd.yaml:1:30: experiments[0].owner: ${expected}`,
    ])
  })

  it('are named beside the value they gave', () => {
    expect(problemsOf('ack: ${env:NAME}', { env })).toEqual([
      'cohortd.yaml:1:6: ack: found 123 (from ${env:NAME}), expected one of memory, durable',
    ])
  })

  it('of secrets do not tell the value', () => {
    const lines = problemsOf('store: {password: ["${env:NAME}"]}', { env })
    expect(lines.join()).not.toContain('123')
  })
})
