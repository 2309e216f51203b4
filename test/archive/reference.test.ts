import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { archiveReference } from '../../src/archive/reference.ts'
import { exported, fill, memoryStore } from './stores.ts'

it('the reference page is what the schemas say', () => {
  const page = readFileSync(new URL('../../docs/reference/archive.md', import.meta.url), 'utf8')
  expect(page).toBe(archiveReference())
  expect(page).not.toContain('undefined')
})

it('the reference page names every key of every line', async () => {
  const store = await memoryStore()
  await fill(store)
  const sections = new Map(
    archiveReference()
      .split('\n## ')
      .map((section) => [section.split('`')[1], section]),
  )
  for (const line of (await exported(store)).trimEnd().split('\n')) {
    const { type, ...keys } = JSON.parse(line) as { type: string }
    for (const key of Object.keys(keys)) expect(sections.get(type)).toContain(`| \`${key}\` |`)
  }
})
