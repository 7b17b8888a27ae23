/** The `Prefer` header (RFC 7240): the first of a kind wins, what is not known is remembered for `strict`. */
export type Preferences = {
  resolution: 'merge-duplicates' | 'ignore-duplicates' | null
  return: 'representation' | 'minimal' | 'headers-only' | null
  count: 'exact' | 'planned' | 'estimated' | null
  tx: 'commit' | 'rollback' | null
  missing: 'default' | 'null' | null
  handling: 'strict' | 'lenient' | null
  timezone: string | null
  maxAffected: number | null
  invalid: string[]
}

type Kind = 'resolution' | 'return' | 'count' | 'tx' | 'missing' | 'handling'

const KNOWN: Record<Kind, readonly string[]> = {
  resolution: ['merge-duplicates', 'ignore-duplicates'],
  return: ['representation', 'minimal', 'headers-only'],
  count: ['exact', 'planned', 'estimated'],
  tx: ['commit', 'rollback'],
  missing: ['default', 'null'],
  handling: ['strict', 'lenient'],
}

const isKind = (name: string): name is Kind => Object.hasOwn(KNOWN, name)

export const NO_PREFERENCES: Preferences = {
  resolution: null,
  return: null,
  count: null,
  tx: null,
  missing: null,
  handling: null,
  timezone: null,
  maxAffected: null,
  invalid: [],
}

export function parsePrefer(
  header: string | undefined,
  allowed: { txOverride: boolean; timezones: ReadonlySet<string> },
): Preferences {
  if (header === undefined) return NO_PREFERENCES
  const preferences: Preferences = { ...NO_PREFERENCES, invalid: [] }
  for (const piece of header.split(',')) {
    const preference = piece.trim()
    const at = preference.indexOf('=')
    const name = preference.slice(0, at)
    const value = preference.slice(at + 1)
    if (isKind(name) && KNOWN[name].includes(value)) {
      if (name === 'tx' && !allowed.txOverride) continue
      Object.assign(preferences, { [name]: preferences[name] ?? value })
    } else if (name === 'max-affected') {
      if (/^-?\d+$/.test(value)) preferences.maxAffected ??= Number(value)
    } else if (name === 'timezone' && allowed.timezones.has(value)) {
      preferences.timezone ??= value
    } else if (preference !== '') {
      preferences.invalid.push(preference)
    }
  }
  return preferences
}

const ORDER = ['resolution', 'missing', 'return', 'count', 'tx', 'handling', 'timezone'] as const

/** `Preference-Applied`, or null when nothing was applied. */
export function appliedPreferences(
  preferences: Preferences,
  honoured: readonly (keyof Preferences)[],
): string | null {
  if (preferences === NO_PREFERENCES) return null
  const parts: string[] = []
  for (const name of ORDER) {
    const value = preferences[name]
    if (value !== null && honoured.includes(name)) parts.push(`${name}=${value}`)
  }
  const { maxAffected, handling } = preferences
  if (honoured.includes('maxAffected') && maxAffected !== null && handling === 'strict') {
    parts.push(`max-affected=${maxAffected}`)
  }
  return parts.length === 0 ? null : parts.join(', ')
}
