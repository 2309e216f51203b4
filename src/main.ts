// The command line: which command, its help, and how it ends. Commands load what they need themselves, so each starts fast.

import { EXIT, UsageError } from './commands/usage.ts'
import { after } from './runtime/clock.ts'
import { processTerminal } from './runtime/terminal.ts'

const HELP = `cohortd [COMMAND] [OPTIONS]

Tells within seconds whether a variant of an experiment hurts people: OTLP in, per-variant SLIs, burn rates and alerts out.

  serve     the daemon (the default command)
  check     validates the configuration and says what it understood
  replay    runs recorded OTLP through the engine; events and the final report as JSON lines
  export    all state as lines of JSON: backup, move to another store, archive of an experiment
  import    what export has written, into a store
  import openslo FILE
            a configuration made of OpenSLO documents
  rules prometheus
            a Prometheus rule file for the configured policies
  gate      a verdict for a pipeline, as an exit code
  watch     follows events in the terminal
  demo      a live experiment whose treatment gets worse, and the alert
  schema    JSON Schema of the configuration

cohortd COMMAND --help tells more. cohortd --version prints the version.
`

/** How long what was stopped may take to let go. */
const EXIT_GRACE_MS = 500

type Command = { readonly help: string; run(args: readonly string[]): number | Promise<number> }

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<Command>>> = {
  serve: async () => {
    const { SERVE_HELP, serveCommand } = await import('./commands/serve.ts')
    return { help: SERVE_HELP, run: (args) => serveCommand(args, processTerminal) }
  },
  check: async () => {
    const { CHECK_HELP, checkCommand } = await import('./commands/check.ts')
    return { help: CHECK_HELP, run: (args) => checkCommand(args, processTerminal) }
  },
  replay: async () => {
    const { REPLAY_HELP, replayCommand } = await import('./commands/replay.ts')
    return { help: REPLAY_HELP, run: (args) => replayCommand(args, processTerminal) }
  },
  export: async () => {
    const { EXPORT_HELP, exportCommand } = await import('./commands/export.ts')
    return { help: EXPORT_HELP, run: (args) => exportCommand(args, processTerminal) }
  },
  import: async ([first]) => {
    if (first === 'openslo') {
      const { IMPORT_OPENSLO_HELP, importOpensloCommand } = await import('./commands/import-openslo.ts')
      return { help: IMPORT_OPENSLO_HELP, run: (args) => importOpensloCommand(args.slice(1), processTerminal) }
    }
    const { IMPORT_HELP, importCommand } = await import('./commands/import.ts')
    return { help: IMPORT_HELP, run: (args) => importCommand(args, processTerminal) }
  },
  rules: async () => {
    const { RULES_HELP, rulesCommand } = await import('./commands/rules.ts')
    return { help: RULES_HELP, run: (args) => rulesCommand(args, processTerminal) }
  },
  gate: async () => {
    const { GATE_HELP, gateCommand } = await import('./commands/gate.ts')
    return { help: GATE_HELP, run: (args) => gateCommand(args) }
  },
  watch: async () => {
    const { WATCH_HELP, watchCommand } = await import('./commands/watch.ts')
    return { help: WATCH_HELP, run: (args) => watchCommand(args) }
  },
  demo: async () => {
    const { DEMO_HELP, demoCommand } = await import('./demo/demo.ts')
    return { help: DEMO_HELP, run: (args) => demoCommand(args) }
  },
  schema: async () => {
    const { SCHEMA_HELP, schemaCommand } = await import('./commands/check.ts')
    return { help: SCHEMA_HELP, run: (args) => schemaCommand(args, processTerminal) }
  },
}

async function main(args: readonly string[]): Promise<number> {
  const [first] = args
  if (first === '--version' || first === '-v') {
    const { packageVersion } = await import('./commands/version.ts')
    processTerminal.out(`${packageVersion()}\n`)
    return EXIT.ok
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    processTerminal.out(HELP)
    return EXIT.ok
  }
  const named = first !== undefined && !first.startsWith('-')
  const load = COMMANDS[named ? first : 'serve']
  if (load === undefined || !Object.hasOwn(COMMANDS, named ? first : 'serve')) {
    processTerminal.err(`unknown command ${first}\n\n${HELP}`)
    return EXIT.failure
  }
  const rest = named ? args.slice(1) : args
  return await run(await load(rest), rest)
}

async function run(command: Command, args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    processTerminal.out(command.help)
    return EXIT.ok
  }
  try {
    return await command.run(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    processTerminal.err(`${error.message}\n\n${command.help}`)
    return EXIT.failure
  }
}

// A reader that went away (`cohortd replay ... | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failure)
})

process.exitCode = await main(process.argv.slice(2))
// What still holds the process by now is stuck, such as a thread in a system call that does not return.
after(EXIT_GRACE_MS, () => process.exit())
