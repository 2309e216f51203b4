// Leases, experiment states, alerts and events in the file. Everything here runs inside a transaction of database.ts.
import type { PublishedEvent } from '../../model/event.ts'
import { inOrderAfter, mustBeEventId } from '../event-order.ts'
import type { CohortAlerts, Publication, PublicationOutcome } from '../port.ts'
import { publicationRefusal } from '../refusals.ts'
import type { Row, Statements } from './statements.ts'

export interface ExperimentState {
  readonly state: string | null
  readonly publicationSequence: number
}

export class PublicationTables {
  readonly #sql: Statements
  readonly #eventLimit: number

  constructor(sql: Statements, eventLimit: number) {
    this.#sql = sql
    this.#eventLimit = eventLimit
  }

  /** Whoever asks is the only one alive, so he gets it. */
  lease(writer: string, experiment: string): number {
    const held = this.#sql.first('SELECT token, writer FROM leases WHERE experiment = ?', [experiment])
    if (held?.[1] === writer) return Number(held[0])
    const token = Number(held?.[0] ?? 0) + 1
    this.#sql.run('INSERT OR REPLACE INTO leases (experiment, token, writer) VALUES (?, ?, ?)', [
      experiment,
      token,
      writer,
    ])
    return token
  }

  release(writer: string, experiment: string): void {
    this.#sql.run('UPDATE leases SET writer = NULL WHERE experiment = ? AND writer = ?', [experiment, writer])
  }

  /** Who holds the lease under this token; null: nobody, or it is not the current one. */
  holder(experiment: string, token: number): string | null {
    const sql = 'SELECT writer FROM leases WHERE experiment = ? AND token = ?'
    return textOrNull(this.#sql.first(sql, [experiment, token])?.[0])
  }

  isCurrent(experiment: string, token: number): boolean {
    return this.#sql.first('SELECT token FROM leases WHERE experiment = ?', [experiment])?.[0] === token
  }

  /** Whether it may be written; null where it may. */
  refusal(publication: Publication, anew: boolean): PublicationOutcome | null {
    const { experiment, token } = publication
    const isCurrent = this.isCurrent(experiment, token)
    return publicationRefusal(publication, { isCurrent, known: this.state(experiment).publicationSequence, anew })
  }

  /** Gives the events as they are kept. */
  write(publication: Publication, options: { readonly anew: boolean; readonly change: number }): PublishedEvent[] {
    const { experiment, sequence, state } = publication
    const { change } = options
    this.#sql.run(
      `INSERT INTO experiments (experiment, state, state_changed, publication, changed) VALUES (?1, ?2, ?3, ?4, ?3)
       ON CONFLICT DO UPDATE SET publication = ?4, changed = ?3, state = coalesce(?2, state),
         state_changed = CASE WHEN ?2 IS NULL THEN state_changed ELSE ?3 END`,
      [experiment, state, change, sequence],
    )
    if (options.anew)
      this.#sql.run('UPDATE alerts SET json = NULL, changed = ? WHERE experiment = ? AND json IS NOT NULL', [
        change,
        experiment,
      ])
    for (const { variant, segmentKey, json } of publication.alerts)
      this.#sql.run(
        'INSERT OR REPLACE INTO alerts (experiment, variant, segment_key, json, changed) VALUES (?, ?, ?, ?, ?)',
        [experiment, variant, segmentKey, json, change],
      )
    return this.#append(publication.events)
  }

  state(experiment: string): ExperimentState {
    const row = this.#sql.first('SELECT state, publication FROM experiments WHERE experiment = ?', [experiment])
    if (row === null) return { state: null, publicationSequence: 0 }
    return { state: textOrNull(row[0]), publicationSequence: Number(row[1]) }
  }

  /** Null: it did not change after the change `since`. */
  changedState(experiment: string, since: number): string | null {
    const sql = 'SELECT state FROM experiments WHERE experiment = ? AND state_changed > ?'
    return textOrNull(this.#sql.first(sql, [experiment, since])?.[0])
  }

  firingAlerts(experiment: string): CohortAlerts[] {
    return this.#sql
      .all('SELECT variant, segment_key, json FROM alerts WHERE experiment = ? AND json IS NOT NULL', [experiment])
      .map(alertsOf)
  }

  changedAlerts(experiment: string, since: number): CohortAlerts[] {
    return this.#sql
      .all('SELECT variant, segment_key, json FROM alerts WHERE experiment = ? AND changed > ?', [experiment, since])
      .map(alertsOf)
  }

  /** Those that stopped are kept for followers of the process that stopped them only. */
  forgetStoppedAlerts(): void {
    this.#sql.run('DELETE FROM alerts WHERE json IS NULL')
  }

  experiments(): string[] {
    return this.#sql.all('SELECT experiment FROM experiments').map(([experiment]) => String(experiment))
  }

  forget(experiment: string): void {
    this.#sql.run('DELETE FROM experiments WHERE experiment = ?', [experiment])
    this.#sql.run('DELETE FROM alerts WHERE experiment = ?', [experiment])
  }

  readEvents(afterId: string | null, limit: number): PublishedEvent[] {
    const [time, number] = afterId === null ? [-1, -1] : eventIdParts(afterId)
    return this.#sql
      .all('SELECT time, number, json FROM events WHERE (time, number) > (?, ?) ORDER BY time, number LIMIT ?', [
        time,
        number,
        Math.max(0, limit),
      ])
      .map(eventOf)
  }

  newestEvents(limit: number): PublishedEvent[] {
    return this.#sql
      .all('SELECT time, number, json FROM events ORDER BY time DESC, number DESC LIMIT ?', [Math.max(0, limit)])
      .map(eventOf)
      .toReversed()
  }

  /** Removes the oldest events beyond the limit. */
  pruneEvents(): void {
    this.#sql.run(
      `DELETE FROM events WHERE (time, number) <=
         (SELECT time, number FROM events ORDER BY time DESC, number DESC LIMIT 1 OFFSET ?)`,
      [this.#eventLimit],
    )
  }

  #append(events: readonly PublishedEvent[]): PublishedEvent[] {
    if (events.length === 0) return []
    const kept = inOrderAfter(this.newestEvents(1)[0]?.id ?? null, events)
    for (const { id, json } of kept)
      this.#sql.run('INSERT INTO events (time, number, json) VALUES (?, ?, ?)', [...eventIdParts(id), json])
    this.pruneEvents()
    return kept
  }
}

function eventOf([time, number, json]: Row): PublishedEvent {
  return { id: `${String(time)}-${String(number)}`, json: String(json) }
}

function eventIdParts(id: string): [number, number] {
  mustBeEventId(id)
  const dash = id.indexOf('-')
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))]
}

function alertsOf([variant, segmentKey, json]: Row): CohortAlerts {
  return { variant: String(variant), segmentKey: String(segmentKey), json: textOrNull(json) }
}

function textOrNull(value: Row[number] | undefined): string | null {
  return value === null || value === undefined ? null : String(value)
}
