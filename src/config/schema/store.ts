// store: where the state is kept.
import { z } from 'zod'
import { flag, oneOf, text, url } from './values.ts'

const REDIS_SCHEMES = ['redis', 'rediss'] as const

const redisTls = z
  .strictObject({
    ca_file: text()
      .optional()
      .describe("File with the authorities that the server's certificate is checked against, PEM."),
    cert_file: text().optional().describe('File with the client certificate, PEM.'),
    key_file: text().optional().describe('File with the private key of the client certificate, PEM.'),
    server_name: text().optional().describe('Name that the certificate must carry, where it is not the host.'),
    insecure_skip_verify: flag().optional().describe('Accept any certificate.'),
  })
  .optional()
  .describe('TLS to Redis; `rediss://` in the URL is enough where the system knows the authority.')

export const DEFAULT_STORE_PATH = './data/cohortd.db'

export const store = z
  .strictObject({
    type: oneOf(['memory', 'sqlite', 'redis'])
      .prefault('sqlite')
      .describe('memory (lost at the end of the process), sqlite (one file) or redis (shared by replicas).'),
    path: text()
      .prefault(DEFAULT_STORE_PATH)
      .describe('sqlite: the file, relative to the working directory; its folder is made.'),
    url: url(REDIS_SCHEMES)
      .optional()
      .describe(
        'redis: the server, as redis://host:port/database. User name and password may stand in it; better are the keys for them, with ${env:NAME}.',
      ),
    cluster: z
      .array(url(REDIS_SCHEMES))
      .min(1)
      .optional()
      .describe('redis: some nodes of a Redis Cluster, instead of url; the others are found through them.'),
    sentinels: z
      .array(url(REDIS_SCHEMES))
      .min(1)
      .optional()
      .describe('redis: the Sentinels, instead of url; needs master.'),
    master: text().optional().describe('redis: name of the master that the Sentinels watch.'),
    username: text().optional().describe('redis: user name.'),
    password: text().optional().describe('redis: password. Never shown.'),
    tls: redisTls,
    key_prefix: text()
      .prefault('cohortd')
      .describe('redis: begins every key, so that several installations can share a server.'),
    replica_id: text()
      .optional()
      .describe(
        'redis: a name of this replica, for people. Where it is the same after a restart (and no other that runs has it), spans that waited for their trace go on waiting after a crash with ack: durable. Writers are told apart by themselves.',
      ),
  })
  .superRefine(checkRedis)
  .prefault({})
  .describe('Where state is kept over restarts and between replicas.')

interface RedisKeys {
  readonly type: string
  readonly url?: string | undefined
  readonly cluster?: readonly string[] | undefined
  readonly sentinels?: readonly string[] | undefined
  readonly master?: string | undefined
  readonly key_prefix?: string | undefined
  readonly tls?: { readonly cert_file?: string | undefined; readonly key_file?: string | undefined } | undefined
}

function checkRedis(given: RedisKeys, context: z.RefinementCtx): void {
  if (given.type !== 'redis') return
  const ways = [given.url, given.cluster, given.sentinels].filter((way) => way !== undefined).length
  if (ways !== 1)
    context.addIssue({
      code: 'custom',
      message: 'exactly one of url, cluster, sentinels beside type: redis',
      params: { about: ['url', 'cluster', 'sentinels'] },
    })
  if (given.sentinels !== undefined && given.master === undefined)
    context.addIssue({
      code: 'custom',
      path: ['master'],
      message: 'the name of the master that the Sentinels watch',
      params: { about: ['sentinels'] },
    })
  if (/[{}]/.test(given.key_prefix ?? ''))
    context.addIssue({
      code: 'custom',
      path: ['key_prefix'],
      message: 'text without { and }, since Redis Cluster reads braces as the part of a key that decides on its slot',
    })
  const { cert_file, key_file } = given.tls ?? {}
  if ((cert_file === undefined) !== (key_file === undefined))
    context.addIssue({
      code: 'custom',
      path: ['tls', cert_file === undefined ? 'cert_file' : 'key_file'],
      message: 'a file, since a client certificate and its key go together',
    })
  checkDatabases(given, context)
}

/** The path of a URL is the number of a database. */
function checkDatabases({ url: single, cluster = [], sentinels = [] }: RedisKeys, context: z.RefinementCtx): void {
  for (const [index, node] of cluster.entries())
    if (/^\/\d*[1-9]/.test(new URL(node).pathname))
      context.addIssue({
        code: 'custom',
        path: ['cluster', index],
        message: 'a URL without a database, since a Redis Cluster has only database 0',
      })
  const named = [
    ...(single === undefined ? [] : [{ path: ['url'], address: single }]),
    ...sentinels.map((address, index) => ({ path: ['sentinels', index], address })),
  ]
  for (const { path, address } of named)
    if (!/^\/?\d*$/.test(new URL(address).pathname))
      context.addIssue({ code: 'custom', path, message: 'a URL that ends with the number of a database, or with none' })
}
