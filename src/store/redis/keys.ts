// All names in Redis, and the only place that makes one. A name's part in braces decides on its slot in a Cluster, so everything that
// one script touches shares it. docs/reference/store-redis.md tells the same to people; a test compares the two.
import type { RecordKind } from '../port.ts'

export interface KeyKind {
  /** As the documentation writes it, after the prefix. */
  readonly name: string
  readonly type: 'string' | 'hash' | 'zset' | 'list' | 'stream'
}

/** Every kind of key that the store makes. */
export const KEY_KINDS: readonly KeyKind[] = [
  { name: '{exp:<experiment>}:head', type: 'hash' },
  { name: '{exp:<experiment>}:writers', type: 'hash' },
  { name: '{exp:<experiment>}:log', type: 'zset' },
  { name: '{exp:<experiment>}:alerts', type: 'hash' },
  { name: '{exp:<experiment>}:outbox', type: 'list' },
  { name: '{exp:<experiment>}:lease', type: 'hash' },
  { name: '{exp:<experiment>}:requests', type: 'hash' },
  { name: '{exp:<experiment>}:requests-before', type: 'hash' },
  { name: '{exp:<experiment>}:rows:<writer>', type: 'hash' },
  { name: '{w:<writer>}:writer', type: 'hash' },
  { name: '{w:<writer>}:journal', type: 'hash' },
  { name: '{n:<name>}:writers', type: 'zset' },
  { name: 'experiments', type: 'zset' },
  { name: '{<prefix>:experiments}:forgotten', type: 'zset' },
  { name: '{<prefix>:experiments}:epoch', type: 'string' },
  { name: 'events', type: 'stream' },
  { name: '{<prefix>:events}:relayed', type: 'zset' },
  { name: '{<prefix>:events}:newest', type: 'string' },
  { name: '{records}:<kind>', type: 'hash' },
  { name: '{records}:<kind>:count', type: 'string' },
  { name: 'secret:<name>', type: 'string' },
]

/** Keys of one experiment, in the order in which its scripts take them; rows of writers come after them. */
export interface ExperimentKeys {
  readonly all: readonly string[]
  readonly head: string
  readonly writers: string
  readonly lease: string
  rows(writer: string): string
}

export class Keys {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  of(experiment: string): ExperimentKeys {
    const begin = `${this.#prefix}:{exp:${escaped(experiment)}}:`
    const [head, writers, lease] = ['head', 'writers', 'lease'].map((name) => begin + name)
    const all = [
      head,
      writers,
      `${begin}log`,
      `${begin}alerts`,
      `${begin}outbox`,
      lease,
      `${begin}requests`,
      `${begin}requests-before`,
    ]
    return { all, head, writers, lease, rows: (writer) => `${begin}rows:${writer}` }
  }

  /** Of one writer: what is known of it, its journal. */
  writer(writer: string): [string, string] {
    const begin = `${this.#prefix}:{w:${escaped(writer)}}:`
    return [`${begin}writer`, `${begin}journal`]
  }

  /** Writers that bore the name; null: no name. */
  named(name: string | null): string {
    return `${this.#prefix}:{n:${name === null ? '' : `=${escaped(name)}`}}:writers`
  }

  /** The list of experiments, of forgotten ones, the mark of the server's contents. */
  get experiments(): [string, string, string] {
    const list = `${this.#prefix}:experiments`
    return [list, `${this.#prefix}:{${list}}:forgotten`, `${this.#prefix}:{${list}}:epoch`]
  }

  /** The stream, what was relayed into it, its newest id. */
  get events(): [string, string, string] {
    const stream = this.channel
    return [stream, `${this.#prefix}:{${stream}}:relayed`, `${this.#prefix}:{${stream}}:newest`]
  }

  /** The pub/sub channel of events, and the name of their stream. */
  get channel(): string {
    return `${this.#prefix}:events`
  }

  /** Records of a kind, and how many there are. */
  records(kind: RecordKind): [string, string] {
    const name = `${this.#prefix}:{records}:${kind}`
    return [name, `${name}:count`]
  }

  secret(name: string): string {
    return `${this.#prefix}:secret:${escaped(name)}`
  }
}

/** Without braces, so that the tag ends where it should; no two texts give the same. */
function escaped(text: string): string {
  return text.replace(/[%{}]/g, encodeURIComponent)
}
