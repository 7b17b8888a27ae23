/**
 * Recognises the everyday request: whole in one chunk, nothing after it, every header once, nothing that steers the
 * connection. It is a shortcut, never a second reading of HTTP: of whatever is not plain, node:http decides what it
 * means, and whether it is HTTP at all.
 */
import type { IncomingHttpHeaders } from 'node:http'

export type PlainRequest = {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: Buffer | null
}

const HEAD_END = '\r\n\r\n'
const FIRST_LINE = /^(GET|HEAD|POST|PATCH|PUT|DELETE|OPTIONS) (\/[!-~]*) HTTP\/1\.1$/
const HEADER =
  /^([\w!#$%&'*+\-.^`|~]+):[\t ]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[\t ]*$/
const LENGTH = /^[0-9]{1,9}$/

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

export function readPlain(chunk: Buffer): PlainRequest | null {
  const end = chunk.indexOf(HEAD_END)
  if (end < 0) return null
  const lines = chunk.toString('latin1', 0, end).split('\r\n')
  const first = FIRST_LINE.exec(lines[0] ?? '')
  if (first === null) return null
  const headers = readHeaders(lines)
  if (headers === null || headers.host === undefined) return null
  const body = bodyOf(chunk, end + HEAD_END.length, headers)
  return body === undefined ? null : { method: first[1] ?? '', url: first[2] ?? '', headers, body }
}

function readHeaders(lines: readonly string[]): IncomingHttpHeaders | null {
  const headers: IncomingHttpHeaders = {}
  for (let at = 1; at < lines.length; at++) {
    const found = HEADER.exec(lines[at] ?? '')
    if (found === null) return null
    const name = (found[1] ?? '').toLowerCase()
    const value = found[2] ?? ''
    // Twice the same, or a name that every object has.
    if (headers[name] !== undefined || STEERING.has(name)) return null
    if (name === 'connection' && value.toLowerCase() !== 'keep-alive') return null
    headers[name] = value
  }
  return headers
}

/** @returns undefined when the chunk holds less than the body, or more. */
function bodyOf(chunk: Buffer, from: number, headers: IncomingHttpHeaders): Buffer | null | undefined {
  const length = headers['content-length']
  const bytes = chunk.length - from
  if (length === undefined) return bytes === 0 ? null : undefined
  if (!LENGTH.test(length) || Number(length) !== bytes) return undefined
  return bytes === 0 ? null : chunk.subarray(from)
}
