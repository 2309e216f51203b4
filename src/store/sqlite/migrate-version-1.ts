// From version 1 of the file, which held one snapshot of each cohort, to rows by writer and slice. A snapshot is the partial of
// all of the cohort's slices in the layout that a history has today (engine/state.ts, slices/codec.ts: both kept their version),
// so it becomes, byte for byte, the HISTORY row of a writer of the name 'v1' that is retired: counts, percentiles and firing
// alerts go on exactly. What is left behind is the engine's own record: up to when it had evaluated.
import type { DatabaseSync } from 'node:sqlite'
import { HISTORY } from '../port.ts'

const WRITER = 'v1'
const NAME_PREFIX_BYTES = 2
const LENGTH_PREFIX_BYTES = 4
/** Version and flags. */
const PARTIAL_HEAD_BYTES = 2

/** Makes room for tables of the same names. */
export function setVersion1Aside(database: DatabaseSync): void {
  database.exec(`
    DROP TABLE schema_version;
    DROP TABLE engine;
    ALTER TABLE experiments RENAME TO version_1_experiments;
    ALTER TABLE cohorts RENAME TO version_1_cohorts;
  `)
}

/** Fills the tables of today and drops those that were set aside. Events lie in their table as they did. */
export function moveFromVersion1(database: DatabaseSync): void {
  database.exec(`
    INSERT INTO experiments (experiment, state, state_changed, publication, changed)
      SELECT id, json, 1, 1, 1 FROM version_1_experiments;
    INSERT INTO writers (experiment, writer, name, sequence, sealed_minute, retired, changed)
      SELECT DISTINCT experiment, '${WRITER}', NULL, 1, -1, 1, 1 FROM version_1_cohorts;
    INSERT INTO alerts (experiment, variant, segment_key, json, changed)
      SELECT experiment, variant, segment_key, alerts, 1 FROM version_1_cohorts WHERE alerts <> '[]';
  `)
  moveCohorts(database)
  database.exec('DROP TABLE version_1_experiments; DROP TABLE version_1_cohorts')
}

function moveCohorts(database: DatabaseSync): void {
  const insert = database.prepare(`
    INSERT INTO partials (writer_id, slice, variant, segment_key, newest_second, changed, bytes)
    SELECT id, ?, ?, ?, ?, 1, ? FROM writers WHERE experiment = ? AND writer = '${WRITER}'`)
  const cohorts = database.prepare('SELECT experiment, variant, segment_key, partial FROM version_1_cohorts')
  for (const { experiment, variant, segment_key, partial } of cohorts.iterate())
    if (partial instanceof Uint8Array && partial.length > 0)
      insert.run(HISTORY, variant, segment_key, newestSecond(partial), partial, experiment)
}

/**
 * The newest second that any SLI of the snapshot counts: the first number of each SLI's partial. Where the bytes are not what
 * they should be, what was found until there; 0 lets the retention have the row, which nobody could read.
 */
export function newestSecond(snapshot: Uint8Array): number {
  const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength)
  let newest = 0
  let at = 0
  try {
    while (at < snapshot.length) {
      at += NAME_PREFIX_BYTES + view.getUint16(at, true)
      const length = view.getUint32(at, true)
      at += LENGTH_PREFIX_BYTES
      newest = Math.max(newest, varintAt(view, at + PARTIAL_HEAD_BYTES))
      at += length
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return newest
}

/** Seven bits a byte, lowest first, the eighth saying that more follow. */
function varintAt(view: DataView, start: number): number {
  let value = 0
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    const byte = view.getUint8(at)
    value += (byte & 127) * scale
    if (byte < 128) return value
  }
}
