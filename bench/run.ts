// `npm run bench`: every benchmark, or those named: npm run bench -- sketch tick
const BENCHES: Readonly<Record<string, () => Promise<{ readonly run: () => void | Promise<void> }>>> = {
  decode: () => import('./decode.ts'),
  sketch: () => import('./sketch.ts'),
  cohort: () => import('./cohort.ts'),
  engine: () => import('./engine.ts'),
  tick: () => import('./tick.ts'),
  scrape: () => import('./scrape.ts'),
  memory: () => import('./memory.ts'),
  store: () => import('./store.ts'),
  replay: () => import('./replay.ts'),
  'event-stream': () => import('./event-stream.ts'),
  start: () => import('./start.ts'),
  latency: () => import('./latency.ts'),
  ingest: () => import('./ingest.ts'),
  ack: () => import('./ack.ts'),
  transport: () => import('./transport.ts'),
}

const named = process.argv.slice(2)
const unknown = named.filter((name) => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(1)
}
for (const name of named.length > 0 ? named : Object.keys(BENCHES)) {
  console.log(`\n== ${name}`)
  const { run } = await BENCHES[name]()
  await run()
}
