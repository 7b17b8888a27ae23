/** How much of an answer goes onto the wire, and with which length it is announced. */
import type { Answer } from './service.ts'

export type Framing = {
  content: string | Uint8Array | null
  /** Bytes of the content. */
  bytes: number
  /** For `Content-Length`; undefined where there is none to give. */
  length: number | undefined
}

export function frame({ status, body }: Answer, method: string): Framing {
  const length = body === null ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  // A HEAD whose body nobody made has a length that nobody knows.
  const hasNoBody = status === 204 || status === 304 || (body === null && method === 'HEAD')
  const content = hasNoBody || method === 'HEAD' ? null : body
  return { content, bytes: content === null ? 0 : length, length: hasNoBody ? undefined : length }
}

/**
 * Names and values in one row; what the answer itself says comes first.
 * @param common headers that every answer has, whatever made it.
 */
export function flatHeaders(
  own: Answer['headers'],
  { common, length }: { common: Answer['headers']; length: number | undefined },
): string[] {
  const flat: string[] = []
  let hasLength = length === undefined
  let hasOrigin = false
  for (const [name, value] of own) {
    // The two that count are told from others by length: this is done for each header of each answer.
    if (name.length === 14 && name.toLowerCase() === 'content-length') hasLength = true
    else if (name.length === 27 && name.toLowerCase() === 'access-control-allow-origin') hasOrigin = true
    flat.push(name, value)
  }
  if (!hasLength) flat.push('content-length', String(length))
  for (const [name, value] of common) {
    if (!(hasOrigin && name.startsWith('access-control-'))) flat.push(name, value)
  }
  return flat
}
