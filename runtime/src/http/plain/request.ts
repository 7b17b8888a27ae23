/**
 * Recognises the everyday request: whole in one chunk, nothing after it, every header once, nothing that steers the
 * connection. It is a shortcut, never a second reading of HTTP: of whatever is not plain, node:http decides what it
 * means, and whether it is HTTP at all.
 */
import type { IncomingHttpHeaders } from 'node:http'

export type PlainRequest = {
  method: string
  url: string
  /** One object for requests that have the same. */
  headers: IncomingHttpHeaders
  /** The same as JSON, where it is known. */
  headersText: string | undefined
  body: Buffer | null
}

const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
const KEPT_BYTES_MAX = 8 * 1024
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

/** Reads the requests of one connection: who asks again mostly sends the very same headers, which are read once. */
export class PlainReader {
  #known: Known | undefined

  /** @returns null when it is not plain. */
  read(chunk: Buffer): PlainRequest | null {
    const lineEnd = chunk.indexOf(LINE_END)
    if (lineEnd < 0) return null
    const first = FIRST_LINE.exec(chunk.toString('latin1', 0, lineEnd))
    if (first === null) return null
    const known = this.#recall(chunk, lineEnd) ?? this.#readHead(chunk, lineEnd)
    if (known === null) return null
    const { headers } = known
    const body = bodyOf(chunk, lineEnd + known.length, headers)
    if (body === undefined) return null
    return { method: first[1] ?? '', url: first[2] ?? '', headers, headersText: known.text, body }
  }

  #recall(chunk: Buffer, from: number): Known | null {
    const known = this.#known
    if (known === undefined || chunk.length - from < known.length) return null
    const { chunk: before, from: start, length } = known
    if (chunk.compare(before, start, start + length, from, from + length) !== 0) return null
    known.text ??= JSON.stringify(Object.freeze(known.headers))
    return known
  }

  #readHead(chunk: Buffer, from: number): Known | null {
    const end = chunk.indexOf(HEAD_END, from)
    if (end < 0) return null
    const headers = end === from ? null : readHeaders(chunk.toString('latin1', from + LINE_END.length, end))
    if (headers === null || headers.host === undefined) return null
    const known = { chunk, from, length: end + HEAD_END.length - from, headers, text: undefined }
    // It stays in memory with all that came in one piece with it.
    this.#known = chunk.length <= KEPT_BYTES_MAX ? known : undefined
    return known
  }
}

/** A head without its first line: where it stands, and what it says. */
type Known = {
  readonly chunk: Buffer
  readonly from: number
  readonly length: number
  readonly headers: IncomingHttpHeaders
  /** As JSON, from the second time on. */
  text: string | undefined
}

function readHeaders(head: string): IncomingHttpHeaders | null {
  const headers: IncomingHttpHeaders = {}
  for (const line of head.split(LINE_END)) {
    const found = HEADER.exec(line)
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
