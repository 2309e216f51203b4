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
    url: url(REDIS_SCHEMES).optional().describe('redis: the server, as redis://host:port/database.'),
    cluster: z
      .array(url(REDIS_SCHEMES))
      .min(1)
      .optional()
      .describe('redis: some nodes of a Redis Cluster, instead of url.'),
    sentinels: z
      .array(url(REDIS_SCHEMES))
      .min(1)
      .optional()
      .describe('redis: the Sentinels, instead of url; needs master.'),
    master: text().optional().describe('redis: name of the master that the Sentinels watch.'),
    username: text().optional().describe('redis: user name.'),
    password: text().optional().describe('redis: password.'),
    tls: redisTls,
    key_prefix: text()
      .prefault('cohortd')
      .describe('redis: begins every key, so that several daemons can share a server.'),
    replica_id: text().optional().describe('A name of this replica for people; writers are told apart by themselves.'),
  })
  .superRefine(checkRedis)
  .prefault({})
  .describe('Where state is kept over restarts and between replicas.')

interface RedisAddress {
  readonly type: string
  readonly url?: string | undefined
  readonly cluster?: readonly string[] | undefined
  readonly sentinels?: readonly string[] | undefined
  readonly master?: string | undefined
}

function checkRedis(given: RedisAddress, context: z.RefinementCtx): void {
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
}
