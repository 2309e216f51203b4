// Every piece of a configuration that README and guides show loads as it stands.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../../bin/launch.js'
import { problemsOf } from './load-text.ts'

const SECTIONS = ['store', 'ack', 'receivers', 'api', 'cohorts', 'slis', 'slos', 'policies', 'experiments', 'exporters']
/** First keys of what is written for other programs, and of a part of an SLI. */
const OF_OTHERS = ['scrape_configs', 'groups', 'inhibit_rules', 'service', 'numerator']

const guides = readdirSync(join(ROOT, 'docs/guide')).map((name) => `docs/guide/${name}`)
const blocks = ['README.md', 'docs/scaling.md', 'examples/README.md', ...guides].flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => {
    const parsed = parse(text) as object
    const keys = Array.isArray(parsed) ? ['slis'] : Object.keys(parsed)
    const isOurs = !keys.some((key) => OF_OTHERS.includes(key)) && !text.includes('# The Collector')
    return { page, text: Array.isArray(parsed) ? `slis:\n${text}` : text, keys, isOurs }
  }),
)
const ours = blocks.filter(({ isOurs }) => isOurs)

describe('the configurations in the guides', () => {
  it('are found', () => {
    expect(new Set(ours.map(({ page }) => page)).size).toBeGreaterThanOrEqual(5)
  })

  it.each(ours.map(({ page, text, keys }) => [page, keys.join(', '), text]))('%s: %s', (_page, keys, text) => {
    expect(SECTIONS).toEqual(expect.arrayContaining(keys.split(', ')))
    expect(problemsOf(text)).toEqual([])
  })
})
