// The rules of the house, checked on every file; and the rules themselves, checked on files that break them.
import { describe, expect, test } from 'vitest'
import { habitViolations } from './architecture/habits.ts'
import { importViolations } from './architecture/imports.ts'
import { readSourceFiles } from './architecture/source-files.ts'

const files = readSourceFiles(['.ts', '.tsx', '.js'])

describe('the project', () => {
  test('has its files where this test looks', () => {
    expect(files.map(({ path }) => path)).toContain('src/model/event.ts')
    expect(files.map(({ path }) => path)).toContain('bin/cohortd.js')
  })

  test('has imports that point one way', () => {
    expect(importViolations(files)).toEqual([])
  })

  test('keeps its habits', () => {
    expect(habitViolations(files)).toEqual([])
  })
})

describe('the import rule finds', () => {
  test.each([
    [
      'a room that knows a later one',
      'src/cohort/a.ts',
      `import { b } from '../engine/b.ts'`,
      /cohort may not know engine/,
    ],
    ['a room that knows its neighbour', 'src/api/a.ts', `export * from '../publish/b.ts'`, /api may not know publish/],
    [
      'an import of types alone',
      'src/model/a.ts',
      `import type { B } from '../runtime/b.ts'`,
      /model may not know runtime/,
    ],
    [
      'an import in a deeper folder',
      'src/ingest/http/a.ts',
      `import '../../engine/b.ts'`,
      /ingest may not know engine/,
    ],
    ['an import on demand', 'src/store/a.ts', `await import('../publish/b.ts')`, /store may not know publish/],
    ['a thread', 'src/store/a.ts', `new URL('../engine/b.ts', import.meta.url)`, /store may not know engine/],
    [
      'an import over several lines',
      'src/otlp/a.ts',
      `import {\n  b,\n} from '../cohort/b.ts'`,
      /a\.ts:3 .*otlp may not know cohort/,
    ],
    ['a room that knows the composition', 'src/api/a.ts', `import '../daemon.ts'`, /no room may know how/],
    ['I/O in a room that computes', 'src/engine/a.ts', `import { readFileSync } from 'node:fs'`, /engine does no I\/O/],
    ['Redis elsewhere', 'src/api/a.ts', `import { Redis } from 'ioredis'`, /ioredis/],
    ['all of node:http', 'src/ingest/a.ts', `import { createServer, type Server } from 'node:http'`, /14 MB/],
    ['that over several lines', 'src/daemon.ts', `import {\n  createServer,\n} from 'node:http'`, /14 MB/],
    ['that on demand', 'src/daemon.ts', `await import('node:http')`, /14 MB/],
    ['a room that nobody has placed', 'src/attic/a.ts', '', /attic is not in the list/],
    ['an import from the tests', 'src/api/a.ts', `import '../../test/b.ts'`, /outside src/],
  ])('%s', (_, path, text, message) => {
    expect(importViolations([{ path, text }])).toEqual([expect.stringMatching(message)])
  })

  test.each([
    [
      'an allowed one',
      'src/engine/a.ts',
      `import '../slices/b.ts'\nimport '../model/c.ts'\nimport './d.ts'\nimport { createHash } from 'node:crypto'`,
    ],
    ['one that only a comment mentions', 'src/model/a.ts', `// import '../engine/b.ts'\n/* from '../engine/c.ts' */`],
    ['types of node:http', 'src/ingest/a.ts', `import { a } from './a.ts'\nimport type { Server } from 'node:http'`],
    ['those of the composition', 'src/daemon.ts', `import './engine/b.ts'\nimport './api/c.ts'`],
  ])('nothing wrong with %s', (_, path, text) => {
    expect(importViolations([{ path, text }])).toEqual([])
  })
})

describe('the habits find', () => {
  const HEAD = '// What it is.\n'

  test.each([
    ['a clock', 'src/engine/a.ts', `${HEAD}const now = Date.now()`, /a\.ts:2 reads a clock/],
    ['a timer', 'src/api/a.ts', `${HEAD}setTimeout(() => {}, 1)`, /sets a timer/],
    ['a yield', 'src/streams/a.ts', `${HEAD}setImmediate(next)`, /yields/],
    ['chance', 'src/stats/a.ts', `${HEAD}const x = Math.random()`, /random number/],
    ['an id drawn at random', 'src/engine/a.ts', `${HEAD}randomUUID()`, /random number/],
    ['the environment', 'src/api/a.ts', `${HEAD}process.env.HOME`, /reads the environment/],
    ['a test left out', 'test/api/a.test.ts', `${HEAD}test.skip('x', () => {})`, /leaves tests out/],
    ['a forced type', 'src/api/a.ts', `${HEAD}x as unknown as Y`, /forces a type/],
    ['a note of something unfinished', 'src/api/a.ts', `${HEAD}// TODO: later`, /a\.ts:2 is unfinished/],
    ['a file without a head', 'src/api/a.ts', 'export const a = 1\n', /at its head/],
    ['a long file', 'src/api/a.ts', `${HEAD}${'a\n'.repeat(400)}`, /401 lines/],
    ['a name that says nothing', 'src/api/utils.ts', HEAD, /name that does not say/],
    ['a folder that says nothing', 'src/helpers/a.ts', HEAD, /name that does not say/],
  ])('%s', (_, path, text, message) => {
    expect(habitViolations([{ path, text }])).toEqual([expect.stringMatching(message)])
  })

  test.each([
    ['the clock of runtime/', 'src/runtime/clock.ts', `${HEAD}Date.now()`],
    ['a clock in a comment', 'src/api/a.ts', `${HEAD}// not Date.now()\n/** nor\n * setTimeout */`],
    ['a timer in a test', 'test/real/a.test.ts', `${HEAD}setTimeout(f, 1)`],
    ['a script with its first line', 'bin/a.js', `#!/usr/bin/env node\n${HEAD}`],
  ])('nothing wrong with %s', (_, path, text) => {
    expect(habitViolations([{ path, text }])).toEqual([])
  })
})
