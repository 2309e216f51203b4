// What the tests use of npm tdigest, which has no types of its own.
declare module 'tdigest' {
  export class TDigest {
    push(value: number): void
    push_centroid(centroids: readonly { mean: number; n: number }[]): void
    percentile(probabilities: readonly number[]): number[]
    toArray(): { mean: number; n: number }[]
  }
}
