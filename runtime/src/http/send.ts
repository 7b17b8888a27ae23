/** Puts an answer on the wire through node:http, once and whole. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { flatHeaders, frame } from './framing.ts'
import type { Answer } from './service.ts'

/** A caller that still sends may not read an answer before it is done: it is listened to this long. */
const LISTEN_ON_MS = 1_000

/** @returns bytes of the body. */
export function send(
  response: ServerResponse,
  answer: Answer,
  { common, close }: { common: Answer['headers']; close: boolean },
): number {
  const { content, bytes, length } = frame(answer, response.req.method ?? 'GET')
  if (close) response.shouldKeepAlive = false
  const headers = flatHeaders(answer.headers, { common, length })
  if (answer.statusText === undefined) response.writeHead(answer.status, headers)
  else response.writeHead(answer.status, answer.statusText, headers)
  if (close && !response.req.complete) endWhenHeard(response, content)
  else response.end(content)
  return bytes
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
