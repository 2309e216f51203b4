// What a person sees who opens the file with the sqlite3 tool: names joined, times in UTC, no blobs. Described in
// docs/reference/store-sqlite.md; nothing in the program reads them.

/** Segment values are joined by NUL, at which the tool would stop to print and replace() to look; as JSON it is an escape. */
const SEGMENTS = `json_extract('[' || replace(json_quote(segment_key), '\\u0000', '/') || ']', '$[0]')`

const MINUTE = "strftime('%Y-%m-%dT%H:%MZ', slice * 60, 'unixepoch')"

function utc(milliseconds: string): string {
  return `strftime('%Y-%m-%dT%H:%M:%fZ', ${milliseconds} / 1000.0, 'unixepoch')`
}

export const VIEWS = `
  CREATE VIEW v_experiments AS
    SELECT experiment, publication, state, token AS lease_token, leases.writer AS lease_writer
    FROM experiments LEFT JOIN leases USING (experiment);
  CREATE VIEW v_writers AS
    SELECT experiment, writer, name, sequence,
      CASE WHEN sealed_minute >= 0 THEN strftime('%Y-%m-%dT%H:%MZ', sealed_minute * 60, 'unixepoch') END AS sealed_minute,
      retired, heir, (SELECT count(*) FROM partials WHERE writer_id = writers.id) AS partials
    FROM writers;
  CREATE VIEW v_partials AS
    SELECT experiment, variant, ${SEGMENTS} AS segments,
      CASE slice WHEN -1 THEN 'history' ELSE ${MINUTE} END AS slice,
      writer, strftime('%Y-%m-%dT%H:%M:%SZ', newest_second, 'unixepoch') AS newest, length(bytes) AS bytes
    FROM partials JOIN writers ON writers.id = partials.writer_id;
  CREATE VIEW v_cohorts AS
    SELECT experiment, variant, ${SEGMENTS} AS segments, count(DISTINCT writer_id) AS writers, count(*) AS partials,
      sum(length(bytes)) AS bytes, strftime('%Y-%m-%dT%H:%M:%SZ', max(newest_second), 'unixepoch') AS newest
    FROM partials JOIN writers ON writers.id = partials.writer_id GROUP BY experiment, variant, segment_key;
  CREATE VIEW v_alerts AS
    SELECT experiment, variant, ${SEGMENTS} AS segments, json_extract(alert.value, '$.slo') AS slo,
      json_extract(alert.value, '$.severity') AS severity,
      ${utc("json_extract(alert.value, '$.sinceMs')")} AS since, alert.value AS json
    FROM alerts, json_each(alerts.json) AS alert WHERE alerts.json IS NOT NULL;
  CREATE VIEW v_events AS
    SELECT time || '-' || number AS id, ${utc('time')} AS time, json_extract(json, '$.type') AS type,
      json_extract(json, '$.subject') AS subject, json
    FROM events ORDER BY events.time, number;
  CREATE VIEW v_requests AS
    SELECT value AS identity, nullif(experiment, '') AS experiment, ${utc('committed_ms')} AS committed
    FROM requests, json_each(identities);
  CREATE VIEW v_journal AS
    SELECT writer, number, ${utc('committed_ms')} AS committed, length(bytes) AS bytes FROM journal;
  CREATE VIEW v_records AS
    SELECT kind, id, ${utc('until_ms')} AS until, json FROM records;
`
