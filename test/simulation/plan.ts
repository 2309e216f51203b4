// What a seed stands for: who is there, and everything that is done to them, in the order of time. A plan is data, so that it can be run
// again with something left out.

/** One span of a request. */
export interface SpanPlan {
  /** How long before the request is first sent it ended; negative: after. */
  readonly ageMs: number
  readonly slow: boolean
  readonly error: boolean
  readonly service: string
  /** Spans of equal number are of one trace. */
  readonly trace: number
  /** Experiment and variant; empty: it inherits. */
  readonly tags: readonly (readonly [string, string])[]
}

export interface RequestPlan {
  readonly kind: 'send'
  readonly atMs: number
  readonly number: number
  readonly spans: readonly SpanPlan[]
  /** All attempts go to this replica; null: each to any. */
  readonly replica: number | null
  /** What the network does to the first attempt. */
  readonly mishap: 'none' | 'request lost' | 'answer lost' | 'arrives twice'
}

export type FaultPlan =
  | { readonly kind: 'crash'; readonly atMs: number; readonly replica: number; readonly downMs: number }
  | { readonly kind: 'restart'; readonly atMs: number; readonly replica: number; readonly downMs: number }
  | { readonly kind: 'pause'; readonly atMs: number; readonly replica: number; readonly forMs: number }
  | { readonly kind: 'clock step'; readonly atMs: number; readonly replica: number; readonly byMs: number }
  /** Replica null: no replica reaches the store. */
  | {
      readonly kind: 'outage'
      readonly atMs: number
      readonly replica: number | null
      readonly forMs: number
      readonly hangs: boolean
    }
  /** Calls to the store take up to so long; `reorders`: they overtake each other. */
  | {
      readonly kind: 'slow'
      readonly atMs: number
      readonly forMs: number
      readonly upToMs: number
      readonly reorders: boolean
    }
  /** Of the calls to the store this share is lost before, after, or in the middle of its effect. */
  | { readonly kind: 'flaky'; readonly atMs: number; readonly forMs: number; readonly share: number }
  /** Another server goes on with what was there so long ago. */
  | { readonly kind: 'failover'; readonly atMs: number; readonly backMs: number }
  | { readonly kind: 'emptied'; readonly atMs: number }
  | { readonly kind: 'evicted'; readonly atMs: number; readonly experiment: string }

export type Action = RequestPlan | FaultPlan

export type Ack = 'memory' | 'durable'

export interface Plan {
  readonly seed: number
  readonly ack: Ack
  /** `shared`: as Redis; `local`: as SQLite. */
  readonly store: 'shared' | 'local'
  readonly replicas: number
  /** When all faults end. */
  readonly endMs: number
  readonly actions: readonly Action[]
}

/** Whether the store forgets something by it. */
export function loses({ kind }: Action): boolean {
  return kind === 'failover' || kind === 'emptied' || kind === 'evicted'
}
