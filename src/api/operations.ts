// The API as data: every call, its parameters and its answers. The server registers its routes from this list and the
// OpenAPI document and the reference page are made of it, so none of them can know a call that the others do not.
import type { Schema } from './schemas.ts'

export interface ApiParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly schema: Schema
}

export interface ApiAnswer {
  readonly status: number
  readonly description: string
  readonly contentType: string
  /** Name of a schema; null: the body is not JSON. */
  readonly schema: string | null
}

export interface ApiOperation {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With parameters in braces. */
  readonly path: string
  readonly summary: string
  readonly parameters: readonly ApiParameter[]
  /** Empty for a call of a later version: it answers 501. */
  readonly answers: readonly ApiAnswer[]
}

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'

const experimentId: ApiParameter = {
  name: 'id',
  in: 'path',
  description: 'Id of the experiment, percent-encoded (a slash is %2F).',
  schema: { type: 'string' },
}
const variantName: ApiParameter = {
  name: 'variant',
  in: 'path',
  description: 'Name of the variant, percent-encoded.',
  schema: { type: 'string' },
}
const EVENT_ID = { type: 'string', pattern: '^[0-9]{1,15}-[0-9]{1,9}$' }

/** Bounds of a page of events. */
export const EVENT_PAGE = { defaultLimit: 100, maxLimit: 1000 } as const

function ok(schema: string, description: string): ApiAnswer {
  return { status: 200, description, contentType: JSON_TYPE, schema }
}

function bad(status: number, description: string): ApiAnswer {
  return { status, description, contentType: PROBLEM_TYPE, schema: 'Problem' }
}

const LOADING = bad(503, 'What is stored is still being loaded.')

const ACTIVE = [
  {
    id: 'listExperiments',
    method: 'GET',
    path: '/api/v1/experiments',
    summary: 'All experiments with the verdict on each variant.',
    parameters: [],
    answers: [ok('ExperimentList', 'The experiments.'), LOADING],
  },
  {
    id: 'getExperiment',
    method: 'GET',
    path: '/api/v1/experiments/{id}',
    summary:
      'Full report of an experiment: cohorts, SLIs by window, percentiles, burn rates, alerts, verdicts, warnings.',
    parameters: [experimentId],
    answers: [ok('ExperimentReport', 'The report.'), bad(404, 'Nothing is known of such an experiment.'), LOADING],
  },
  {
    id: 'getVerdict',
    method: 'GET',
    path: '/api/v1/experiments/{id}/variants/{variant}/verdict',
    summary: 'The verdict on a variant, for pipelines. A name never seen is answered too: hold, with the reason.',
    parameters: [experimentId, variantName],
    answers: [ok('VerdictAnswer', 'The verdict, whether or not the names are known.')],
  },
  {
    id: 'listAlerts',
    method: 'GET',
    path: '/api/v1/alerts',
    summary: 'Burn alerts that fire now.',
    parameters: [],
    answers: [ok('AlertList', 'The alerts.'), LOADING],
  },
  {
    id: 'listEvents',
    method: 'GET',
    path: '/api/v1/events',
    summary: 'A page of the event log, oldest first.',
    parameters: [
      {
        name: 'after',
        in: 'query',
        description: 'Id of the event after which the page begins; without it, the oldest event kept.',
        schema: EVENT_ID,
      },
      {
        name: 'limit',
        in: 'query',
        description: 'Most events to give.',
        schema: { type: 'integer', minimum: 1, maximum: EVENT_PAGE.maxLimit, default: EVENT_PAGE.defaultLimit },
      },
    ],
    answers: [ok('EventPage', 'The page.'), bad(400, 'A parameter is not of its form.')],
  },
  {
    id: 'streamEvents',
    method: 'GET',
    path: '/api/v1/events/stream',
    summary:
      'Events as they happen (server-sent events: id and data lines, a comment every 15 s). With the id of the last event seen, what came after it is sent first; without, only what is new.',
    parameters: [
      {
        name: 'Last-Event-ID',
        in: 'header',
        description: 'Id of the last event seen. One that the log no longer has is answered by cohortd.stream.resync.',
        schema: { type: 'string' },
      },
      {
        name: 'last_event_id',
        in: 'query',
        description: 'The same for clients that cannot set a header; the header goes first.',
        schema: { type: 'string' },
      },
    ],
    answers: [
      {
        status: 200,
        description: 'The stream; each data line is an Event.',
        contentType: 'text/event-stream',
        schema: null,
      },
      bad(503, 'Too many streams are open.'),
    ],
  },
  {
    id: 'getMetrics',
    method: 'GET',
    path: '/metrics',
    summary:
      'Metrics for Prometheus: text 0.0.4, or OpenMetrics 1.0 where Accept prefers it; gzip where Accept-Encoding asks.',
    parameters: [],
    answers: [
      { status: 200, description: 'The metrics.', contentType: 'text/plain', schema: null },
      bad(503, 'Too many scrapes at once.'),
    ],
  },
  {
    id: 'getHealth',
    method: 'GET',
    path: '/healthz',
    summary: 'Whether the daemon does its work.',
    parameters: [],
    answers: [
      ok('Health', 'It does.'),
      { status: 503, description: 'It does not; `problems` says why.', contentType: JSON_TYPE, schema: 'Health' },
    ],
  },
  {
    id: 'getReadiness',
    method: 'GET',
    path: '/readyz',
    summary:
      'Whether requests should come here: 503 while what is stored is being loaded, and where nothing can be acknowledged durably.',
    parameters: [],
    answers: [
      ok('Readiness', 'It does.'),
      {
        status: 503,
        description: 'Not yet, or not any more; `not_ready` says why.',
        contentType: JSON_TYPE,
        schema: 'Readiness',
      },
    ],
  },
  {
    id: 'getOpenApi',
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This description.',
    parameters: [],
    answers: [{ status: 200, description: 'The OpenAPI 3.1 document.', contentType: JSON_TYPE, schema: null }],
  },
  {
    id: 'getIndex',
    method: 'GET',
    path: '/',
    summary: 'A page with links to the above.',
    parameters: [],
    answers: [{ status: 200, description: 'The page.', contentType: 'text/html', schema: null }],
  },
] as const satisfies readonly ApiOperation[]

