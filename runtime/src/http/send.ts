/** Puts an answer on the wire, once and whole. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './service.ts'

/** A caller that still sends may not read an answer before it is done: it is listened to this long. */
const LISTEN_ON_MS = 1_000

/**
 * Up to here a body of bytes leaves as text, one character a byte: node:http then writes head and body in one piece,
 * which costs half of what writing two does.
 */
const ONE_PIECE_BYTES_MAX = 16 * 1024

/**
 * @param common headers that every answer has, whatever made it.
 * @returns bytes of the body.
 */
export function send(
  response: ServerResponse,
  answer: Answer,
  { common, close }: { common: Answer['headers']; close: boolean },
): number {
  const { status, body } = answer
  const bytes = body === null ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  // A HEAD whose body nobody made has a length that nobody knows.
  const hasNoBody = status === 204 || status === 304 || (body === null && response.req.method === 'HEAD')
  if (close) response.shouldKeepAlive = false
  const headers = toFlat(answer.headers, { common, bytes: hasNoBody ? undefined : bytes })
  if (answer.statusText === undefined) response.writeHead(status, headers)
  else response.writeHead(status, answer.statusText, headers)

  const content = hasNoBody || response.req.method === 'HEAD' ? null : body
  if (close && !response.req.complete) endWhenHeard(response, content)
  else if (content instanceof Buffer && bytes <= ONE_PIECE_BYTES_MAX)
    response.end(content.toString('latin1'), 'latin1')
  else response.end(content)
  return content === null ? 0 : bytes
}

/** Names and values in one row, as node:http writes them without looking; what the answer itself says comes first. */
function toFlat(
  own: Answer['headers'],
  { common, bytes }: { common: Answer['headers']; bytes: number | undefined },
): string[] {
  const flat: string[] = []
  let hasLength = bytes === undefined
  let hasOrigin = false
  for (const [name, value] of own) {
    const lower = name.toLowerCase()
    if (lower === 'content-length') hasLength = true
    else if (lower === 'access-control-allow-origin') hasOrigin = true
    flat.push(name, value)
  }
  if (!hasLength) flat.push('content-length', String(bytes))
  for (const [name, value] of common) {
    if (!(hasOrigin && name.startsWith('access-control-'))) flat.push(name, value)
  }
  return flat
}

/**
 * Closing a socket with unread bytes in it resets the connection, and a reset can overtake the answer: so the rest
 * of the body is read away, for a while.
 */
function endWhenHeard(response: ServerResponse, content: string | Uint8Array | null): void {
  const request: IncomingMessage = response.req
  const timer = setTimeout(() => response.end(), LISTEN_ON_MS)
  const end = () => {
    clearTimeout(timer)
    response.end()
  }
  request.once('end', end).once('close', end)
  if (content !== null) response.write(content)
  else response.flushHeaders()
  request.resume()
}
