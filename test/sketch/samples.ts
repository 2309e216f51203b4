// Values of known distributions from a fixed seed, and what an exact sort says of them.

/** Uniform numbers in [0, 1): the mulberry32 generator. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

export const DISTRIBUTIONS: Readonly<Record<string, (random: () => number) => number>> = {
  'log-normal': (random) => Math.exp(normal(random)),
  bimodal: (random) => (random() < 0.8 ? 20 + 3 * normal(random) : 200 + 30 * normal(random)),
  pareto: (random) => (1 - random()) ** (-1 / 1.5),
}

export function sample(distribution: string, count: number, seed = 1): Float64Array {
  const random = uniform(seed)
  return Float64Array.from({ length: count }, () => DISTRIBUTIONS[distribution](random))
}

/** The value at probability p of sorted values. */
export function exactQuantile(sorted: Float64Array, p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]
}
