// How far a share may be from what was observed.

/**
 * The Wilson score interval of a share of which `successes` of `trials` were observed, `z` standard deviations wide (1.96: 95 %). Without a
 * trial nothing is known: [0, 1]. Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
 */
export function wilsonInterval(successes: number, trials: number, z = 1.959964): [lower: number, upper: number] {
  if (trials <= 0) return [0, 1]
  const share = successes / trials
  const spread = (z * z) / trials
  const center = share + spread / 2
  const half = z * Math.sqrt((share * (1 - share)) / trials + spread / (4 * trials))
  return [Math.max(0, (center - half) / (1 + spread)), Math.min(1, (center + half) / (1 + spread))]
}
