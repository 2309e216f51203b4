// A process that commits generation after generation to a SQLite file until it is killed, telling each that was committed.
import { SqliteStore } from '../../src/store/sqlite/store.ts'
import { STORE_OPTIONS } from './store-options.ts'

const ROWS = 2000
const NEWEST_SECOND = 1_767_225_600

const [path, first] = process.argv.slice(2)
const store = new SqliteStore(path, STORE_OPTIONS)
await store.start()
process.stdout.write('open\n')
for (let generation = Number(first); ; generation++) {
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    variant: `variant-${index}`,
    segmentKey: 'shop',
    slice: 29_453_760,
    bytes: new Uint8Array(2000).fill(generation % 251),
    newestSecond: NEWEST_SECOND,
  }))
  const flush = { writer: 'writer', sequence: generation, after: 0, sealedMinute: -1, dropped: [], adopted: [] }
  const [one, other] = await store.commit({
    writer: 'writer',
    flushes: [
      { ...flush, experiment: 'checkout', rows, requests: [`request-${generation}`] },
      { ...flush, experiment: 'search', rows: rows.slice(0, 1), requests: [`request-${generation}`] },
    ],
    journal: { number: generation, bytes: new Uint8Array([generation % 251]), oldestNeeded: generation },
    requests: [],
  })
  if (one !== 'written' || other !== 'written') throw new Error(`${one}, ${other}`)
  process.stdout.write(`${generation}\n`)
}
