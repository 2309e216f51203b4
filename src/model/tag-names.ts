// Which names tags may carry. Traffic and configuration are held to the same, so that no rule waits for a name that is never taken.

/** Longest experiment or variant name, in UTF-16 units. A pair with a longer one is no tag. */
export const MAX_NAME_LENGTH = 256

/** In the place of experiment and variant: items that belong to no experiment. No tag may have this name for an experiment. */
export const UNTAGGED = '_untagged_'
