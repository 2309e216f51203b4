// One experiment as an archive tells it, put together from its lines.
import type { CohortAlerts, WriterRow } from '../store/port.ts'
import type { ContentLine } from './format.ts'
import type { ArchivedWriter } from './stage.ts'

export class ArchivedExperiment {
  readonly experiment: string
  readonly state: string | null
  readonly publicationSequence: number
  readonly writers: ArchivedWriter[] = []
  readonly rows: WriterRow[] = []
  readonly alerts: CohortAlerts[] = []

  constructor(line: ContentLine & { type: 'experiment' }) {
    this.experiment = line.experiment
    this.state = line.state
    this.publicationSequence = line.publication_sequence
  }

  /** Takes a line that stands below the experiment's own. */
  add(line: ContentLine & { type: 'writer' | 'row' | 'alerts' }): void {
    if (line.type === 'writer') {
      const { writer, sequence, sealed_minute: sealedMinute, retired } = line
      this.writers.push({ writer, sequence, sealedMinute, retired })
    } else if (line.type === 'row') {
      const { writer, variant, segment_key: segmentKey, slice, newest_second: newestSecond } = line
      // A copy of its own: stores may hand it to a thread, and Buffer shares its memory.
      const bytes = new Uint8Array(Buffer.from(line.bytes, 'base64'))
      this.rows.push({ writer, variant, segmentKey, slice, newestSecond, bytes })
    } else {
      this.alerts.push({ variant: line.variant, segmentKey: line.segment_key, json: line.json })
    }
  }
}
