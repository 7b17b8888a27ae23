/** Asks the edge for a name that nobody resolves, by plain HTTP or over TLS; no redirect is followed. */
import { request as plain, type RequestOptions } from 'node:http'
import { connect, constants } from 'node:http2'
import { request as secure } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { connect as connectSecure, type SecureVersion } from 'node:tls'

export type EdgeAsk = {
  port: number
  /** With a port where one is to be seen. */
  host: string
  tls?: boolean
  path?: string
  method?: string
  headers?: Record<string, string>
  body?: string
}

export type EdgeAnswer = { status: number; headers: Record<string, string>; body: Buffer }

export function askEdge({ port, host, tls, path = '/', method = 'GET', headers, body }: EdgeAsk) {
  const options: RequestOptions = {
    ...{ host: '127.0.0.1', port, path, method, agent: false, headers: { ...headers, host } },
  }
  const servername = nameOf(host)
  return new Promise<EdgeAnswer>((resolve, reject) => {
    const sent = tls ? secure({ ...options, servername, rejectUnauthorized: false }) : plain(options)
    sent.on('response', (answer) => {
      const headers = textOf(answer.headers)
      buffer(answer).then((body) => resolve({ status: answer.statusCode ?? 0, headers, body }), reject)
    })
    sent.on('error', reject).end(body)
  })
}

/** The same over HTTP/2. */
export async function askByHttp2({ port, host, path = '/', method = 'GET', headers, body }: EdgeAsk) {
  const session = connect(`https://127.0.0.1:${port}`, {
    servername: nameOf(host),
    rejectUnauthorized: false,
  })
  try {
    return await new Promise<EdgeAnswer>((resolve, reject) => {
      session.on('error', reject)
      const { HTTP2_HEADER_AUTHORITY, HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH } = constants
      const own = { [HTTP2_HEADER_AUTHORITY]: host, [HTTP2_HEADER_METHOD]: method, [HTTP2_HEADER_PATH]: path }
      const stream = session.request({ ...headers, ...own }, { endStream: body === undefined })
      stream.on('error', reject)
      stream.on('response', (answer) => {
        const headers = textOf(answer)
        buffer(stream).then((body) => resolve({ status: Number(answer[':status']), headers, body }), reject)
      })
      if (body !== undefined) stream.end(body)
    })
  } finally {
    session.close()
  }
}

const nameOf = (host: string): string => host.replace(/:\d+$/, '')

const textOf = (headers: object): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

export type Handshake = { port: number; host: string; version: SecureVersion; protocols: string[] }

/** What is agreed on by a client that speaks this version alone. */
export const shakeHands = ({ port, host, version, protocols }: Handshake) =>
  new Promise<{ protocol: string | null; alpn: string | false | null }>((resolve, reject) => {
    const socket = connectSecure({
      ...{ host: '127.0.0.1', port, servername: nameOf(host), rejectUnauthorized: false },
      ...{ minVersion: version, maxVersion: version, ALPNProtocols: protocols },
      // Or this end would not offer the old ones.
      ciphers: 'DEFAULT:@SECLEVEL=0',
    })
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      resolve({ protocol: socket.getProtocol(), alpn: socket.alpnProtocol })
      socket.destroy()
    })
  })
