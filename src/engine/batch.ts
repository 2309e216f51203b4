// Items of a request are staged until all of its bytes are known to be sound. How many at a time is bounded, so that what a request costs in memory does
// not depend on how small its items are: a larger one is read twice, first to see whether it is sound, then to count it part by part.

/** Items that are staged at a time, a few more where a span has events. SDKs and Collectors send hundreds to some thousands in a request. */
export const MOST_STAGED = 8192

/** Called where so many are staged; true: they were taken, and there is room again. */
export type WhenFull = () => boolean

export const NEVER_FULL: WhenFull = () => false
