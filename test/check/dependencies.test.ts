// Dependencies: each has its reason in a decision record, and nothing is imported that package.json does not name.
import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../bin/launch.js'
import { importsOf } from '../architecture/imports.ts'
import { readSourceFiles } from '../architecture/source-files.ts'

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const record = readFileSync(join(ROOT, 'docs/decisions/0005-dependencies.md'), 'utf8')
const runtime = Object.keys(manifest.dependencies)
const development = Object.keys(manifest.devDependencies)
const optional = Object.keys(manifest.optionalDependencies)

/** Packages imported by the files under a folder, as "package (file)". */
function importedPackages(inFolders: RegExp): [string, string][] {
  return readSourceFiles(['.ts', '.tsx', '.js', '.mjs', '.cjs'])
    .filter(({ path }) => inFolders.test(path) && path !== 'test/architecture.test.ts')
    .flatMap(({ path, text }) =>
      importsOf(text)
        .map(({ specifier }) => /^(@[a-z0-9-]+\/)?[a-z0-9][a-z0-9._-]*(?=\/|$)/.exec(specifier)?.[0] ?? null)
        .filter((name) => name !== null && !builtinModules.includes(name))
        .map((name): [string, string] => [name ?? '', path]),
    )
}

test('each dependency has its reason in the record', () => {
  const missing = [...runtime, ...development, ...optional].filter((name) => !record.includes(`\`${name}\``))
  expect(missing).toEqual([])
})

test('the record names no dependency that is gone', () => {
  const named = [...record.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  )
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((name) => !runtime.includes(name) && !development.includes(name))).toEqual([])
})

test('the program imports only what is installed with it', () => {
  expect(importedPackages(/^src\//).filter(([name]) => !runtime.includes(name))).toEqual([])
})

test('tests and benchmarks import only what package.json names', () => {
  const known = [...runtime, ...development]
  expect(importedPackages(/^(test|bench)\//).filter(([name]) => !known.includes(name))).toEqual([])
})
