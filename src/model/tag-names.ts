// How long names may be that tags carry. Traffic and configuration are held to the same, so that no rule waits for a name that is never taken.

/** Longest experiment or variant name, in UTF-16 units. A pair with a longer one is no tag. */
export const MAX_NAME_LENGTH = 256
