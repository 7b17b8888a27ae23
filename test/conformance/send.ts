/** Sends a case as it is written, byte for byte, and reads the answer whole. */
import { createHmac } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Case } from './case.ts'

export type Reply = {
  status: number
  reason: string
  headers: [name: string, value: string][]
  body: Buffer
}

export const valuesOf = ({ headers }: Reply, name: string): string[] =>
  headers.flatMap(([key, value]) => (key.toLowerCase() === name.toLowerCase() ? [value] : []))

const KEPT = /[%/:?@!$&'()*+,;=~\-._[\]A-Za-z0-9]/
const encode = (path: string): string =>
  [...path].map((char) => (KEPT.test(char) ? char : encodeURIComponent(char))).join('')

/** `{{jwt:...}}`: claims and a secret, to be signed now. */
function token(packed: string): string {
  const { claims, secret_b64 } = JSON.parse(Buffer.from(packed, 'base64url').toString()) as {
    claims: unknown
    secret_b64: string
  }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256' })}.${part(fromNow(claims))}`
  return `${signed}.${createHmac('sha256', Buffer.from(secret_b64, 'base64')).update(signed).digest('base64url')}`
}

/** `{"$now_plus": 60}` is a time, in seconds. */
function fromNow(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromNow)
  if (typeof value !== 'object' || value === null) return value
  const { $now_plus: seconds } = value as { $now_plus?: number }
  if (seconds !== undefined) return Math.floor(Date.now() / 1000) + seconds
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromNow(inner)]))
}

export async function send(base: URL, { method, path, ...rest }: Case, before: readonly Reply[]) {
  const body = rest.body_b64 == null ? Buffer.from(rest.body ?? '') : Buffer.from(rest.body_b64, 'base64')
  const headers = rest.headers.flatMap(([name, value]) => {
    const filled = value.replace(/\{\{jwt:([\w-]+)\}\}/g, (_whole, packed: string) => token(packed))
    // Bytes go out as they stand, which Node calls latin1.
    return [name, Buffer.from(filled).toString('latin1')]
  })
  if (!rest.headers.some(([name]) => name.toLowerCase() === 'host')) headers.push('Host', base.host)
  if (body.length > 0 || ['POST', 'PUT', 'PATCH'].includes(method))
    headers.push('Content-Length', String(body.length))
  const filled = path.replace(/\{\{header:(\d+):([^}]+)\}\}/g, (_whole, step: string, name: string) => {
    const earlier = before[Number(step)]
    return earlier ? (valuesOf(earlier, name)[0] ?? '') : ''
  })
  const options = {
    host: base.hostname,
    port: base.port,
    method,
    path: encode(base.pathname + filled),
    headers,
    agent: false,
  }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(options, resolve).on('error', reject).end(body)
  })
  return readReply(answer)
}

async function readReply(answer: IncomingMessage): Promise<Reply> {
  const pieces: Buffer[] = []
  for await (const piece of answer) pieces.push(piece as Buffer)
  const headers: [string, string][] = []
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    const value = Buffer.from(answer.rawHeaders[at + 1] ?? '', 'latin1').toString()
    headers.push([answer.rawHeaders[at] ?? '', value])
  }
  return {
    status: answer.statusCode ?? 0,
    reason: answer.statusMessage ?? '',
    headers,
    body: Buffer.concat(pieces),
  }
}
