// Nothing of a rig outlives the process that made it, however that one ends: a shell beside it is told of every server and folder, sees its
// input close when the process is gone (kill -9 included), and then kills and removes what is left.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'

const SCRIPT = `
pids=' '; folders=''
while read -r verb what; do
  case $verb in
    process) pids="$pids$what " ;;
    ended) pids="\${pids%% $what *} \${pids#* $what }" ;;
    folder) folders="$folders $what" ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
for folder in $folders; do rm -rf "$folder"; done
`

let guard: ChildProcess | null = null

/** Kills the process when ours ends, if it has not ended before. */
export function guardProcess(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  tell(`process ${pid}`)
  child.once('exit', () => tell(`ended ${pid}`))
}

/** Removes the folder, whose path has no blanks, when our process ends. */
export function guardFolder(path: string): void {
  tell(`folder ${path}`)
}

function tell(line: string): void {
  guard ??= startGuard()
  guard.stdin?.write(`${line}\n`)
}

/** In a process group of its own, so that the Ctrl-C that ends the tests does not end it. */
function startGuard(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  child.unref()
  const input = child.stdin as Socket | null
  input?.unref()
  return child
}
