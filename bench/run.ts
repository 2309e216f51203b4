// `npm run bench`: every benchmark, or those or the groups that are named, with a size where one takes it: npm run bench -- sketch redis-scale=100000
interface Bench {
  readonly run: (size?: number) => void | Promise<void>
}

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  decode: () => import('./decode.ts'),
  sketch: () => import('./sketch.ts'),
  cohort: () => import('./cohort.ts'),
  engine: () => import('./engine.ts'),
  tick: () => import('./tick.ts'),
  scrape: () => import('./scrape.ts'),
  memory: () => import('./memory.ts'),
  store: () => import('./store.ts'),
  'redis-scale': () => import('./redis-scale.ts'),
  replay: () => import('./replay.ts'),
  'event-stream': () => import('./event-stream.ts'),
  start: () => import('./start.ts'),
  latency: () => import('./latency.ts'),
  spans: () => import('./ingest/spans.ts'),
  metrics: () => import('./ingest/metrics.ts'),
  ack: () => import('./ack.ts'),
  transport: () => import('./transport.ts'),
}

const GROUPS: Readonly<Record<string, readonly string[]>> = { ingest: ['spans', 'metrics'] }

const named = process.argv
  .slice(2)
  .flatMap((argument) => (Object.hasOwn(GROUPS, argument) ? GROUPS[argument] : argument))
  .map((argument) => argument.split('='))
const unknown = named.filter(([name]) => !Object.hasOwn(BENCHES, name)).map(([name]) => name)
if (unknown.length > 0) {
  console.error(
    `no benchmark ${unknown.join(', ')}; there are: ${[...Object.keys(BENCHES), ...Object.keys(GROUPS)].join(', ')}`,
  )
  process.exit(1)
}
for (const [name, size] of named.length > 0 ? named : Object.keys(BENCHES).map((all) => [all])) {
  console.log(`\n== ${name}`)
  const { run } = await BENCHES[name]()
  await (size === undefined ? run() : run(Number(size)))
}
