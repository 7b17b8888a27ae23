/** Writes a value so that, where it stands, it is read as itself and as nothing else. Pure. */
import type { Place } from './html-place.ts'

export type Writer = (value: string) => string

/** Attributes a mail program opens, loads or sends to. */
const URL_ATTRIBUTES = new Set([
  ...['href', 'src', 'action', 'formaction', 'background', 'cite', 'data', 'longdesc', 'poster', 'srcset'],
  ...['xlink:href', 'ping', 'usemap', 'manifest', 'codebase', 'archive', 'profile', 'icon'],
])

/** @returns undefined with the reason when nothing that came from outside may stand there. */
export function writerFor({ mode, attribute, url }: Place): Writer | { refused: string } {
  if (mode === 'text') return escapeText
  if (mode === 'comment') return escapeAll
  if (mode === 'raw')
    return { refused: 'a value cannot stand in an element whose text is no HTML (script, style)' }
  const isQuoted = mode === 'double' || mode === 'single'
  if (!isQuoted && mode !== 'unquoted' && mode !== 'before-value') {
    return { refused: 'a value in a tag must be the value of an attribute' }
  }
  if (attribute.startsWith('on') || attribute === 'style' || attribute === 'srcdoc') {
    return { refused: `a value cannot stand in the attribute ${attribute}: there it would be code` }
  }
  const asText = isQuoted ? escapeText : escapeAll
  if (!URL_ATTRIBUTES.has(attribute)) return asText
  if (url === 'query') return (value) => asText(encodeParameter(value))
  if (url === 'path') return (value) => asText(normalizeUrl(value))
  return (value) => asText(hasSafeScheme(value) ? normalizeUrl(value) : '#')
}

const toEntity = (character: string) => `&#${character.codePointAt(0)};`

const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** NUL and its like are no characters of HTML. */
const wellFormed = (value: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken away
  value.toWellFormed().replaceAll(/[\0-\x08\x0b\x0e-\x1f\x7f]/g, '\ufffd')

export const escapeText = (value: string): string =>
  wellFormed(value).replaceAll(/[&<>"'`]/g, (character) => NAMED[character] ?? toEntity(character))

/** Also safe without quotes, and in a comment: only letters and digits stay as they are. */
const escapeAll = (value: string): string => wellFormed(value).replaceAll(/[^\p{L}\p{N}]/gu, toEntity)

const percent = (text: string): string =>
  [...Buffer.from(text.toWellFormed())]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')

const encodeParameter = (value: string): string => value.replaceAll(/[^\w.~-]+/g, percent)

/** Keeps what a URL is made of, also what is percent-encoded already. */
const normalizeUrl = (value: string): string =>
  value.replaceAll(/%[0-9a-f]{2}|[^\w.~:/?#[\]@!$&()*+,;=-]/gi, (found) =>
    found.length === 3 && found.startsWith('%') ? found : percent(found),
  )

const PLAIN_SCHEMES = new Set(['http', 'https', 'mailto', 'tel'])
const SCHEMES_OF_CODE = new Set([
  ...['javascript', 'vbscript', 'livescript', 'data', 'file', 'blob', 'filesystem', 'about', 'jar'],
  ...['view-source', 'ms-its', 'mhtml', 'mk'],
])

/** An app has a scheme of its own (`app://signed-in`): allowed where it has an authority, and is none that runs. */
function hasSafeScheme(value: string): boolean {
  // Programs skip these before and inside of a scheme.
  const read = value.replaceAll(/[\0-\x20]+/g, '')
  const [, scheme, rest] = /^([^/?#]*?):(.*)$/s.exec(read) ?? []
  if (scheme === undefined || rest === undefined) return true
  const name = scheme.toLowerCase()
  if (PLAIN_SCHEMES.has(name)) return true
  return /^[a-z][a-z0-9+.-]*$/.test(name) && rest.startsWith('//') && !SCHEMES_OF_CODE.has(name)
}

/** A header is one line. */
export const escapeHeader = (value: string): string =>
  value
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
