// Sizes as people write them: "64MiB".

/** Bytes by unit, from the smallest. */
export const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
])

/** Bytes of a size text (a bare number is bytes), or null where it is none. */
export function parseSize(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB)?$/.exec(text)
  if (parts === null) return null
  return Math.floor(Number(parts[1]) * (SIZE_UNITS.get(parts[2] ?? 'B') ?? 1))
}

/** In the largest unit that divides it: 67108864 is "64MiB". */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [...SIZE_UNITS].toReversed())
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  return `${bytes}B`
}
