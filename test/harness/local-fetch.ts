/**
 * `fetch` for names under `localhost`, which the system resolver may not know: every such name is the loopback.
 * Other hosts are refused, so that no test can reach outside this machine.
 */
import { type IncomingMessage, request } from 'node:http'
import { request as requestByTls } from 'node:https'
import { Readable } from 'node:stream'

export type LocalFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** @param certificate what is asked by TLS must show; without it plain HTTP is spoken. */
export function localFetch(port: number, certificate?: string): LocalFetch {
  return async (input, init) => {
    const asked = new Request(input, init)
    const url = new URL(asked.url)
    if (url.hostname !== '127.0.0.1' && !/(^|\.)localhost$/.test(url.hostname))
      throw new Error(`${url.hostname} is not this machine`)
    const body = asked.body ? Buffer.from(await asked.arrayBuffer()) : undefined
    const headers: Record<string, string> = { ...Object.fromEntries(asked.headers), host: url.host }
    if (body) headers['content-length'] = String(body.length)
    const answer = await send({
      port,
      tls: certificate === undefined ? undefined : { ca: certificate, servername: url.hostname },
      method: asked.method,
      path: url.pathname + url.search,
      headers,
      body,
      signal: asked.signal,
    })
    return toResponse(answer, asked.method)
  }
}

type Sent = {
  port: number
  tls: { ca: string; servername: string } | undefined
  method: string
  path: string
  headers: Record<string, string>
  body: Buffer | undefined
  signal: AbortSignal
}

function send({ body, tls, ...options }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A connection each: nginx 1.26 closes idle ones at a reload, and a request on its way on one of them is lost.
    const to = { host: '127.0.0.1', agent: false, ...options }
    const outgoing = tls ? requestByTls({ ...to, ...tls }, resolve) : request(to, resolve)
    outgoing.on('error', (error) => reject(options.signal.aborted ? options.signal.reason : error))
    outgoing.end(body)
  })
}

function toResponse(answer: IncomingMessage, method: string): Response {
  const status = answer.statusCode ?? 0
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headersDistinct))
    for (const one of value ?? []) headers.append(name, one)
  const empty = method === 'HEAD' || status === 204 || status === 304
  if (empty) answer.resume()
  const body = empty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>)
  return new Response(body, { status, statusText: answer.statusMessage ?? '', headers })
}
