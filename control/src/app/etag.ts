/** Preconditions of a change. */

/** RFC 9110, 13.1.1: a list of strong tags, or any. */
export const matches = (ifMatch: string, etag: string): boolean =>
  ifMatch.trim() === '*' || ifMatch.split(',').some((tag) => tag.trim() === etag)
