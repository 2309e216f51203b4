// Tells when the configuration file has another text than before. The directory is watched, not the file: editors and deployments put a
// new file in the place of the old one, which a watch on the file would lose.
import { readFileSync, watch } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { after } from '../runtime/clock.ts'

/** What is still being written is left alone for so long. */
const CALM_MS = 250
/** In a mounted ConfigMap the file is a link into a directory of this name, which is exchanged. */
const CONFIG_MAP_LINK = '..data'

export interface FileWatch {
  /** A path, absolute or from the working directory. */
  readonly file: string
  readonly onChange: () => void
  /** The system does not let it be watched, or no longer. */
  readonly onFailure: (reason: string) => void
}

/** Begins to watch; the returned function ends it. A file that is missing for a while is no change. */
export function watchFile({ file, onChange, onFailure }: FileWatch): () => void {
  const path = resolve(file)
  const names: readonly (string | null)[] = [basename(path), CONFIG_MAP_LINK, null]
  let known = textOf(path)
  let cancel = (): void => {}
  const look = (): void => {
    const text = textOf(path)
    if (text === null || text === known) return
    known = text
    onChange()
  }
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (!names.includes(name)) return
      cancel()
      cancel = after(CALM_MS, look)
    })
    watcher.on('error', (error: Error) => {
      watcher.close()
      onFailure(error.message)
    })
    return () => {
      cancel()
      watcher.close()
    }
  } catch (error) {
    onFailure((error as Error).message)
    return () => {}
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
