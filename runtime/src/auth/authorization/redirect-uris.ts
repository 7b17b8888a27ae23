/**
 * Where an application may have its users sent back to: to the letter what it registered. On the loopback the port may
 * be another, as an app on somebody's machine takes whichever is free (RFC 8252, 7.3). Pure.
 */
import { isLoopback } from '../outbound.ts'
import { URI_CHARACTERS_MAX } from './limits.ts'

/** Apps that are known by a scheme without a domain in it, as GoTrue takes them. */
const KNOWN_APPS = ['cursor://anysphere.cursor-mcp/']

/** @returns what is wrong with it; undefined when it may be registered. */
export function refuseRedirectUri(uri: string): string | undefined {
  if (uri.length > URI_CHARACTERS_MAX) return `it is longer than ${URI_CHARACTERS_MAX} characters`
  // A comma ends one in the table. What programs read in different ways is none.
  if (/[\s\p{Cc}\p{Cf},*\\<>"`{}|^]/u.test(uri) || !uri.isWellFormed())
    return 'it has a character that is not allowed'
  const url = URL.parse(uri)
  if (url === null) return 'it is no URI'
  if (uri.includes('#')) return 'it must not have a fragment'
  if (url.username !== '' || url.password !== '') return 'it must not name a user'
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:'
  if (isWeb && !/^https?:\/\/[^/?#@]+(?:[/?]|$)/i.test(uri)) return 'it must have a host'
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:')
    return isLoopback(url.hostname) ? undefined : 'http is only for the loopback: use https'
  if (KNOWN_APPS.some((app) => `${uri}/`.startsWith(app))) return undefined
  // `com.example.app:/signed-in` (RFC 8252, 7.1): a domain of one's own, so no scheme that runs or reads something.
  return url.protocol.includes('.') ? undefined : 'a scheme of an app must be a domain name turned around'
}

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?([/?].*)?$/

export function isRegistered(uri: string, registered: readonly string[]): boolean {
  if (registered.includes(uri)) return true
  const asked = LOOPBACK.exec(uri)
  if (asked === null || Number(asked[2] ?? 80) > 65_535) return false
  return registered.some((each) => {
    const known = LOOPBACK.exec(each)
    return known !== null && known[1] === asked[1] && known[3] === asked[3]
  })
}

/** Only its owner answers there. Anybody's program may answer on the loopback, or to a scheme. */
export const isClaimed = (uri: string): boolean => uri.startsWith('https://')

/** The URI as it was registered, with members behind its own. */
export const withMembers = (uri: string, members: Readonly<Record<string, string | null>>): string => {
  const told = Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== null)
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(told)}`
}
