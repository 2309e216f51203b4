// The pages of docs/reference/ are made from the program itself, so that they cannot say anything else than it does.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../bin/launch.js'

/** Page, the module that makes its text, and the function in it. */
const PAGES: readonly (readonly [string, string, string])[] = [
  ['configuration.md', 'src/config/reference.ts', 'configurationReference'],
  ['metrics.md', 'src/publish/catalogue.ts', 'metricsReference'],
  ['events.md', 'src/publish/events-reference.ts', 'eventsReference'],
  ['api.md', 'src/api/reference.ts', 'apiReference'],
]

/** What is wrong with the pages, a line each. With `write` the pages are made anew first. */
export async function referenceProblems(options: { write: boolean }): Promise<string[]> {
  const problems: string[] = []
  for (const [page, module, name] of PAGES) {
    const expected = await generate(module, name)
    if (expected === null) problems.push(`${module} has no function ${name}, which makes docs/reference/${page}`)
    else if (options.write) write(page, expected)
    else if (read(page) !== expected)
      problems.push(`docs/reference/${page} is not what ${module} says; make it anew with: npm run check -- --write`)
  }
  return problems
}

async function generate(module: string, name: string): Promise<string | null> {
  const path = join(ROOT, module)
  if (!existsSync(path)) return null
  const exports: Record<string, unknown> = await import(path)
  const make = exports[name]
  return typeof make === 'function' ? String(make()) : null
}

function read(page: string): string | null {
  const path = join(ROOT, 'docs', 'reference', page)
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

function write(page: string, text: string): void {
  mkdirSync(join(ROOT, 'docs', 'reference'), { recursive: true })
  writeFileSync(join(ROOT, 'docs', 'reference', page), text)
}
