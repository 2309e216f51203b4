// What SQLite's result codes mean to the person who runs the daemon, and what to do about each.
// Codes: https://www.sqlite.org/rescode.html
import { StoreError } from '../port.ts'

const REMEDIES: ReadonlyMap<number, (file: string) => string> = new Map([
  [5, inUse],
  [6, inUse],
  [8, (file) => `${file} cannot be written (read-only); give this user the right to write it and its directory`],
  [
    10,
    (file) =>
      `reading or writing ${file} failed; the disk or file system under it is in trouble (see the system's log), or it is a network file system, which SQLite cannot use`,
  ],
  [11, (file) => `${file} is damaged; move it away to begin anew, or put a backup in its place`],
  [
    13,
    (file) =>
      `there is no space left to write ${file}; free some on that device. What is stored so far is whole, and writing goes on by itself once there is space`,
  ],
  [
    14,
    (file) =>
      `${file} cannot be opened; it must be a file (or not exist yet) in a directory that this user may write to`,
  ],
  [26, (file) => `${file} is not a SQLite database; name another file in store.path, or move this one away`],
])

function inUse(file: string): string {
  return `${file} is in use by another process, most likely another cohortd; stop that one, or give this one its own store.path`
}

/** A StoreError that names the file, says what is wrong in plain words, and keeps the original as its cause. */
export function explainSqliteError(error: unknown, file: string): StoreError {
  if (error instanceof StoreError) return error
  const remedy = REMEDIES.get(resultCode(error) & 0xff)
  const original = error instanceof Error ? error.message : String(error)
  const text = remedy === undefined ? `the store ${file} failed` : `the store ${remedy(file)}`
  return new StoreError(`${text} (${original})`, { cause: error })
}

/** The same for a directory that could not be made. */
export function explainDirectoryError(error: unknown, directory: string): StoreError {
  const original = error instanceof Error ? error.message : String(error)
  return new StoreError(
    `the store's directory ${directory} cannot be made; name another in store.path, or make it and give this user the right to write to it (${original})`,
    { cause: error },
  )
}

/** Whether somebody else has the file. */
export function isInUse(error: unknown): boolean {
  return REMEDIES.get(resultCode(error) & 0xff) === inUse
}

function resultCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0
}
