// A process that saves generation after generation to a SQLite file until it is killed, telling each that was committed.
import { SqliteStore } from '../../src/store/sqlite.ts'

const [path, first] = process.argv.slice(2)
const store = new SqliteStore({ path, eventLimit: 1000 })
await store.start()
process.stdout.write('open\n')
for (let generation = Number(first); ; generation++) {
  await store.save({
    experiments: [{ id: 'checkout', json: String(generation) }],
    cohorts: Array.from({ length: 2000 }, (_, index) => ({
      experiment: 'checkout',
      variant: `variant-${index}`,
      segmentKey: 'shop',
      partial: new Uint8Array(2000).fill(generation % 251),
      alerts: String(generation),
    })),
    forgottenExperiments: [],
    forgottenCohorts: [],
    engine: String(generation),
    events: [{ id: `${generation}-0`, json: '{}' }],
  })
  process.stdout.write(`${generation}\n`)
}
