// `cohortd watch`: the event stream in the terminal.
import { parseArgs } from 'node:util'
import { isEventId } from '../model/event.ts'
import { interruption, processTerminal, type Surroundings, type Terminal } from '../runtime/terminal.ts'
import { ApiError, apiBase, DEFAULT_API } from '../watch/api.ts'
import { renderEvent } from '../watch/render.ts'
import { followEvents, type StreamNews } from '../watch/stream.ts'

export const WATCH_HELP = `cohortd watch [--api URL] [--json] [--after ID]

Follows the daemon's events until it is interrupted, and goes on where it was when the connection is lost.

  --api URL    the daemon's API (default ${DEFAULT_API})
  --json       print each event as it came, one JSON document a line
  --after ID   begin after this event instead of with the next one; 0-0: with the oldest that is kept
  --help       this text
`

/** Runs the command with its arguments; 0 when interrupted, 1 when there is nothing to follow or the arguments are wrong. */
export async function watchCommand(
  args: readonly string[],
  { terminal = processTerminal, signal }: Surroundings = {},
): Promise<number> {
  const interrupted = signal === undefined ? interruption() : { signal, release: () => {} }
  try {
    const options = readArguments(args)
    if (options === null) {
      terminal.out(WATCH_HELP)
      return 0
    }
    terminal.err(`following ${options.api}\n`)
    for await (const news of followEvents({ ...options, signal: interrupted.signal }))
      tell(news, options.json, terminal)
    return 0
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    terminal.err(`${error.message}\n`)
    return 1
  } finally {
    interrupted.release()
  }
}

function readArguments(args: readonly string[]): { api: string; json: boolean; after: string | null } | null {
  let values: { api?: string; json?: boolean; after?: string; help?: boolean }
  try {
    const string = { type: 'string' } as const
    const boolean = { type: 'boolean' } as const
    ;({ values } = parseArgs({
      args: [...args],
      options: { api: string, json: boolean, after: string, help: boolean },
    }))
  } catch (error) {
    throw new ApiError(`${(error as Error).message}; see cohortd watch --help`)
  }
  if (values.help === true) return null
  const after = values.after ?? null
  if (after !== null && !isEventId(after))
    throw new ApiError(`--after ${after}: an event id looks like 1764000000000-0`)
  return { api: apiBase(values.api ?? DEFAULT_API), json: values.json ?? false, after }
}

function tell(news: StreamNews, json: boolean, terminal: Terminal): void {
  if (news.kind === 'event') terminal.out(`${json ? news.json : renderEvent(news.json)}\n`)
  else if (news.kind === 'connected')
    terminal.err(news.after === null ? 'connected\n' : `connected, resuming after ${news.after}\n`)
  else terminal.err(`${news.reason}; next attempt in ${(news.retryMs / 1000).toFixed(1)} s\n`)
}
