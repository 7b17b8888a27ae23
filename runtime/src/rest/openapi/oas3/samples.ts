/**
 * Operations as commands: one line of curl each, quoted so plainly that the importers of cURL (Appsmith's, Budibase's)
 * split it as a shell does. No text inside holds a single quote, so none has to be escaped. Keys are placeholders.
 */
import type { Json } from './examples.ts'

export type Sample = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the server's URL; encoded. */
  path: string
  query?: readonly (readonly [name: string, value: string])[]
  headers?: readonly (readonly [name: string, value: string])[]
  body?: { type: string; value: Json }
}

export const KEY_PLACEHOLDER = 'YOUR_API_KEY'

export function curlOf(server: string, { method, path, query = [], headers = [], body }: Sample): string {
  const pairs = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
  const all = [
    ['apikey', KEY_PLACEHOLDER],
    ['Authorization', `Bearer ${KEY_PLACEHOLDER}`],
    ...(body === undefined ? [] : [['Content-Type', body.type]]),
    ...headers,
  ]
  return [
    `curl -X ${method} '${server}${path}${pairs === '' ? '' : `?${pairs}`}'`,
    ...all.map(([name, value]) => `-H '${name}: ${value}'`),
    ...(body === undefined ? [] : [`-d '${bodyText(body)}'`]),
  ].join(' ')
}

function bodyText({ type, value }: NonNullable<Sample['body']>): string {
  if (type !== 'application/json') return String(value)
  return JSON.stringify(value).replaceAll("'", '\\u0027')
}

/** As `encodeURIComponent`, but for what a query may hold as it is (RFC 3986) and people read more easily so. */
const encode = (text: string): string =>
  encodePath(text).replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%2A', '*')

/** Leaves no character that means something to a shell or to curl's own globs. */
export const encodePath = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
