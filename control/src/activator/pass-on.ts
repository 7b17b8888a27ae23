/**
 * Passes one request on over a connection that is open already, and its answer back; each byte once. What goes wrong
 * after the first byte is not tried again: nobody knows what came of it.
 */
import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answerHeaders, requestHeaders, upgradeHeaders } from './headers.ts'

type Exchange = { request: IncomingMessage; response: ServerResponse; to: Socket }

/** Settles when the answer has ended, in whatever way. @throws when there was none, and none was begun. */
export function passOn({ request, response, to }: Exchange): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const { method = 'GET', url: path = '/', rawHeaders } = request
  const headers = requestHeaders(method, rawHeaders)
  const sent = ask({ createConnection: () => to, setHost: false, method, path, headers })
  sent.on('response', (answer) => answerWith(answer, response).then(resolve))
  // With an answer begun, its own end tells. A project may answer, and hang up, before it has read all.
  sent.on('error', (error) => (response.headersSent ? resolve() : reject(error)))
  response.once('close', () => {
    sent.destroy()
    resolve()
  })
  request.on('error', () => sent.destroy())
  request.pipe(sent)
  return promise
}

/** The same for a request to change the protocol; both ends are joined when the project agrees. */
export function passOnUpgrade(
  { request, response, to }: Exchange,
  from: { socket: Duplex; head: Buffer },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const { method = 'GET', url: path = '/', rawHeaders } = request
  const sent = ask({
    createConnection: () => to,
    setHost: false,
    method,
    path,
    headers: upgradeHeaders(rawHeaders),
  })
  sent.on('upgrade', (answer, project, early) => {
    response.detachSocket(request.socket)
    from.socket.write(upgradeHead(answer))
    from.socket.write(early)
    project.write(from.head)
    join(from.socket, project)
    resolve()
  })
  sent.on('response', (answer) => answerWith(answer, response).then(resolve))
  sent.on('error', (error) => (response.headersSent ? resolve() : reject(error)))
  from.socket.once('close', () => {
    sent.destroy()
    resolve()
  })
  sent.end()
  return promise
}

function answerWith(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  response.sendDate = false
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders(answer.rawHeaders))
  // Cut off in the middle, it must not look whole.
  answer.once('error', () => response.destroy())
  response.once('close', resolve)
  answer.pipe(response)
  return promise
}

function upgradeHead({ statusCode = 101, statusMessage = '', rawHeaders }: IncomingMessage): Buffer {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Whatever ends one ends the other, and both ways: a socket that is half closed would stay for ever. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to)
    from.on('end', () => from.end())
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}
