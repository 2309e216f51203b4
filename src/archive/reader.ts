// Reads an archive line by line and checks all that can be checked without a store: shapes, order, counts, checksum. Import reads twice:
// once to the end for the checks alone, then again to write, so that a bad file changes nothing.
import { createHash } from 'node:crypto'
import { compareEventIds } from '../model/event.ts'
import {
  ARCHIVE_VERSION,
  type ArchiveCounts,
  type ArchiveHead,
  type ArchiveLine,
  type ContentLine,
  headSchema,
  LineCounter,
  lineSchema,
} from './format.ts'
import { ArchiveError, type NumberedLine, readLines } from './lines.ts'

const ANOTHER_COPY = 'import another copy, or export again'

/** The lines between the first and the last of a file, all checked once the generator has come to its end. Throws ArchiveError. */
export async function* readArchive(path: string): AsyncGenerator<ContentLine> {
  const order = new LineOrder()
  const counter = new LineCounter()
  const hash = createHash('sha256')
  let at = 0
  let ended = false
  for await (const line of readLines(path)) {
    at = line.number
    if (at === 1) {
      readHead(line)
      continue
    }
    if (ended) throw wrong(at, 'stands after the end line', 'one file holds one archive; import each by itself')
    const content = readLine(line)
    if (content.type === 'end') {
      compareCounts(at, content.counts, counter.counts)
      if (content.sha256 !== hash.digest('hex'))
        throw wrong(at, 'the checksum is not that of the lines above: something in them was changed', ANOTHER_COPY)
      ended = true
      continue
    }
    order.check(at, content)
    counter.add(content.type)
    hash.update(line.bytes).update('\n')
    yield content
  }
  if (at === 0) throw new ArchiveError('the file is empty; was the export interrupted? export again')
  if (!ended) throw wrong(at, 'the file stops here, without an end line: it was cut off', ANOTHER_COPY)
}

/** Reads the whole file for the checks alone, and gives what it holds. Throws ArchiveError. */
export async function checkArchive(path: string): Promise<{ counts: ArchiveCounts; experiments: string[] }> {
  const counter = new LineCounter()
  const experiments: string[] = []
  for await (const line of readArchive(path)) {
    counter.add(line.type)
    if (line.type === 'experiment') experiments.push(line.experiment)
  }
  return { counts: counter.counts, experiments }
}

function readHead(line: NumberedLine): ArchiveHead {
  const parsed = headSchema.safeParse(parseJson(line))
  if (!parsed.success)
    throw wrong(1, 'is not the first line of an archive', 'name a file that `cohortd export` has written')
  const { version, cohortd } = parsed.data
  if (version !== ARCHIVE_VERSION)
    throw wrong(
      1,
      `is of version ${version} of the format (written by cohortd ${cohortd}); this cohortd reads version ${ARCHIVE_VERSION}`,
      `import it with cohortd ${cohortd}, or export it anew with this one`,
    )
  return parsed.data
}

function readLine(line: NumberedLine): ArchiveLine {
  const parsed = lineSchema.safeParse(parseJson(line))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  throw wrong(line.number, `is no line of an archive: ${place}${issue.message}`, ANOTHER_COPY)
}

function parseJson({ number, bytes, ended }: NumberedLine): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    if (!ended) throw wrong(number, 'the file stops in the middle of it: it was cut off', ANOTHER_COPY)
    throw wrong(number, 'is not JSON', ANOTHER_COPY)
  }
}

function compareCounts(at: number, told: ArchiveCounts, found: ArchiveCounts): void {
  for (const kind of Object.keys(found) as (keyof ArchiveCounts)[])
    if (told[kind] !== found[kind])
      throw wrong(at, `tells of ${told[kind]} ${kind}, the file has ${found[kind]}: lines are missing`, ANOTHER_COPY)
}

/** Lines belong together: rows to a writer, writers and alerts to the experiment above them; nothing is there twice. */
class LineOrder {
  readonly #experiments = new Set<string>()
  readonly #writers = new Set<string>()
  readonly #keys = new Set<string>()
  #current: string | null = null
  #lastEventId: string | null = null

  check(at: number, line: ContentLine): void {
    if (line.type === 'event' || line.type === 'record') this.#checkBefore(at, line)
    else if (line.type === 'experiment') this.#begin(at, line.experiment)
    else this.#checkWithin(at, line)
  }

  #checkBefore(at: number, line: ContentLine & { type: 'event' | 'record' }): void {
    if (this.#current !== null) throw wrong(at, `${line.type} lines stand before the experiments`, ANOTHER_COPY)
    if (line.type === 'record') return this.#checkUnique(at, `record ${line.kind} ${line.id}`)
    if (this.#lastEventId !== null && compareEventIds(line.id, this.#lastEventId) <= 0)
      throw wrong(at, `event ${line.id} is not newer than the one above it`, ANOTHER_COPY)
    this.#lastEventId = line.id
  }

  #begin(at: number, experiment: string): void {
    if (this.#experiments.has(experiment)) throw wrong(at, `experiment ${experiment} is there twice`, ANOTHER_COPY)
    this.#experiments.add(experiment)
    this.#current = experiment
    this.#writers.clear()
    this.#keys.clear()
  }

  #checkWithin(at: number, line: ContentLine & { type: 'writer' | 'row' | 'alerts' }): void {
    if (line.experiment !== this.#current)
      throw wrong(at, `is of experiment ${line.experiment}, but stands below ${this.#current}`, ANOTHER_COPY)
    if (line.type === 'writer') {
      this.#checkUnique(at, `writer ${line.writer}`)
      this.#writers.add(line.writer)
    } else if (line.type === 'alerts') this.#checkUnique(at, JSON.stringify(['alerts', line.variant, line.segment_key]))
    else {
      if (!this.#writers.has(line.writer))
        throw wrong(at, `is a row of writer ${line.writer}, whose own line is missing`, ANOTHER_COPY)
      this.#checkUnique(at, JSON.stringify([line.writer, line.variant, line.segment_key, line.slice]))
    }
  }

  #checkUnique(at: number, key: string): void {
    if (this.#keys.has(key)) throw wrong(at, `repeats an earlier line (${key})`, ANOTHER_COPY)
    this.#keys.add(key)
  }
}

function wrong(at: number, what: string, remedy: string): ArchiveError {
  return new ArchiveError(`line ${at}: ${what}; ${remedy}`)
}
