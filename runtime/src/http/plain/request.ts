/**
 * Recognises the everyday request: whole in one chunk, nothing after it, every header once, nothing that steers the
 * connection. It is a shortcut, never a second reading of HTTP: of whatever is not plain, node:http decides what it
 * means, and whether it is HTTP at all.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Heads } from './heads.ts'

export type PlainRequest = {
  method: string
  url: string
  headers: IncomingHttpHeaders
  /** The same as JSON, where it is known. */
  headersText: string | undefined
  body: Buffer | null
}

const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
const FIRST_LINE = /^(GET|HEAD|POST|PATCH|PUT|DELETE|OPTIONS) (\/[!-~]*) HTTP\/1\.1$/
const LENGTH = /^[0-9]{1,9}$/

/** @returns null when it is not plain. */
export function readPlain(chunk: Buffer, heads: Heads): PlainRequest | null {
  const lineEnd = chunk.indexOf(LINE_END)
  if (lineEnd < 0) return null
  const first = FIRST_LINE.exec(chunk.toString('latin1', 0, lineEnd))
  if (first === null) return null
  const end = chunk.indexOf(HEAD_END, lineEnd)
  const head = end <= lineEnd ? null : heads.read(chunk.toString('latin1', lineEnd, end))
  if (head === null) return null
  const body = bodyOf(chunk, end + HEAD_END.length, head.headers)
  if (body === undefined) return null
  return { method: first[1] ?? '', url: first[2] ?? '', headers: head.headers, headersText: head.text, body }
}

/** @returns undefined when the chunk holds less than the body, or more. */
function bodyOf(chunk: Buffer, from: number, headers: IncomingHttpHeaders): Buffer | null | undefined {
  const length = headers['content-length']
  const bytes = chunk.length - from
  if (length === undefined) return bytes === 0 ? null : undefined
  if (!LENGTH.test(length) || Number(length) !== bytes) return undefined
  return bytes === 0 ? null : chunk.subarray(from)
}
