// URLs as they may be shown.

/** The text with what it says of passwords replaced by `***`: in a URL's user part, whatever stands unescaped in it, and in its query. */
export function maskPasswords(text: string): string {
  return text.replace(/(:\/\/[^:@/?\s]*:).*@/, '$1***@').replaceAll(/([?&]\w*password=)[^&#\s]*/gi, '$1***')
}
