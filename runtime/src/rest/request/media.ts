/** Media types as the grammar of `Accept` and `Content-Type` gives them. */

export type PlanOption = 'analyze' | 'verbose' | 'settings' | 'buffers' | 'wal'

export type MediaType =
  | { kind: 'plain'; name: string }
  | { kind: 'object'; stripped: boolean }
  | { kind: 'stripped-array' }
  | { kind: 'plan'; of: MediaType; format: 'text' | 'json'; options: PlanOption[] }

export const JSON_TYPE: MediaType = { kind: 'plain', name: 'application/json' }
export const ANY_TYPE = '*/*'

const TEXTUAL: ReadonlySet<string> = new Set([
  'application/json',
  'application/geo+json',
  'application/openapi+json',
  'application/x-www-form-urlencoded',
  'text/csv',
  'text/plain',
  'text/xml',
  ANY_TYPE,
])

const KNOWN: ReadonlySet<string> = new Set([...TEXTUAL, 'application/octet-stream'])

const PLAN_OPTIONS = ['analyze', 'verbose', 'settings', 'buffers', 'wal'] as const

export function parseMediaType(text: string): MediaType {
  const [first = '', ...parameters] = text.split(';').map((piece) => piece.trim())
  const stripped = parameters.some((each) => /^nulls\s*=\s*"?stripped"?$/i.test(each))
  switch (first.toLowerCase()) {
    case '':
      return { kind: 'plain', name: ANY_TYPE }
    case 'application/vnd.pgrst.object':
    case 'application/vnd.pgrst.object+json':
      return { kind: 'object', stripped }
    case 'application/vnd.pgrst.array':
    case 'application/vnd.pgrst.array+json':
      return stripped ? { kind: 'stripped-array' } : JSON_TYPE
    case 'application/vnd.pgrst.plan':
    case 'application/vnd.pgrst.plan+text':
      return parsePlan('text', parameters)
    case 'application/vnd.pgrst.plan+json':
      return parsePlan('json', parameters)
    default:
      return { kind: 'plain', name: knownName(first) }
  }
}

/** Media types have no case (RFC 9110, 8.3.1); one that is nobody's is said again as it came. */
export function knownName(name: string): string {
  const lower = name.toLowerCase()
  return KNOWN.has(lower) ? lower : name
}

function parsePlan(format: 'text' | 'json', parameters: readonly string[]): MediaType {
  const value = (name: string) =>
    parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1)
  const asked = value('options')?.split('|') ?? []
  const of = value('for')?.replace(/^"|"$/g, '')
  return {
    kind: 'plan',
    of: of === undefined ? JSON_TYPE : parseMediaType(of),
    format,
    options: PLAN_OPTIONS.filter((option) => asked.includes(option)),
  }
}

/**
 * Types a caller accepts, the best first: by `q`, then by how much each says (a parameter makes it more, a star less),
 * then as they stand.
 */
export function parseAccept(header: string | undefined): MediaType[] {
  if (header === undefined) return [{ kind: 'plain', name: ANY_TYPE }]
  return splitOutsideQuotes(header)
    .map((part, at) => {
      const [type = '', quality] = part.replaceAll(' ', '').split(';q=')
      return { type, q: quality === undefined ? 1 : Number.parseFloat(quality) || 0, at }
    })
    .sort((a, b) => b.q - a.q || specificity(b.type) - specificity(a.type) || a.at - b.at)
    .map(({ type }) => parseMediaType(type))
}

const specificity = (type: string): number => count(type, ';') - count(type, '*')
const count = (text: string, char: string): number => text.split(char).length - 1

const splitOutsideQuotes = (header: string): string[] => header.match(/(?:[^,"]|"[^"]*")+/g) ?? ['']

export function mediaTypeName(type: MediaType): string {
  switch (type.kind) {
    case 'plain':
      return type.name
    case 'object':
      return `application/vnd.pgrst.object+json${type.stripped ? ';nulls=stripped' : ''}`
    case 'stripped-array':
      return 'application/vnd.pgrst.array+json;nulls=stripped'
    case 'plan': {
      const options = type.options.length === 0 ? '' : `; options=${type.options.join('|')}`
      return `application/vnd.pgrst.plan+${type.format}; for="${mediaTypeName(type.of)}"${options}`
    }
  }
}

/** `Content-Type` of an answer; types of a tenant's own carry no charset: we cannot know it. */
export function contentTypeOf(type: MediaType): string {
  const name = mediaTypeName(type)
  return type.kind !== 'plain' || TEXTUAL.has(name) ? `${name}; charset=utf-8` : name
}
