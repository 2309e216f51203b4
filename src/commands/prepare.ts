// Loads what the daemon loads without starting it: run once after an installation in a checkout, to fill the compile cache.
await Promise.all([import('./serve.ts'), import('./check.ts'), import('../store/sqlite/store.ts')])
// A thread's entry finds nobody to talk to here; by then it is compiled.
await import('../store/sqlite/worker.ts').catch(() => null)
process.argv.splice(2, Infinity, '--version')
await import('../main.ts')
