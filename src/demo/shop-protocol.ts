// What the demonstration and its shop, which is a process of its own, tell each other.

/** Arguments of the shop, as one JSON text. */
export interface ShopOrder {
  /** OTLP/gRPC: http://host:port. */
  readonly otlp: string
  /** The flag to evaluate, which is the experiment. */
  readonly flag: string
  readonly healthyMs: number
}

/** From the shop; times are Unix milliseconds. */
export type ShopNews =
  | { readonly kind: 'open' }
  /** Treatment fails from now on. */
  | { readonly kind: 'worse' }
  /** The first batch with a failed span leaves now. */
  | { readonly kind: 'first-bad-batch'; readonly atMs: number }
  /** Exports fail; told once. */
  | { readonly kind: 'export-failed'; readonly reason: string }
