// The pages of docs/reference/ are made from the program itself, so that they cannot say anything else than it does.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../bin/launch.js'
import { readSourceFiles } from '../architecture/source-files.ts'

/** Page, and the function of the program that makes its text. */
const PAGES: readonly (readonly [string, string])[] = [
  ['configuration.md', 'configurationReference'],
  ['metrics.md', 'metricsReference'],
  ['events.md', 'eventsReference'],
  ['api.md', 'apiReference'],
  ['archive.md', 'archiveReference'],
]

/** What is wrong with the pages, a line each. With `write` the pages are made anew first. */
export async function referenceProblems(options: { write: boolean }): Promise<string[]> {
  const sources = readSourceFiles(['.ts']).filter(({ path }) => path.startsWith('src/'))
  const problems: string[] = []
  for (const [page, name] of PAGES) {
    const module = sources.find(({ text }) => new RegExp(`^export function ${name}\\(`, 'm').test(text))?.path
    if (module === undefined) {
      problems.push(`nothing in src/ exports the function ${name}, which makes docs/reference/${page}`)
      continue
    }
    const expected = await generate(module, name)
    if (options.write) write(page, expected)
    else if (read(page) !== expected)
      problems.push(`docs/reference/${page} is not what ${module} says; make it anew with: npm run check -- --write`)
  }
  return problems
}

async function generate(module: string, name: string): Promise<string> {
  const exports: Record<string, unknown> = await import(join(ROOT, module))
  const make = exports[name]
  if (typeof make !== 'function') throw new Error(`${name} of ${module} is no function`)
  return String(make())
}

function read(page: string): string | null {
  const path = join(ROOT, 'docs', 'reference', page)
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

function write(page: string, text: string): void {
  mkdirSync(join(ROOT, 'docs', 'reference'), { recursive: true })
  writeFileSync(join(ROOT, 'docs', 'reference', page), text)
}