/** Ids of the calls that this version answers. */
export type ActiveOperationId = (typeof ACTIVE)[number]['id']
export const ACTIVE_OPERATIONS: readonly (ApiOperation & { readonly id: ActiveOperationId })[] = ACTIVE

const silenceId: ApiParameter = {
  name: 'id',
  in: 'path',
  description: 'Id of the silence.',
  schema: { type: 'string' },
}

function later(id: string, method: ApiOperation['method'], path: string, summary: string): ApiOperation {
  const parameters = path.includes('{id}') ? [path.includes('/experiments/') ? experimentId : silenceId] : []
  return { id, method, path, summary, parameters, answers: [] }
}

/** Calls that are reserved for later versions. */
export const LATER_OPERATIONS: readonly ApiOperation[] = [
  later('concludeExperiment', 'POST', '/api/v1/experiments/{id}/conclude', 'Ends an experiment by hand.'),
  later('rollBackExperiment', 'POST', '/api/v1/experiments/{id}/rollback', 'Asks for a rollback by hand.'),
  later('annotateExperiment', 'POST', '/api/v1/experiments/{id}/annotations', 'Adds a note to an experiment.'),
  later('createSilence', 'POST', '/api/v1/silences', 'Suppresses alerts for a while.'),
  later('listSilences', 'GET', '/api/v1/silences', 'What is suppressed.'),
  later('deleteSilence', 'DELETE', '/api/v1/silences/{id}', 'Ends a suppression.'),
  later('query', 'GET', '/api/v1/query', "The subset of Prometheus' instant query that deployment controllers need."),
  later('queryByPost', 'POST', '/api/v1/query', 'The same with a form body.'),
  later('flaggerContinue', 'POST', '/gates/flagger/continue', 'Flagger webhook: 200 to go on, 409 to wait.'),
  later('flaggerRollback', 'POST', '/gates/flagger/rollback', 'Flagger webhook: 200 to roll back, 409 not to.'),
]

export const OPERATIONS: readonly ApiOperation[] = [...ACTIVE_OPERATIONS, ...LATER_OPERATIONS]
