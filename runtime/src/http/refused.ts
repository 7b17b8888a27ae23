/**
 * What Node's parser hands back before there is a request: a verb it does not know, CONNECT, and broken bytes. A verb
 * is told apart, in the words of the one service that is older than we are; the rest is answered as Node would.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

const METHOD = /^[A-Z]{1,32}(?= )/

const STATUSES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

export function answerRefused(server: Server): void {
  server.on('connect', ({ method = 'CONNECT' }: IncomingMessage, socket: Duplex) => {
    socket.end(methodUnsupported(method))
  })
  server.on('clientError', (error: Error & { code?: string; rawPacket?: Buffer }, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const verb = error.code === 'HPE_INVALID_METHOD' ? METHOD.exec(String(error.rawPacket)) : null
    const status = STATUSES[error.code ?? ''] ?? '400 Bad Request'
    socket.end(verb ? methodUnsupported(verb[0]) : `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
  })
}

function methodUnsupported(method: string): string {
  const message = `Unsupported HTTP method: ${method}`
  const body = JSON.stringify({ code: 'PGRST117', details: null, hint: null, message })
  const headers = [
    'HTTP/1.1 405 Method Not Allowed',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Proxy-Status: PostgREST; error=PGRST117',
    'Connection: close',
  ]
  return `${headers.join('\r\n')}\r\n\r\n${body}`
}
