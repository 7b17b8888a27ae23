/** Lines of headers, as far as they are plain: each once, and none that steers the connection. */
import type { IncomingHttpHeaders } from 'node:http'

const HEADER =
  /^([\w!#$%&'*+\-.^`|~]+):[\t ]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[\t ]*$/

/** They say how to read what follows, or ask for more than an answer. */
const STEERING: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'upgrade',
  'expect',
  'trailer',
  'te',
  'set-cookie',
  'proxy-connection',
])

/** @param head each line after its line end. @returns null when it is not plain, or names no host. */
export function readHeaders(head: string): IncomingHttpHeaders | null {
  const headers: IncomingHttpHeaders = {}
  for (const line of head.split('\r\n').slice(1)) {
    const found = HEADER.exec(line)
    if (found === null) return null
    const name = (found[1] ?? '').toLowerCase()
    const value = found[2] ?? ''
    // Twice the same, or a name that every object has.
    if (headers[name] !== undefined || STEERING.has(name)) return null
    if (name === 'connection' && value.toLowerCase() !== 'keep-alive') return null
    headers[name] = value
  }
  return headers.host === undefined ? null : headers
}
