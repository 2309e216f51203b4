// The configuration after loading: every default filled in, durations in milliseconds (windows in seconds), endpoints split.
import type { Matcher } from './matcher.ts'
import type { Sli, Slo } from './slo.ts'

/** Where a (experiment, variant) pair is found on a record. */
export type TagRule =
  | {
      readonly kind: 'pair'
      readonly experiment: string /** The first present counts. */
      readonly variant: readonly string[]
    }
  | { readonly kind: 'prefix'; readonly prefix: string }

/** A variant that only the resource tells: a canary's version, a pod label, a node pool. For records that have no tag of their own. */
export interface ResourceVariantRule {
  readonly experiment: string
  /** Resource attribute whose value tells the variant; null: every resource that matches `where` is of `variant`. */
  readonly attribute: string | null
  /** Of every resource that matches; only where `attribute` is null. */
  readonly variant: string | null
  /** The variant's name by value of the attribute; null: the value is the name. */
  readonly variants: ReadonlyMap<string, string> | null
  /** Values that `variants` does not name: `itself` is a variant of that name, `none` takes no part; else all are one variant. */
  readonly others: 'itself' | 'none' | { readonly variant: string }
  /** Resources that take part; null: all. */
  readonly where: Matcher | null
}

export interface ExperimentDeclaration {
  readonly id: string
  readonly hypothesis: string | null
  readonly owner: string | null
  readonly runbookUrl: string | null
  /** Null: found among the variants by `controls`. */
  readonly control: string | null
  /** Planned share of units by variant, relative to their sum; null: not said. */
  readonly allocation: Readonly<Record<string, number>> | null
}

/** All that decides what is counted and what follows from it. Two engines with equal settings and input give equal output. */
export interface EngineSettings {
  readonly tags: readonly TagRule[]
  /** The first rule that fits counts for its experiment. */
  readonly resourceVariants: readonly ResourceVariantRule[]
  /** Attribute names; looked up on the record, then on its resource. */
  readonly segments: readonly string[]
  /** Variant names taken for the control, in order of preference. */
  readonly controls: readonly string[]
  /** How long an untagged span waits for its trace and a trace keeps its tags; 0: no inheritance. */
  readonly inheritMs: number
  readonly limits: {
    readonly experiments: number
    readonly variantsPerExperiment: number
    readonly cohortsPerExperiment: number
    readonly idleExpiryMs: number
    /** Bound on the memory of spans and log records that wait for their trace. */
    readonly pendingBytes: number
    /** Units that are remembered of one experiment; beyond it a sample of them. */
    readonly unitsPerExperiment: number
  }
  /** What identifies a unit (a user, a session): attribute names, the first that is present counts. Empty: units are not looked at. */
  readonly unitAttributes: readonly string[]
  /** Keys the hashes of units: text of any length. */
  readonly unitKey: string
  /** Cumulative time series of metrics. */
  readonly streams: {
    readonly limit: number
    /** Forgotten when no point came for so long. */
    readonly expiryMs: number
  }
  readonly allowedLatenessMs: number
  readonly allowedFutureMs: number
  /** 0: retried requests are not recognised. */
  readonly retryWindowMs: number
  readonly slis: readonly Sli[]
  readonly slos: readonly Slo[]
  readonly experiments: readonly ExperimentDeclaration[]
}

export interface ListenAddress {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

export interface ReceiverSettings {
  /** Null: not listening. */
  readonly grpc: ListenAddress | null
  readonly http: ListenAddress | null
  /** Largest request after decompression. */
  readonly maxRequestBytes: number
  /** Bytes of requests being read or counted at once, over all connections; beyond it requests are refused as overload. */
  readonly maxInFlightBytes: number
  /** Origins that a browser may send from: exact, "*", or with one "*" inside. Empty: no CORS. */
  readonly corsOrigins: readonly string[]
}

/** Where Redis is found. A URL may hold user name and password: maskPasswords() of model/url.ts before it is shown. */
export type RedisServers =
  | { readonly kind: 'standalone'; readonly url: string }
  /** Some nodes of a Redis Cluster. */
  | { readonly kind: 'cluster'; readonly urls: readonly string[] }
  /** The Sentinels, and the name of the master that they watch. */
  | { readonly kind: 'sentinel'; readonly urls: readonly string[]; readonly master: string }

/** Files in PEM; null: what the system knows, no client certificate, the host's own name. */
export interface RedisTls {
  readonly caFile: string | null
  readonly certFile: string | null
  readonly keyFile: string | null
  readonly serverName: string | null
  readonly insecureSkipVerify: boolean
}

export interface RedisSettings {
  readonly servers: RedisServers
  /** Null: as the URL says. */
  readonly username: string | null
  readonly password: string | null
  /** Null: TLS only where a URL is rediss://. */
  readonly tls: RedisTls | null
  /** Begins every key. */
  readonly keyPrefix: string
  /** Of this replica, for people. */
  readonly replicaName: string | null
}

export type StoreSettings =
  | { readonly type: 'memory' }
  | { readonly type: 'sqlite'; readonly path: string }
  | { readonly type: 'redis'; readonly redis: RedisSettings }

export interface Settings {
  readonly engine: EngineSettings
  readonly receivers: ReceiverSettings
  readonly api: ListenAddress
  readonly store: StoreSettings
  /** When a request is acknowledged: once it is counted in memory, or once the store holds what it counted. Durable implies a store other than memory and a retry window. */
  readonly ack: 'memory' | 'durable'
  readonly exporters: { readonly otlp: { readonly endpoint: string; readonly intervalMs: number } | null }
  /** The daemon's own traces and metrics, sent by the OpenTelemetry SDK; null: off, the SDK is not loaded. */
  readonly selfTelemetry: { readonly endpoint: string; readonly intervalMs: number } | null
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** How long a graceful stop may take. */
  readonly shutdownTimeoutMs: number
  /** Bound on the event log kept by the store. */
  readonly eventLogLimit: number
  /** What was asked for and is not active in this version, a sentence each. */
  readonly inactive: readonly string[]
  /** sha256 of what the engine was given, for provenance: `sha256:...`. */
  readonly configHash: string
}
