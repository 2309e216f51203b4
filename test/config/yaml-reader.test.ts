import { describe, expect, it } from 'vitest'
import { loadText, problemsOf, settingsOf, spanSlisOf } from './load-text.ts'

describe('YAML', () => {
  it.each([
    ['an empty file', ''],
    ['a file of comments', '# nothing\n\n# here\n'],
    ['a file with a marker', '---\n...\n'],
    ['a byte order mark', '\uFEFFack: memory\n'],
    ['Windows line ends', 'ack: memory\r\nevents:\r\n  keep: 10000\r\n'],
    ['sections without a value', 'receivers:\napi:\nslis:\nslos:\ncohorts:\n  limits:\n'],
  ])('%s means the defaults', (_sentence, text) => {
    expect(settingsOf(text)).toEqual(settingsOf('{}'))
  })

  it('anchors, aliases and merge keys are expanded, own keys win', () => {
    const text = [
      'slis:',
      '  - &base {name: a, where: {span.kind: SERVER}, bad_when: {span.status: ERROR}}',
      '  - {<<: *base, name: b}',
      '  - {<<: [{name: z, value: duration}, *base], name: c}',
    ].join('\n')
    const slis = spanSlisOf(settingsOf(text))
    expect(slis.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(slis[1].where).toEqual(slis[0].where)
    expect(slis[2]).toMatchObject({ value: { kind: 'duration' }, badWhen: slis[0].badWhen })
  })

  it('a problem inside an alias stands where it was written', () => {
    const text = 'api: &a\n  endpoint: x\nreceivers: {otlp: {protocols: {grpc: *a}}}\n'
    expect(problemsOf(text).map((line) => line.split(': ').slice(0, 2))).toEqual([
      ['cohortd.yaml:2:13', 'api.endpoint'],
      ['cohortd.yaml:2:13', 'receivers.otlp.protocols.grpc.endpoint'],
    ])
  })

  it.each([
    [
      'a key given twice',
      'ack: memory\napi: {}\nack: durable\n',
      'cohortd.yaml:3:1: ack: found the key "ack" a second time, expected every key at most once in a map',
    ],
    [
      'a tab as indentation',
      'api:\n\tendpoint: 127.0.0.1:1\n',
      'cohortd.yaml:2:1: (root): found a tab as indentation, expected spaces',
    ],
    [
      'a second document',
      'ack: memory\n---\nack: durable\n',
      'cohortd.yaml:2:1: (root): found a second YAML document, expected one document in a file',
    ],
    [
      'a merge key without a map',
      'api: {<<: 5}\n',
      'cohortd.yaml:1:11: api["<<"]: found a merge key without a map, expected an alias of a map, or a list of such',
    ],
    ['a map as a key', '{a: 1}: 2\n', 'cohortd.yaml:1:1: (root): found a key that is no text, expected a name as key'],
    [
      'a prototype as a key',
      '__proto__: {ack: durable}\n',
      'cohortd.yaml:1:1: (root): found the key "__proto__", expected a name as key',
    ],
  ])('%s is a problem', (_sentence, text, expected) => {
    expect(problemsOf(text)).toContain(expected)
  })

  it.each([
    [
      'an open bracket',
      'slis: [\n',
      /^cohortd\.yaml:\d:\d+: \(root\): found text that is not YAML \(.*\), expected valid YAML 1\.2/,
    ],
    [
      'an unknown anchor',
      'api: *nope\n',
      /^cohortd\.yaml:1:6: api: found the alias \*nope, expected an anchor &nope above it$/,
    ],
    [
      'an own tag',
      'ack: !custom memory\n',
      /^cohortd\.yaml:1:6: \(root\): found text that is not YAML \(Unresolved tag/,
    ],
    [
      'a date of YAML 1.1',
      '%YAML 1.1\n---\nack: 2001-01-01\n',
      /^cohortd\.yaml:3:6: ack: found a value of another YAML version or type/,
    ],
    [
      'a file too large',
      `# ${'x'.repeat(1_100_000)}`,
      /^cohortd\.yaml:1:1: \(root\): found 1100002 characters, expected at most 1048576$/,
    ],
    ['values nested without end', '['.repeat(100_000), /nested|not YAML/],
    ['an alias of its own parent', 'slis: &s\n  - *s\n', /found values nested too deeply, expected at most 40 levels/],
  ])('%s is a problem', (_sentence, text, expected) => {
    expect(problemsOf(text).join('\n')).toMatch(expected)
  })

  it('a file that doubles itself with every line is stopped', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let level = 1; level < 12; level++)
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`)
    expect(problemsOf(lines.join('\n')).filter((line) => line.includes('too many values'))).toHaveLength(1)
  })

  it('a syntax error is told alone, without what would follow from it', () => {
    expect(loadText('recievers: {}\nslis: [').problems.every(({ path }) => path.length === 0)).toBe(true)
  })
})
