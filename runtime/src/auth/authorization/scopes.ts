/** Scopes: what an application learns of a user. What it may read and write is for the policies of the database. Pure. */

export const SCOPES = ['openid', 'email', 'profile', 'phone'] as const
export type Scope = (typeof SCOPES)[number]

const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text)

/** In the order they were asked for, each once; those of other servers too. */
export const scopesOf = (text: string | null): string[] => [
  ...new Set((text ?? '').split(' ').filter((each) => each !== '')),
]

export const unknownScopes = (asked: readonly string[]): string[] => asked.filter((each) => !isScope(each))

export const covers = (granted: readonly string[], asked: readonly string[]): boolean =>
  asked.every((each) => granted.includes(each))
