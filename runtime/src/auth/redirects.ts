/**
 * Where a person may be sent after signing in: to the site, and to what the allow list names.
 *
 * What comes back to an address carries tokens, so an address is judged as browsers will read it (WHATWG URL), never as
 * text: a glob's host is compared with the host, its path with the path. GoTrue matches the text as a whole, by which
 * `https://**.shop.example/` lets in `https://evil.example/?.shop.example/`.
 */
import { domainToASCII } from 'node:url'
import { matchesGlob } from './glob.ts'

export type RedirectRules = { siteUrl: string; redirectUrls: readonly string[] }

const URL_CHARACTERS_MAX = 2_000

/** Never, whatever a list says: they run, or read, where they are opened. */
const SCHEMES_REFUSED = new Set([
  ...[
    'javascript',
    'vbscript',
    'livescript',
    'data',
    'blob',
    'file',
    'filesystem',
    'about',
    'view-source',
    'jar',
  ],
  ...['mailto', 'tel', 'sms', 'ws', 'wss', 'ftp', 'intent', 'mhtml', 'ms-its', 'chrome', 'resource'],
])

/** What was asked for where it is allowed, else the site. */
export const allowedRedirect = (asked: string, rules: RedirectRules): string =>
  isAllowed(asked, rules) ? asked : rules.siteUrl

export function isAllowed(asked: string, { siteUrl, redirectUrls }: RedirectRules): boolean {
  const url = parseAsked(asked)
  if (url === undefined) return false
  return isOfSite(url, siteUrl) || redirectUrls.some((pattern) => isListed(url, pattern))
}

/** Where programs read a text in different ways, it is none. */
function parseAsked(asked: string): URL | undefined {
  if (asked.length > URL_CHARACTERS_MAX || /[\s\p{Cc}\p{Cf}\\]/u.test(asked) || !asked.isWellFormed())
    return undefined
  const url = URL.parse(asked)
  if (url === null || url.username !== '' || url.password !== '') return undefined
  const scheme = url.protocol.slice(0, -1)
  if (SCHEMES_REFUSED.has(scheme)) return undefined
  // `https:evil.example` and `https:/evil.example` are read as having a host.
  const isWeb = scheme === 'http' || scheme === 'https'
  return !isWeb || /^https?:\/\/[^/?#@]+(?:[/?#]|$)/i.test(asked) ? url : undefined
}

/**
 * As GoTrue, anywhere on the site's host; but not from TLS to plain text, and another port only on the loopback, where
 * several servers are one developer's.
 */
function isOfSite(url: URL, siteUrl: string): boolean {
  const site = URL.parse(siteUrl)
  if (site === null || url.hostname !== site.hostname) return false
  if (url.protocol === site.protocol && url.port === site.port) return true
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
  if (isLoopback(url.hostname)) return isWeb
  return site.protocol === 'http:' && site.port === '' && url.protocol === 'https:' && url.port === ''
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)

function isListed(url: URL, pattern: string): boolean {
  const scheme = url.protocol.slice(0, -1)
  const isWeb = scheme === 'http' || scheme === 'https'
  if (pattern === '**') return isWeb
  const [, givenScheme, authority, rest] = /^([^:/]+):\/\/([^/]*)(.*)$/s.exec(pattern) ?? []
  if (givenScheme === undefined || authority === undefined || rest === undefined)
    return isListedWhole(url, pattern)
  const named = givenScheme.toLowerCase()
  // An app's scheme is listed by its name: no glob makes one up.
  if (isWeb ? !matchesGlob(named, scheme) : named !== scheme) return false
  if (!isWeb) return isListedApp(url, authority + rest)
  const place = `${url.pathname}${url.search}`
  const isOpen = rest === '' && authority.endsWith('**') && authority !== '**'
  const host = canonicalHost(isOpen ? authority.slice(0, -2) : authority, scheme)
  if (!matchesGlob(host, url.host)) return false
  // `https://shop.example**` means its pages, not `shop.example.evil.example`.
  if (isOpen || (authority === '**' && rest === '')) return true
  return rest === '' ? place === '/' : matchesGlob(rest, place)
}

/** `app:/signed-in`, and other schemes without an authority. */
function isListedWhole(url: URL, pattern: string): boolean {
  const colon = pattern.indexOf(':')
  if (colon < 0 || `${pattern.slice(0, colon).toLowerCase()}:` !== url.protocol) return false
  if (url.protocol === 'http:' || url.protocol === 'https:') return false
  return matchesGlob(pattern.slice(colon + 1), withoutFragment(url).slice(colon + 1))
}

/** An app's own scheme: what follows it is the app's to read, so it is matched as a whole. */
function isListedApp(url: URL, pattern: string): boolean {
  const text = withoutFragment(url).slice(url.protocol.length)
  if (!text.startsWith('//')) return false
  return matchesGlob(pattern, text.slice(2)) || matchesGlob(pattern, text.slice(2).replace(/\/$/, ''))
}

const withoutFragment = ({ href }: URL): string => href.split('#', 1)[0] ?? ''

/** As a browser writes it: small letters, Punycode, no port that goes without saying. */
function canonicalHost(authority: string, scheme: string): string {
  const [, name = '', port] = /^(.*?)(?::([^:\]]*))?$/s.exec(authority) ?? []
  const labels = name.split('.').map((label) => (/[^\0-\x7f]/.test(label) ? domainToASCII(label) : label))
  const isUsual = port === (scheme === 'https' ? '443' : '80')
  return `${labels.join('.').toLowerCase()}${port === undefined || isUsual ? '' : `:${port}`}`
}
