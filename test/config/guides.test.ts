// Every piece of a configuration that README and guides show loads as it stands.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../../bin/launch.js'
import { problemsOf } from './load-text.ts'

const SECTIONS = ['store', 'ack', 'receivers', 'api', 'cohorts', 'slis', 'slos', 'policies', 'experiments', 'exporters']
/** First keys of what is written for other programs. */
const OF_OTHERS = ['scrape_configs', 'groups', 'inhibit_rules', 'service']
/** What a part of an SLI stands in. */
const AROUND_NUMERATOR = { name: 'shown', from: 'metrics', denominator: { metric: 'all' } }

/** A list is one of SLIs, a numerator is of one. */
function whole(text: string, parsed: object): string {
  if (Array.isArray(parsed)) return `slis:\n${text}`
  return 'numerator' in parsed ? `slis: [${JSON.stringify({ ...AROUND_NUMERATOR, ...parsed })}]` : text
}

const guides = readdirSync(join(ROOT, 'docs/guide')).map((name) => `docs/guide/${name}`)
const blocks = ['README.md', 'docs/scaling.md', 'examples/README.md', ...guides].flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => {
    const parsed = parse(text) as object
    const configuration = whole(text, parsed)
    const keys = Object.keys(parse(configuration) as object)
    const isOurs = !keys.some((key) => OF_OTHERS.includes(key)) && !text.includes('# The Collector')
    return { page, text: configuration, keys, isOurs }
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
